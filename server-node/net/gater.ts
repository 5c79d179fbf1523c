/** Who may connect (docs/protocol/50-p2p.md section 2; P2P-15): not the blacklisted, and not more than the limits say. */
import type { ConnectionGater, Libp2p, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import type { NetLimits } from './limits.ts'

export interface GaterOptions {
  readonly limits: Pick<NetLimits, 'inboundConnections' | 'outboundConnections' | 'connectionsPerPeer'>
  /** Peer ids as text. */
  readonly blacklist: ReadonlySet<string>
  /** The node, once it is made. */
  node(): Pick<Libp2p, 'getConnections'> | undefined
}

/** A gater that also pins peer ids. Addresses are not judged: a local network has private ones. */
export function gater({ limits, blacklist, node }: GaterOptions): ConnectionGater {
  const isListed = (peer: PeerId) => blacklist.has(peer.toString())
  const isFull = (peer: PeerId, { direction }: MultiaddrConnection) => {
    const connections = node()?.getConnections() ?? []
    const most = direction === 'inbound' ? limits.inboundConnections : limits.outboundConnections
    const same = connections.filter((connection) => connection.direction === direction).length
    const ofPeer = connections.filter((connection) => connection.remotePeer.equals(peer)).length
    return same >= most || ofPeer >= limits.connectionsPerPeer
  }
  return pinPeerIds({
    denyDialMultiaddr: () => false,
    denyDialPeer: isListed,
    denyInboundEncryptedConnection: isListed,
    denyOutboundEncryptedConnection: isListed,
    denyInboundUpgradedConnection: isFull,
    denyOutboundUpgradedConnection: isFull,
  })
}
