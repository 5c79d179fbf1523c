/** Petal nodes of the spec's own process that gossip: as `petal-node` runs them, without frames. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import type { GossipMessage } from '../../core/gossip/index.ts'
import { relayDemonstration } from '../../p2p/gossip/index.ts'
import { DEFAULT_NET_LIMITS } from '../../server-node/net/limits.ts'
import { type PeerNode, startPeerNode } from '../../server-node/net/node.ts'

/** Number of the networks `local` and `replay`. */
const NETWORK = 99

export interface GossipingNode extends AsyncDisposable {
  readonly node: PeerNode
  /** What tabs dial. */
  readonly websocket: string
  /** What nodes dial. */
  readonly tcp: string
  readonly heard: GossipMessage[]
}

/** A node of that network that passes the demonstration topic on and hears `topics`. */
export async function startGossipingNode(topics: readonly Uint8Array[]): Promise<GossipingNode> {
  const node = await startPeerNode({
    networkNumber: NETWORK,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp', 'websocket'],
    limits: DEFAULT_NET_LIMITS,
  })
  relayDemonstration(node.gossip, NETWORK)
  const heard: GossipMessage[] = []
  for (const topic of topics) node.gossip.subscribe(topic, { deliver: (message) => heard.push(message) })
  const address = (wanted: (address: string) => boolean) => node.addresses().find(wanted) ?? ''
  return {
    node,
    websocket: address((one) => one.includes('/ws')),
    tcp: address((one) => one.includes('/tcp/') && !one.includes('/ws')),
    heard,
    [Symbol.asyncDispose]: () => node.stop(),
  }
}
