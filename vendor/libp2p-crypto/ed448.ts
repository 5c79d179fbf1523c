/**
 * Ed448 host keys of libp2p: key type 4, a private extension of the network (docs/protocol/50-p2p.md section 1). The peer id is the SHA2-256
 * of the key record, so it does not contain the key.
 */

import type { AbortOptions, PrivateKey, PublicKey } from '@libp2p/interface'
import { sha256 } from '@noble/hashes/sha2.js'
import type { MultihashDigest } from 'multiformats'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { platformEd448 } from '#ed448'
import type { Ed448Provider, Ed448Signer } from './provider.ts'

const KEY_BYTES = 57
const Y_BYTES = 56
const SIGNATURE_BYTES = 114
/** First bytes of a key record: type 4, then the data and its length. */
const RECORD_HEAD = [0x08, 0x04, 0x12] as const
const SHA2_256 = 0x12
const LIBP2P_KEY_CODEC = 0x72

/** Not `instanceof`: bundlers in development keep two copies of this module. */
const BRAND = Symbol.for('petal:ed448-host-key')

let provider: Ed448Provider = platformEd448

/** From now on all Ed448 of host keys is done by this. */
export function useEd448(other: Ed448Provider): void {
  provider = other
}

/** A signature of 114 bytes that a key of 57 bytes is said to have made. */
export interface Ed448Claim {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Which of them hold, in order. Never throws for what a peer sent. */
export function verifyEd448Claims(claims: readonly Ed448Claim[]): boolean[] {
  const { verifyBatch } = provider
  const one = ({ publicKey, message, signature }: Ed448Claim) =>
    new Ed448PublicKey(publicKey).verify(message, signature)
  if (verifyBatch === undefined) return claims.map(one)
  const verdicts = verifyBatch(
    claims.map(({ publicKey }) => publicKey),
    claims.map(({ message }) => message),
    claims.map(({ signature }) => signature),
  )
  return claims.map((_, at) => verdicts[at] === 1)
}

/** `Uint8Array` or a list of them, as libp2p hands messages over. */
interface Message {
  subarray(): Uint8Array
}

/** `type` is 'RSA': libp2p's word for "the peer id is a hash of the key record, so the key is kept beside it". */
export class Ed448PublicKey {
  readonly type = 'RSA' as const
  readonly curve = 'Ed448' as const
  readonly [BRAND] = true
  /** 57 bytes. */
  readonly raw: Uint8Array
  #digest: MultihashDigest<typeof SHA2_256> | undefined

  /** Throws `RangeError` for another length. */
  constructor(raw: Uint8Array) {
    if (raw.length !== KEY_BYTES) throw new RangeError(`an Ed448 public key of ${raw.length} bytes`)
    this.raw = raw.slice()
  }

  get jwk(): never {
    throw new TypeError('an Ed448 host key has no JWK')
  }

  toMultihash(): MultihashDigest<typeof SHA2_256> {
    this.#digest ??= createDigest(SHA2_256, sha256(recordOf(this.raw)))
    return this.#digest
  }

  toCID(): CID<unknown, typeof LIBP2P_KEY_CODEC, typeof SHA2_256, 1> {
    return CID.createV1(LIBP2P_KEY_CODEC, this.toMultihash())
  }

  /** Peer id as text, `Qm...`. */
  toString(): string {
    return base58btc.encode(this.toMultihash().bytes).slice(1)
  }

  equals(other?: unknown): boolean {
    return isEd448(other) && sameBytes(this.raw, other.raw)
  }

  /** Never throws for what a peer sent. */
  verify(message: Message, signature: Uint8Array, options?: AbortOptions): boolean {
    options?.signal?.throwIfAborted()
    if (signature.length !== SIGNATURE_BYTES) return false
    try {
      return provider.verify(this.raw, message.subarray(), signature)
    } catch {
      return false
    }
  }
}

export class Ed448PrivateKey {
  readonly type = 'RSA' as const
  readonly curve = 'Ed448' as const
  readonly [BRAND] = true
  /** Seed, 57 bytes. Secret. */
  readonly raw: Uint8Array
  readonly publicKey: Ed448PublicKey
  /** Made with the first signature: a host key makes many. */
  #signer: Ed448Signer | undefined

  /** `seed`, or `seed || public key`. Throws `RangeError` for another length or halves that disagree. */
  constructor(data: Uint8Array) {
    if (data.length !== KEY_BYTES && data.length !== 2 * KEY_BYTES)
      throw new RangeError(`an Ed448 private key of ${data.length} bytes`)
    this.raw = data.slice(0, KEY_BYTES)
    this.publicKey = new Ed448PublicKey(provider.publicKey(this.raw))
    const half = data.subarray(KEY_BYTES)
    if (half.length > 0 && !sameBytes(half, this.publicKey.raw))
      throw new RangeError('an Ed448 private key whose halves disagree')
  }

  get jwk(): never {
    throw new TypeError('an Ed448 host key has no JWK')
  }

  equals(other?: unknown): boolean {
    return isEd448(other) && sameBytes(this.raw, other.raw)
  }

  sign(message: Message, options?: AbortOptions): Uint8Array {
    options?.signal?.throwIfAborted()
    this.#signer ??= provider.signer?.(this.raw)
    return this.#signer?.sign(message.subarray()) ?? provider.sign(this.raw, message.subarray())
  }

  /** Zeroes the secret; the key is of no more use. */
  wipe(): void {
    this.raw.fill(0)
    this.#signer?.wipe()
    this.#signer = { sign: refuseWiped, wipe: () => {} }
  }
}

function refuseWiped(): never {
  throw new TypeError('this key was wiped')
}

/** Zeroes the secret of a host key; of another kind of key only what it lets one reach. */
export function wipePrivateKey(key: PrivateKey): void {
  if (isEd448(key) && 'wipe' in key) key.wipe()
  else key.raw.fill(0)
}

/** `peerId.type` and `key.type` do not tell: both say 'RSA'. */
export function isEd448(key: unknown): key is Ed448PublicKey | Ed448PrivateKey {
  return typeof key === 'object' && key !== null && BRAND in key
}

export async function generateEd448KeyPair(): Promise<PrivateKey> {
  return asPrivateKey(new Ed448PrivateKey(crypto.getRandomValues(new Uint8Array(KEY_BYTES))))
}

/** Key record: protobuf with type 4 and the data. */
export function recordOf(data: Uint8Array): Uint8Array {
  return Uint8Array.of(...RECORD_HEAD, data.length, ...data)
}

/** undefined for a record of another type or form, since only the canonical bytes are an Ed448 key, and for a key of order 4. */
export function publicKeyOfRecord(record: Uint8Array): PublicKey | undefined {
  const data = ed448KeyOfRecord(record)
  return data === undefined || isOfOrderFour(data) ? undefined : asPublicKey(new Ed448PublicKey(data))
}

/**
 * y = 0, whatever the sign of x in the last byte: everybody can make a signature that holds for every message (docs/protocol/
 * 10-crypto-primitives.md section 4), so this is nobody's host key. Keys of order 1 and 2 verify nothing.
 */
const isOfOrderFour = (data: Uint8Array): boolean => data.subarray(0, Y_BYTES).every((byte) => byte === 0)

/**
 * The 57 bytes in an Ed448 key record; undefined for a record of another type or form. All keys: which signatures of gossip hold, the equation
 * decides on every node alike.
 */
export const ed448KeyOfRecord = (record: Uint8Array): Uint8Array | undefined => dataOf(record, [KEY_BYTES])

/** As `publicKeyOfRecord`. */
export function privateKeyOfRecord(record: Uint8Array): PrivateKey | undefined {
  const data = dataOf(record, [KEY_BYTES, 2 * KEY_BYTES])
  return data && asPrivateKey(new Ed448PrivateKey(data))
}

/** libp2p's types are a closed list; at run time it asks for what these classes have. */
export const asPublicKey = (key: Ed448PublicKey): PublicKey => key as unknown as PublicKey
export const asPrivateKey = (key: Ed448PrivateKey): PrivateKey => key as unknown as PrivateKey

function dataOf(record: Uint8Array, lengths: readonly number[]): Uint8Array | undefined {
  const length = record[RECORD_HEAD.length] ?? 0
  const head = RECORD_HEAD.every((byte, index) => record[index] === byte)
  const fits = head && lengths.includes(length) && record.length === RECORD_HEAD.length + 1 + length
  return fits ? record.subarray(RECORD_HEAD.length + 1) : undefined
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}
