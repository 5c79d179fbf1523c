/** Nodes that gossip with tabs, for tests: real libp2p over WebSocket on loopback, Ed448 host keys. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { GossipMessage } from '@petal/core/gossip/index.ts'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { createLibp2p } from 'libp2p'

export interface GossipNode {
  readonly node: Libp2p
  readonly gossip: GossipService
  /** Multiaddr with the peer id. */
  readonly address: string
  /** What it heard on its topics. */
  readonly heard: GossipMessage[]
  stop(): Promise<void>
}

/** `network`: number in the name of the protocol. */
export async function startGossipNode(topics: readonly Uint8Array[], network = 99): Promise<GossipNode> {
  const privateKey = await generateEd448KeyPair()
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  const gossip = new GossipService({ network, identity: hostIdentity(privateKey) })
  await gossip.start(node)
  const heard: GossipMessage[] = []
  for (const topic of topics) gossip.subscribe(topic, { deliver: (message) => heard.push(message) })
  const stop = async (): Promise<void> => {
    await gossip.stop()
    await node.stop()
  }
  return { node, gossip, address: String(node.getMultiaddrs()[0]), heard, stop }
}
