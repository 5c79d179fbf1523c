/** Who may connect (docs/protocol/50-p2p.md section 2; P2P-15): not the blacklisted, and not more than the limits say. */
import type { ConnectionGater, Libp2p, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import type { NetLimits } from './limits.ts'
import { PendingPlaces } from './pending.ts'

export interface GaterOptions {
  readonly limits: Pick<
    NetLimits,
    'inboundConnections' | 'outboundConnections' | 'connectionsPerPeer' | 'pendingConnections'
  >
  /** Peer ids as text. */
  readonly blacklist: ReadonlySet<string>
  /** The node, once it is made. */
  node(): Pick<Libp2p, 'getConnections'> | undefined
}

/** A gater that also pins peer ids. Addresses are not judged: a local network has private ones. */
export function gater({ limits, blacklist, node }: GaterOptions): ConnectionGater {
  const handshakes = new TcpHandshakes(limits.pendingConnections)
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
    denyInboundConnection: (connection) => !handshakes.begin(connection),
    denyInboundUpgradedConnection: (peer, connection) => {
      handshakes.end(connection)
      return isFull(peer, connection)
    },
    denyOutboundUpgradedConnection: isFull,
  })
}

/**
 * Connections over TCP and WebSocket that have not proved who they are. libp2p bounds them in all; here one address leaves half of the
 * places to others. What comes by UDP is counted where it comes in.
 */
class TcpHandshakes {
  readonly #places: PendingPlaces
  readonly #running = new WeakMap<MultiaddrConnection, () => void>()

  constructor(most: number) {
    this.#places = new PendingPlaces(most)
  }

  /** False when there is no place. */
  begin(connection: MultiaddrConnection): boolean {
    const host = tcpHost(connection)
    if (host === undefined) return true
    const leave = this.#places.take(host)
    if (leave === undefined) return false
    this.#running.set(connection, leave)
    connection.addEventListener('close', () => this.end(connection), { once: true })
    return true
  }

  end(connection: MultiaddrConnection): void {
    this.#running.get(connection)?.()
    this.#running.delete(connection)
  }
}

/** Undefined for what does not come by TCP. */
function tcpHost({ remoteAddr }: MultiaddrConnection): string | undefined {
  const components = remoteAddr.getComponents()
  return components.some(({ name }) => name === 'tcp') ? components[0]?.value : undefined
}
