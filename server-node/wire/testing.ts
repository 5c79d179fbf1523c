/** A libp2p peer that gossips, for tests of whole nodes. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { createLibp2p } from 'libp2p'

export interface JoinedPeer {
  readonly gossip: GossipService
  stop(): Promise<void>
}

/** Dials a node and subscribes to a topic. */
export async function joinedPeer(address: string, topic: Uint8Array): Promise<JoinedPeer> {
  const privateKey = await generateEd448KeyPair()
  const node = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
  })
  const gossip = new GossipService({ network: 99, identity: hostIdentity(privateKey) })
  await gossip.start(node)
  gossip.subscribe(topic, { deliver: () => undefined })
  await node.dial(multiaddr(address))
  return {
    gossip,
    stop: async () => {
      await gossip.stop()
      await node.stop()
    },
  }
}
