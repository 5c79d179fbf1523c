/** What a program of the operator is told of this node's prover, and when gossip refuses what it sends (spec 51 section 5; RPC-08). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { Code, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { concatBytes } from '@noble/hashes/utils.js'
import { envelope } from '@petal/core/codec/index.ts'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { NodeService } from '@petal/core/gen/node/node_service_pb.js'
import { InboxMessageSchema } from '@petal/core/gen/node/peer_pb.js'
import { MessageBundleSchema } from '@petal/core/gen/node/requests_pb.js'
import { GLOBAL_TOPICS, shardTopics } from '@petal/core/gossip/topics.ts'
import { authenticateSend } from '@petal/core/identity/index.ts'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { expect, test, vi } from 'vitest'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { startPeerNode } from '../net/node.ts'
import { KeyRegistryBook } from '../peers/key-registry-book.ts'
import { PeerBook } from '../peers/peer-book.ts'
import { dialTest, engine, HOST, SERVER } from '../rpc/testing.ts'
import { openRealChain } from '../state/testing.ts'
import { Frames } from '../testing/frames.ts'
import { type RpcParts, startLocalPort, startPeerPort } from './rpc.ts'
import { type JoinedPeer, joinedPeer } from './testing.ts'

const lonelyGossip = async () =>
  new GossipService({ network: 99, identity: hostIdentity(await generateEd448KeyPair()) })

const partsWith = (gossip: GossipService, more: Partial<RpcParts>): RpcParts => ({
  identity: SERVER,
  proverAddress: new Uint8Array(32),
  engine,
  host: HOST,
  source: new Frames(),
  state: undefined,
  registries: new KeyRegistryBook(engine),
  peers: new PeerBook({ engine, self: SERVER.peerId }),
  gossip,
  reachable: () => false,
  onFault: () => undefined,
  ...more,
})

const clientOf = ({ port }: { readonly port: number }) =>
  createClient(NodeService, createGrpcTransport({ baseUrl: `http://${HOST}:${port}` }))

test('RPC-08 GetNodeInfo tells what the registry says of the prover whose key the node has', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-wire-rpc-'))
  const gossip = await lonelyGossip()
  const chain = await openRealChain(directory)
  try {
    const [member] = chain.members
    const state = chain.state
    for (const [proverAddress, seniority, allocations] of [
      [member?.address ?? new Uint8Array(32), Uint8Array.of(1000 >> 8, 1000 & 0xff), 1],
      [new Uint8Array(32), new Uint8Array(0), 0],
    ] as const) {
      const port = await startLocalPort(partsWith(gossip, { proverAddress, source: chain.chain, state }), 0)
      const info = await clientOf(port)
        .getNodeInfo({})
        .finally(() => port.stop())
      expect([info.peerSeniority, info.shardAllocations.length]).toEqual([seniority, allocations])
    }
  } finally {
    await gossip.stop()
    await chain[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }
})

/** A node on loopback that gossips, and a port over it whose Send is signed by its own key. */
async function sendingNode() {
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: HOST,
    transports: ['tcp'],
    limits: DEFAULT_NET_LIMITS,
    discovery: { enoughConnections: 0 },
  })
  const faults: unknown[] = []
  const port = await startLocalPort(partsWith(node.gossip, { onFault: (fault) => faults.push(fault) }), 0)
  const client = clientOf(port)
  const send = (timestamp: bigint, messages: readonly number[] = []) => {
    const request = create(MessageBundleSchema, { timestamp })
    const bundle = envelope.MessageBundle.encode(
      fromProtobuf(envelope.MessageBundle, toBinary(MessageBundleSchema, request)),
    )
    const deliveryData = messages.map((number) =>
      create(InboxMessageSchema, { address: DOMAIN, message: Uint8Array.of(number) }),
    )
    const payload = concatBytes(bundle, ...deliveryData.map((one) => toBinary(InboxMessageSchema, one)))
    const authentication = authenticateSend(SERVER, DOMAIN, payload, engine)
    return client.send({ domain: DOMAIN, request, deliveryData, authentication })
  }
  return {
    node,
    faults,
    send,
    stop: async () => {
      await port.stop()
      await node.stop()
    },
  }
}

const DOMAIN = new Uint8Array(32).fill(3)
const unavailable = (text: string) => ({ code: Code.Unavailable, rawMessage: expect.stringContaining(text) })

test('RPC-08 what no peer was reached with is unavailable; what was published lately is there already', async () => {
  const { node, faults, send, stop } = await sendingNode()
  const peers: JoinedPeer[] = []
  try {
    // Nothing was sent, so the same request may come again.
    await expect(send(1n)).rejects.toMatchObject(unavailable('nothing was sent'))
    await expect(send(1n)).rejects.toMatchObject(unavailable('nothing was sent'))
    const [address = ''] = node.addresses()
    peers.push(await joinedPeer(address, GLOBAL_TOPICS.alert))
    await expect.poll(() => node.gossip.peers.length).toBe(1)
    await expect(send(2n)).rejects.toMatchObject(unavailable('the bundle'))
    const follower = await joinedPeer(address, shardTopics(DOMAIN).frame)
    peers.push(follower)
    let timestamp = 3n
    await expect.poll(() => send(timestamp++).then(() => 'sent', String), { timeout: 20_000 }).toBe('sent')
    const partly = timestamp++
    await expect(send(partly, [1, 2])).rejects.toMatchObject(unavailable('the delivery to 0303'))
    const delivered: number[] = []
    follower.gossip.subscribe(shardTopics(DOMAIN).dispatch, { deliver: () => void delivered.push(1) })
    // The same request again: its bundle went out, its deliveries did not.
    await expect.poll(() => send(partly, [1, 2]).then(() => 'sent', String), { timeout: 20_000 }).toBe('sent')
    await expect.poll(() => delivered.length).toBe(2)
    let message = 3
    await expect.poll(() => send(timestamp++, [message++]).then(() => 'sent', String), { timeout: 20_000 }).toBe('sent')
    await expect(send(timestamp - 1n)).rejects.toMatchObject({ code: Code.AlreadyExists })
    await node.gossip.stop()
    await expect(send(timestamp++)).rejects.toMatchObject({ code: Code.Unavailable })
    expect(faults).toEqual([])
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
    await stop()
  }
}, 60_000)

test.each([
  ['a recording subscribes to peers only, since nothing in it judges frames', false],
  ['a node with state hears all global topics', true],
])('RPC-12 StreamGlobalMessages passes nothing on that was not judged: %s', async (_, keepsState) => {
  const gossip = await lonelyGossip()
  const subscribed: Uint8Array[] = []
  const subscribe = gossip.subscribe.bind(gossip)
  vi.spyOn(gossip, 'subscribe').mockImplementation((topic, subscriber) => {
    subscribed.push(topic)
    return subscribe(topic, subscriber)
  })
  const state = keepsState ? ({} as NonNullable<RpcParts['state']>) : undefined
  const port = await startPeerPort(partsWith(gossip, { state }), 0)
  const self = await dialTest(port.port, SERVER)
  const ending = new AbortController()
  try {
    const stream = self.client(GlobalService).streamGlobalMessages({}, { signal: ending.signal })
    const next = stream[Symbol.asyncIterator]()
      .next()
      .catch(() => undefined)
    const { frame, peerInfo, alert } = GLOBAL_TOPICS
    await expect.poll(() => subscribed).toEqual(keepsState ? [frame, peerInfo, alert] : [peerInfo])
    ending.abort()
    await next
  } finally {
    self.close()
    await port.stop()
    await gossip.stop()
  }
})
