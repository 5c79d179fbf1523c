/** A node that gossips as a test wishes: it sends what it is told to, byte for byte. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { encodeRpc, type MessageFields, messageOf, signingPayload } from '@petal/core/gossip/index.ts'
import { drained } from '@petal/p2p/drained.ts'
import { type GossipIdentity, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { createLibp2p } from 'libp2p'

const PROTOCOL = '/blossomsub/2.1.0-network-99'
const SEND_MILLIS = 10_000

export interface HostileNode {
  readonly address: string
  /** Whether a tab opened its stream. */
  reached(): boolean
  /** Whether the tab reset the stream that is sent on. */
  refused(): boolean
  /** Messages in one RPC, or raw bytes, to the tab. */
  send(what: readonly MessageFields[] | Uint8Array): Promise<void>
  stop(): Promise<void>
}

export async function startHostileNode(): Promise<HostileNode> {
  const node = await createLibp2p({
    privateKey: await generateEd448KeyPair(),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
  })
  let out: Promise<Stream> | null = null
  let refused = false
  await node.handle(PROTOCOL, (inbound, connection) => {
    inbound.addEventListener('message', () => {})
    out ??= connection.newStream(PROTOCOL).then((stream) => {
      stream.addEventListener('close', ({ error }) => {
        refused = error?.name === 'StreamResetError'
      })
      return stream
    })
  })
  return {
    address: String(node.getMultiaddrs()[0]),
    reached: () => out !== null,
    refused: () => refused,
    async send(what) {
      const stream = await out
      if (stream === null) throw new Error('nobody is connected')
      const bytes =
        what instanceof Uint8Array ? what : encodeRpc({ messages: what.map((message) => messageOf(message).bytes) })
      if (!stream.send(bytes)) await drained(stream, AbortSignal.timeout(SEND_MILLIS))
    },
    stop: async () => await node.stop(),
  }
}

let seqno = 1n

/** A message of a fresh author, signed; `change` makes it wrong. */
export async function signedMessage(
  bitmask: Uint8Array,
  data: Uint8Array,
  author: GossipIdentity,
  change: (message: MessageFields) => MessageFields = (message) => message,
): Promise<MessageFields> {
  const counter = new Uint8Array(8)
  new DataView(counter.buffer).setBigUint64(0, seqno++)
  const fields = { from: author.peerId, data, seqno: counter, bitmask }
  const signature = await author.sign(signingPayload(fields))
  return change({ ...fields, signature, key: author.key })
}

export const newAuthor = async (): Promise<GossipIdentity> => hostIdentity(await generateEd448KeyPair())
