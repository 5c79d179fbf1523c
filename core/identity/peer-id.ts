/** Peer ids of Ed448 identities: libp2p key type 4 (spec 10 section 4.1, spec 50 section 1; P2P-01). */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { base58Decode, base58Encode } from './base58.ts'
import type { Ed448Signer } from './engine.ts'
import { IdentityError } from './errors.ts'

export const ED448_PUBLIC_BYTES = 57
export const ED448_SEED_BYTES = 57
export const ED448_SIGNATURE_BYTES = 114
export const PEER_ID_BYTES = 34

/** Protobuf of a public key before its bytes: type 4, then 57 bytes of data. */
const RECORD_PREFIX = Uint8Array.of(0x08, 0x04, 0x12, ED448_PUBLIC_BYTES)
/** Multihash of SHA2-256 before its 32 bytes. */
const MULTIHASH_PREFIX = Uint8Array.of(0x12, 0x20)
/** Longest text that can spell a peer id: 34 bytes make 46 or 47 characters. */
const LONGEST_TEXT = 47

/** The 61-byte public key record. Throws `IdentityError` `length`. */
export function publicKeyRecord(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== ED448_PUBLIC_BYTES)
    throw new IdentityError('length', `Ed448 public key of ${publicKey.length} bytes, ${ED448_PUBLIC_BYTES} wanted`)
  return concatBytes(RECORD_PREFIX, publicKey)
}

/** The key of a record; null for other key types and for any other encoding than the canonical one. */
export function publicKeyOfRecord(record: Uint8Array): Uint8Array | null {
  if (record.length !== RECORD_PREFIX.length + ED448_PUBLIC_BYTES) return null
  return startsWith(record, RECORD_PREFIX) ? record.slice(RECORD_PREFIX.length) : null
}

/** The 34-byte peer id of an Ed448 public key. Throws `IdentityError` `length`. */
export function peerIdOf(publicKey: Uint8Array): Uint8Array {
  return concatBytes(MULTIHASH_PREFIX, sha256(publicKeyRecord(publicKey)))
}

/** `Qm...` of a 34-byte peer id. Throws `IdentityError` `length`. */
export function peerIdText(peerId: Uint8Array): string {
  if (peerId.length !== PEER_ID_BYTES)
    throw new IdentityError('length', `peer id of ${peerId.length} bytes, ${PEER_ID_BYTES} wanted`)
  return base58Encode(peerId)
}

/** Bytes of a `Qm...` text. Throws `IdentityError` `decode` for anything else, ids of other hashes included. */
export function peerIdFromText(text: string): Uint8Array {
  const bytes = text.length <= LONGEST_TEXT ? base58Decode(text) : null
  if (bytes === null || bytes.length !== PEER_ID_BYTES || !startsWith(bytes, MULTIHASH_PREFIX))
    throw new IdentityError('decode', 'not the peer id of an Ed448 key: Qm and 44 characters of base58 wanted')
  return bytes
}

/** The Ed448 identity of a node. `seed` is secret. */
export interface Identity {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly peerId: Uint8Array
}

/** The identity of a 57-byte seed. Throws `IdentityError` `length`. */
export function identityOfSeed(seed: Uint8Array, engine: Ed448Signer): Identity {
  if (seed.length !== ED448_SEED_BYTES)
    throw new IdentityError('length', `Ed448 seed of ${seed.length} bytes, ${ED448_SEED_BYTES} wanted`)
  const publicKey = Uint8Array.from(engine.ed448PublicKey(seed))
  return { seed: seed.slice(), publicKey, peerId: peerIdOf(publicKey) }
}

/**
 * Reads the bytes of `p2p.peerPrivKey`: the seed, the seed and its public key, or these and a second copy of the public key (written
 * by an older node). Throws `IdentityError`: `length`, and `mismatch` when a stored public key is not that of the seed.
 */
export function identityFromConfig(bytes: Uint8Array, engine: Ed448Signer): Identity {
  const copies = bytes.length / ED448_PUBLIC_BYTES - 1
  if (![0, 1, 2].includes(copies))
    throw new IdentityError('length', `p2p.peerPrivKey has ${bytes.length} bytes, 57 or 114 wanted`)
  const identity = identityOfSeed(bytes.subarray(0, ED448_SEED_BYTES), engine)
  for (let at = ED448_SEED_BYTES; at < bytes.length; at += ED448_PUBLIC_BYTES)
    if (!sameBytes(bytes.subarray(at, at + ED448_PUBLIC_BYTES), identity.publicKey))
      throw new IdentityError('mismatch', 'p2p.peerPrivKey: the public half does not belong to the seed')
  return identity
}

/** The bytes to store as `p2p.peerPrivKey`: seed and public key (114). */
export function identityToConfig(identity: Identity): Uint8Array {
  return concatBytes(identity.seed, identity.publicKey)
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte)
}
