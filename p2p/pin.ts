/**
 * Refuses a peer that is not the one that was dialled. The stock stack compares keys only where the peer id contains one; a `Qm...` is a hash,
 * so without this anybody may answer for it (docs/protocol/50-p2p.md section 1; P2P-01).
 */
import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { CODE_P2P } from '@multiformats/multiaddr'

/** A gater that refuses strangers, and whatever `other` refuses. */
export function pinPeerIds(other: ConnectionGater = {}): ConnectionGater {
  return {
    ...other,
    denyOutboundEncryptedConnection: async (peer, connection) =>
      isStranger(peer, connection) || (await other.denyOutboundEncryptedConnection?.(peer, connection)) === true,
    denyInboundEncryptedConnection: async (peer, connection) =>
      isStranger(peer, connection) || (await other.denyInboundEncryptedConnection?.(peer, connection)) === true,
  }
}

/** The last id of an address is the one that is wanted; those before it are relays. */
function isStranger(peer: PeerId, { remoteAddr }: MultiaddrConnection): boolean {
  const wanted = remoteAddr.getComponents().findLast(({ code }) => code === CODE_P2P)?.value
  return wanted !== undefined && wanted !== peer.toString()
}
