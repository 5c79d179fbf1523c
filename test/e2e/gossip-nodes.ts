/** Petal nodes of the spec's own process that gossip: as `petal-node` runs them, without frames. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { decodeMessage, type GossipMessage } from '../../core/gossip/index.ts'
import { signedPart } from '../../core/gossip/message.ts'
import { relayDemonstration, verifySignature } from '../../p2p/gossip/index.ts'
import { loadAddon } from '../../server-node/crypto/addon.ts'
import { DEFAULT_NET_LIMITS } from '../../server-node/net/limits.ts'
import { type PeerNode, startPeerNode } from '../../server-node/net/node.ts'
import { Certificates } from '../../server-node/net/webtransport/certificates.ts'

/** Number of the networks `local` and `replay`. */
const NETWORK = 99

export interface GossipingNode extends AsyncDisposable {
  readonly node: PeerNode
  /** What tabs dial. */
  readonly websocket: string
  /** The same, with the hashes of its certificates. */
  readonly webtransport: string
  /** What nodes dial. */
  readonly tcp: string
  readonly heard: GossipMessage[]
}

/** A node of that network that passes the demonstration topic on and hears `topics`. */
export async function startGossipingNode(topics: readonly Uint8Array[]): Promise<GossipingNode> {
  const addon = loadAddon()
  const node = await startPeerNode({
    networkNumber: NETWORK,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp', 'websocket', 'webtransport'],
    limits: DEFAULT_NET_LIMITS,
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
  })
  relayDemonstration(node.gossip, NETWORK)
  const heard: GossipMessage[] = []
  for (const topic of topics) node.gossip.subscribe(topic, { deliver: (message) => heard.push(message) })
  const address = (wanted: (address: string) => boolean) => node.addresses().find(wanted) ?? ''
  return {
    node,
    websocket: address((one) => one.includes('/ws')),
    webtransport: address((one) => one.includes('/webtransport')),
    tcp: address((one) => one.includes('/tcp/') && !one.includes('/ws')),
    heard,
    [Symbol.asyncDispose]: () => node.stop(),
  }
}

/** Whether the bytes of a message, as they came, carry the signature of the key in it. */
export const isSignedByAuthor = async ({ bytes, key, signature }: GossipMessage): Promise<boolean> =>
  await verifySignature(key, signedPart(decodeMessage(bytes)), signature)

/** The message with that text, when it was heard. Others may be there: nodes and tabs offer what they heard shortly before. */
export const heardText = ({ heard }: GossipingNode, text: string): GossipMessage | undefined =>
  heard.find(({ data }) => new TextDecoder().decode(data) === text)
