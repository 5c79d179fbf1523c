/** Who signs gossip, and whose signatures hold (docs/protocol/50-p2p.md sections 1 and 5). */
import {
  type Ed448Claim,
  ed448KeyOfRecord,
  publicKeyFromProtobuf,
  publicKeyToProtobuf,
  verifyEd448Claims,
} from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdOfKey } from '@petal/core/gossip/message.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'

/** The identity that own messages are from. */
export interface GossipIdentity {
  readonly peerId: Uint8Array
  /** Public key record. */
  readonly key: Uint8Array
  sign(payload: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A signature over `payload` that the key of this record is said to have made. */
export interface SignatureClaim {
  readonly key: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** Which signatures hold, in order: of each, now or later. Never throws, and no promise is rejected. */
export type SignatureVerifier = (claims: readonly SignatureClaim[]) => readonly (boolean | Promise<boolean>)[]

/** The identity of a host key: Ed448, or a kind that libp2p knows itself. */
export function hostIdentity(privateKey: PrivateKey): GossipIdentity {
  const key = publicKeyToProtobuf(privateKey.publicKey)
  return { key, peerId: peerIdOfKey(key), sign: (payload) => privateKey.sign(payload) }
}

/** Verifies signatures of host keys of all kinds, those of Ed448 keys together. */
export const verifySignatures: SignatureVerifier = (claims) => {
  const ed448: Ed448Claim[] = []
  const verdicts = claims.map(({ key, payload, signature }) => {
    const publicKey = ed448KeyOfRecord(key)
    if (publicKey === undefined) return verifyStock(key, payload, signature)
    return ed448.push({ publicKey, message: payload, signature }) - 1
  })
  const together = verifyEd448Claims(ed448)
  return verdicts.map((verdict) => (typeof verdict === 'number' ? (together[verdict] ?? false) : verdict))
}

/** Whether one signature holds. */
export const verifySignature = (
  key: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
): boolean | Promise<boolean> => verifySignatures([{ key, payload, signature }])[0] ?? false

function verifyStock(key: Uint8Array, payload: Uint8Array, signature: Uint8Array): boolean | Promise<boolean> {
  try {
    const publicKey = publicKeyFromProtobuf(key)
    // A key of several encodings has its peer id from one of them.
    if (!sameBytes(publicKeyToProtobuf(publicKey), key)) return false
    const verdict = publicKey.verify(payload, signature)
    return typeof verdict === 'boolean' ? verdict : verdict.catch(() => false)
  } catch {
    return false
  }
}
