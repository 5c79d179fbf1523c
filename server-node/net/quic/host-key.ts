/**
 * Host keys in TLS certificates (libp2p TLS 1.0.0; docs/protocol/50-p2p.md section 2): ours, and the check of a peer's. TLS itself proves
 * that a peer owns its certificate's key; here the host key proves that it signed for that key. Any type of key that libp2p knows will do.
 */
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidCryptoExchangeError, type PeerId, type PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { QuicAddon, QuicHostKey, QuicIdentity } from './addon.ts'

/** A certificate with a key of this process only, signed by the host key. */
export async function signIdentity(addon: Pick<QuicAddon, 'QuicDraft'>, hostKey: PrivateKey): Promise<QuicIdentity> {
  const draft = new addon.QuicDraft()
  return draft.sign(publicKeyToProtobuf(hostKey.publicKey), await hostKey.sign(draft.message))
}

/** The peer that a certificate names. Throws `InvalidCryptoExchangeError` where the host key did not sign. */
export async function verifiedPeer(claimed: QuicHostKey | null, signal: AbortSignal): Promise<PeerId> {
  if (claimed === null) throw new InvalidCryptoExchangeError('the peer named no host key')
  let isSigned: boolean
  let peer: PeerId
  try {
    const key = publicKeyFromProtobuf(claimed.publicKey)
    peer = peerIdFromPublicKey(key)
    isSigned = await key.verify(claimed.message, claimed.signature, { signal })
  } catch (cause) {
    signal.throwIfAborted()
    throw new InvalidCryptoExchangeError(`the host key of the peer cannot be used: ${String(cause)}`)
  }
  if (!isSigned) throw new InvalidCryptoExchangeError('the host key of the peer did not sign its certificate')
  return peer
}
