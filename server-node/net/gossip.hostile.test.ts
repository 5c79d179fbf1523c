/**
 * Gossip of peers that mean no good, over real connections with a whole node: floods of subscriptions, messages that are forged, unsigned
 * or replayed. The router is the same over every transport, so TCP stands for all. After each an honest peer is heard and hears.
 */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { encodeMessage, type MessageFields, seqnoBytes, signingPayload } from '@petal/core/gossip/message.ts'
import { encodeRpc, type SubscriptionChange } from '@petal/core/gossip/rpc.ts'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { drained } from '@petal/p2p/drained.ts'
import { type GossipIdentity, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { heapInUse } from './heap.testing.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'

const TOPIC = GLOBAL_TOPICS.frame
const PATIENCE = { timeout: 20_000 }

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

interface Member {
  readonly node: PeerNode
  readonly heard: string[]
}

const textOf = (data: Uint8Array) => new TextDecoder().decode(data)
const bytesOf = (text: string) => new TextEncoder().encode(text)

async function member(): Promise<Member> {
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp'],
    limits: DEFAULT_NET_LIMITS,
    discovery: { enoughConnections: 0 },
  })
  stack.defer(() => node.stop())
  const heard: string[] = []
  node.gossip.subscribe(TOPIC, { deliver: ({ data }) => void heard.push(textOf(data)) })
  return { node, heard }
}

interface Hostile {
  readonly identity: GossipIdentity
  readonly stream: Stream
  send(rpc: Parameters<typeof encodeRpc>[0]): Promise<void>
}

/** An authenticated peer that opens the stream of gossip and writes what it likes. */
async function hostile({ node }: Member): Promise<Hostile> {
  const privateKey = await generateEd448KeyPair()
  const host = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  stack.defer(() => host.stop())
  // Reads what the node says, so that it stays a peer.
  await host.handle(node.gossip.protocol, (inbound) => inbound.addEventListener('message', () => undefined))
  const stream = await host.dialProtocol(node.libp2p.getMultiaddrs(), node.gossip.protocol)
  const send = async (rpc: Parameters<typeof encodeRpc>[0]) => {
    if (!stream.send(encodeRpc(rpc))) await drained(stream, AbortSignal.timeout(20_000))
  }
  return { identity: hostIdentity(privateKey), stream, send }
}

/** An honest node that is connected with the attacked one hears it and is heard. */
async function expectServing(attacked: Member): Promise<void> {
  const honest = await member()
  await honest.node.libp2p.dial(attacked.node.libp2p.getMultiaddrs())
  await expect.poll(() => honest.node.gossip.meshOf(TOPIC).length, PATIENCE).toBeGreaterThan(0)
  await expect.poll(() => attacked.node.gossip.meshOf(TOPIC).length, PATIENCE).toBeGreaterThan(0)
  await honest.node.gossip.publish(TOPIC, bytesOf('to the attacked'))
  await attacked.node.gossip.publish(TOPIC, bytesOf('from the attacked'))
  await expect.poll(() => attacked.heard.at(-1), PATIENCE).toBe('to the attacked')
  await expect.poll(() => honest.heard, PATIENCE).toContain('from the attacked')
}

/** A bitmask for each number. */
const numbered = (number: number): Uint8Array => {
  const bitmask = new Uint8Array(32).fill(1)
  new DataView(bitmask.buffer).setUint32(0, number)
  return bitmask
}

const changes = (count: number, each: (at: number) => SubscriptionChange) =>
  Array.from({ length: count }, (_, at) => each(at))

test('P2P-13 200,000 subscriptions of one peer, and as many changes of one subscription: neither memory nor others suffer', async () => {
  const attacked = await member()
  const flood = await hostile(attacked)
  const before = heapInUse()
  for (let round = 0; round < 200; round++) {
    const subscriptions = changes(1_000, (at) => ({ subscribe: true, bitmask: numbered(round * 1_000 + at) }))
    await flood.send({ subscriptions })
  }
  for (let round = 0; round < 200; round++) {
    await flood.send({ subscriptions: changes(1_000, (at) => ({ subscribe: at % 2 === 0, bitmask: TOPIC })) })
  }
  await expectServing(attacked)
  // Kept, each of them would have more than 200 bytes.
  expect(heapInUse() - before).toBeLessThan(40 << 20)
})

test('P2P-06, P2P-13 more subscriptions in one RPC than a peer may send end its stream, not the node', async () => {
  const attacked = await member()
  const flood = await hostile(attacked)
  const closed = new Promise<string | undefined>((resolve) => {
    flood.stream.addEventListener('close', ({ error }) => resolve(error?.name))
  })
  await flood.send({ subscriptions: changes(1_025, (at) => ({ subscribe: true, bitmask: numbered(at) })) })
  expect(await closed).toBe('StreamResetError')
  await expectServing(attacked)
})

test('P2P-11 forged, foreign, changed and unsigned messages are not heard; a replay is heard once', async () => {
  const attacked = await member()
  const { identity, send } = await hostile(attacked)
  const other = hostIdentity(await generateEd448KeyPair())
  let counter = 1n
  const say = async (text: string, change: (fields: MessageFields) => MessageFields = (fields) => fields) => {
    const fields = { from: identity.peerId, data: bytesOf(text), seqno: seqnoBytes(counter++), bitmask: TOPIC }
    const signature = await identity.sign(signingPayload(fields))
    return encodeMessage(change({ ...fields, signature, key: identity.key }))
  }
  const nothing = new Uint8Array(0)
  await send({ subscriptions: [{ subscribe: true, bitmask: TOPIC }] })
  const honest = await say('honest')
  await send({
    messages: [
      await say('forged', (fields) => ({ ...fields, signature: fields.signature.toReversed() })),
      await say('zeros', (fields) => ({ ...fields, signature: new Uint8Array(114) })),
      await say('foreign', (fields) => ({ ...fields, from: other.peerId })),
      await say('another key', (fields) => ({ ...fields, from: other.peerId, key: other.key })),
      await say('unsigned', (fields) => ({ ...fields, signature: nothing, key: nothing })),
      await say('without key', (fields) => ({ ...fields, key: nothing })),
      await say('changed', (fields) => ({ ...fields, data: bytesOf('other text') })),
      await say('moved', (fields) => ({ ...fields, bitmask: GLOBAL_TOPICS.prover })),
      await say('renumbered', (fields) => ({ ...fields, seqno: seqnoBytes(9_999n) })),
      honest,
      honest,
    ],
  })
  await expect.poll(() => attacked.heard, PATIENCE).toEqual(['honest'])
  await send({ messages: [honest, await say('honest'), await say('last')] })
  await expect.poll(() => attacked.heard, PATIENCE).toEqual(['honest', 'last'])
  await expectServing(attacked)
})
