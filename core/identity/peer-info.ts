/** PeerInfo: where a peer listens and what it can do, signed by its identity (spec 51 section 2; RPC-04, RPC-05). */
import { sha256 } from '@noble/hashes/sha2.js'
import { CodecError, type MessageValue, node } from '../codec/index.ts'
import { validate } from '../codec/validation.ts'
import { sameBytes } from '../platform/bytes.ts'
import type { Ed448Signer, Ed448Verifier } from './engine.ts'
import { ED448_PUBLIC_BYTES, ED448_SIGNATURE_BYTES, type Identity, peerIdOf } from './peer-id.ts'
import { type Refusal, refuse } from './verdict.ts'

export type PeerInfo = MessageValue<typeof node.PeerInfo>

/** What a peer says about itself, before it is signed. `timestamp`: Unix milliseconds. */
export type PeerInfoContent = Omit<PeerInfo, 'peer_id' | 'public_key' | 'signature'>

/** Protocol identifiers of capabilities; the low byte is a version. */
export const CAPABILITIES = {
  compute: 0x00010001,
  kzgVerify: 0x00010101,
  bulletproofRange: 0x00010201,
  bulletproofSum: 0x00010301,
  secp256k1: 0x00010401,
  ed25519: 0x00010501,
  ed448: 0x00010601,
  decaf448: 0x00010701,
  secp256r1: 0x00010801,
  global: 0x00020001,
  hypergraph: 0x00030001,
  token: 0x00040001,
  archive: 0x00050001,
} as const

const NOTHING = new Uint8Array()

/** The signed bytes: the values encoded anew with an empty signature, so that surplus bytes of what was received are not part of them. */
export const peerInfoSigningBytes = (info: PeerInfo): Uint8Array =>
  node.PeerInfo.encode({ ...info, signature: NOTHING })

/** Signs the content for an identity. Throws `CodecError` when the content has no encoding. */
export function signPeerInfo(content: PeerInfoContent, identity: Identity, engine: Ed448Signer): PeerInfo {
  // Alone, the head frame would be read as the received frame (spec 40 section 3.2): then neither is announced.
  const tail = content.last_received_frame === 0n ? { last_global_head_frame: 0n } : {}
  const { peerId, publicKey } = identity
  const unsigned = { ...content, ...tail, peer_id: peerId, public_key: publicKey, signature: NOTHING }
  return { ...unsigned, signature: engine.ed448Sign(identity.seed, peerInfoSigningBytes(unsigned)) }
}

export type PeerInfoRefusal =
  | 'encoding' // not the canonical bytes of a PeerInfo
  | 'length' // key or signature of another length
  | 'peer id' // the id is not that of the key (hazard RPC-H5)
  | 'signature'

export type PeerInfoVerdict = { readonly valid: true; readonly info: PeerInfo } | Refusal<PeerInfoRefusal>

/** Decodes and verifies received bytes: lengths, peer id, signature. Time and structure are separate rules. Never throws on any bytes. */
export function readPeerInfo(bytes: Uint8Array, engine: Ed448Verifier): PeerInfoVerdict {
  try {
    return verifyPeerInfo(node.PeerInfo.decode(bytes), engine)
  } catch (error) {
    if (error instanceof CodecError) return refuse('encoding', error.message)
    throw error
  }
}

/** The same for a decoded record. */
export function verifyPeerInfo(info: PeerInfo, engine: Ed448Verifier): PeerInfoVerdict {
  if (info.public_key.length !== ED448_PUBLIC_BYTES || info.signature.length !== ED448_SIGNATURE_BYTES)
    return refuse('length', `key of ${info.public_key.length} bytes, signature of ${info.signature.length}`)
  if (!sameBytes(info.peer_id, peerIdOf(info.public_key)))
    return refuse('peer id', 'the peer id does not belong to the public key')
  return peerInfoIsSigned(info, engine) ? { valid: true, info } : refuse('signature', 'the signature does not verify')
}

/** The signature alone, whatever peer id the record claims. */
export const peerInfoIsSigned = (info: PeerInfo, engine: Ed448Verifier): boolean =>
  engine.ed448Verify(info.public_key, peerInfoSigningBytes(info), info.signature)

/** What is structurally wrong with a record (spec 40 section 4), or null. `isMultiaddr`: whether a text parses as an address. */
export const peerInfoFault = (info: PeerInfo, isMultiaddr: (text: string) => boolean): string | null =>
  validate('PeerInfo', info, { verifyEd448: () => false, isMultiaddr })

/** How old a record may be, and how far ahead, in milliseconds (spec 51 section 2; hazard P2P-H10). */
const FRESH = 1_000n
const FUTURE = 5_000n

/**
 * Whether a record is used and forwarded by the local clock `nowMillis`. One that is not, however old or far ahead, counts against nobody: the
 * wrong clock may be the local one, and by it every peer would be at fault.
 */
export function peerInfoIsTimely(info: PeerInfo, nowMillis: bigint): boolean {
  const age = nowMillis - info.timestamp
  return age <= FRESH && age >= -FUTURE
}

export const hasCapability = (info: PeerInfo, protocolIdentifier: number): boolean =>
  info.capabilities.some((capability) => capability.protocol_identifier === protocolIdentifier)

/** SHA2-256 of the record with timestamp 0: two records with one digest say the same. */
export const peerInfoDigest = (info: PeerInfo): Uint8Array =>
  sha256(node.PeerInfo.encode({ ...info, timestamp: 0n, signature: NOTHING }))
