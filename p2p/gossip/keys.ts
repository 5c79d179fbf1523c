/** Who signs gossip, and whose signatures hold (docs/protocol/50-p2p.md sections 1 and 5). */
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
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

/** Whether `signature` over `payload` is of the key of this record. Never throws. */
export type SignatureVerifier = (
  key: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

/** The identity of a host key: Ed448, or a kind that libp2p knows itself. */
export function hostIdentity(privateKey: PrivateKey): GossipIdentity {
  const key = publicKeyToProtobuf(privateKey.publicKey)
  return { key, peerId: peerIdOfKey(key), sign: (payload) => privateKey.sign(payload) }
}

/** Verifies signatures of host keys of all kinds. */
export const verifySignature: SignatureVerifier = (key, payload, signature) => {
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
