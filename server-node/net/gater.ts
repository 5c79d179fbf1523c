/** Who may connect (docs/protocol/50-p2p.md section 2; P2P-15): not the blacklisted, and not more than the limits say. */
import type { ConnectionGater, Libp2p, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { WebRTCDirect } from '@multiformats/multiaddr-matcher'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import type { NetLimits } from './limits.ts'

export interface GaterOptions {
  readonly limits: Pick<NetLimits, 'inboundConnections' | 'outboundConnections' | 'connectionsPerPeer'>
  /** Peer ids as text. */
  readonly blacklist: ReadonlySet<string>
  /** The node, once it is made. */
  node(): Pick<Libp2p, 'getConnections'> | undefined
}

/**
 * A gater that also pins peer ids. Private addresses are dialled, since a local network has no others. WebRTC is for tabs: nodes have better
 * ways to each other, and its native library ends the process when a node stops in the middle of a dial.
 */
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
    denyDialMultiaddr: (address) => WebRTCDirect.matches(address),
    denyDialPeer: isListed,
    denyInboundEncryptedConnection: isListed,
    denyOutboundEncryptedConnection: isListed,
    denyInboundUpgradedConnection: isFull,
    denyOutboundUpgradedConnection: isFull,
  })
}
