/** Who signs gossip, and whose signatures hold (docs/protocol/50-p2p.md sections 1 and 5). */
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdOfKey } from '@petal/core/gossip/message.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'

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

type Ed448 = Pick<FullEngine, 'ed448PublicKey' | 'ed448Sign' | 'ed448Verify'>

/** Key record of type 4: its first bytes, before the 57 of the key. */
const ED448_RECORD = Uint8Array.of(0x08, 0x04, 0x12, 0x39)
const ED448_BYTES = 57

/** The network's own kind of identity. `seed`: 57 bytes, kept by the engine call alone. */
export function ed448Identity(engine: Ed448, seed: Uint8Array): GossipIdentity {
  const key = Uint8Array.from([...ED448_RECORD, ...engine.ed448PublicKey(seed)])
  return { key, peerId: peerIdOfKey(key), sign: (payload) => engine.ed448Sign(seed, payload) }
}

/** An identity of a kind that libp2p knows itself. */
export function libp2pIdentity(privateKey: PrivateKey): GossipIdentity {
  const key = publicKeyToProtobuf(privateKey.publicKey)
  return { key, peerId: peerIdOfKey(key), sign: (payload) => privateKey.sign(payload) }
}

/** Verifies signatures of the network's keys and of those that libp2p knows. */
export function signatureVerifier(engine: Pick<Ed448, 'ed448Verify'>): SignatureVerifier {
  return (key, payload, signature) => {
    try {
      const raw = ed448Key(key)
      if (raw !== undefined) return engine.ed448Verify(raw, payload, signature)
      const verdict = publicKeyFromProtobuf(key).verify(payload, signature)
      return typeof verdict === 'boolean' ? verdict : verdict.catch(() => false)
    } catch {
      return false
    }
  }
}

function ed448Key(record: Uint8Array): Uint8Array | undefined {
  const fits = record.length === ED448_RECORD.length + ED448_BYTES
  return fits && ED448_RECORD.every((byte, i) => record[i] === byte) ? record.subarray(ED448_RECORD.length) : undefined
}
