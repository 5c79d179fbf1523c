/** Which connections make room for others. */
import type { Connection, Libp2p } from '@libp2p/interface'
import type { GossipService } from '@petal/p2p/gossip/index.ts'
import type { LightService } from './light-service.ts'
import type { NetLimits } from './limits.ts'

const CLOSE_MILLIS = 2_000
/** Every connection has streams of these now and then, and nobody needs it for them. */
const UPKEEP: ReadonlySet<string> = new Set(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0'])

/**
 * Closes connections that nobody talks over. Those of peers that gossip stay, and those with an open stream of the light protocol, of Kademlia
 * or another: each protocol ends the streams that it hears nothing on.
 */
export function closeIdle(
  node: Pick<Libp2p, 'getConnections'>,
  service: LightService | undefined,
  gossip: Pick<GossipService, 'peers'>,
  { idleConnectionMillis }: Pick<NetLimits, 'idleConnectionMillis'>,
): void {
  const now = Date.now()
  const gossiping = new Set(gossip.peers)
  for (const connection of node.getConnections()) {
    if (gossiping.has(connection.remotePeer.toString()) || isUsed(connection)) continue
    const lastUse = service?.lastUse(connection.id) ?? connection.timeline.open
    if ((service?.conversations(connection.id) ?? 0) > 0 || now - lastUse < idleConnectionMillis) continue
    connection.close({ signal: AbortSignal.timeout(CLOSE_MILLIS) }).catch((error) => connection.abort(error))
  }
}

/** A stream without a protocol is one that is still negotiated. */
const isUsed = ({ streams }: Connection): boolean =>
  streams.some(({ protocol }) => protocol !== '' && !UPKEEP.has(protocol))
