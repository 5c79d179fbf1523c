/** A node that joins meets a liar first and an honest node later: the honest chain wins, and the liar is not asked any more. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { consensus } from '@petal/core/codec/index.ts'
import { fromProtobuf, toProtobuf } from '@petal/core/codec/protobuf.ts'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { StateError } from '@petal/core/platform/state.ts'
import { decodeResponse, encodeResponse } from '@petal/core/sync/index.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commitsTo } from '../chain/ledger.ts'
import { type NodeEvent, type RunningNode, startNode } from '../index.ts'
import { openNodeState } from '../state/open.ts'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { encodeFrame } from './frame-codec.ts'
import { flipped, type Lies, type Served, serve, sourceOf } from './testing.ts'

const FRAMES = 34
const LONG = { timeout: 120_000 }

let chainDirectory: string
let real: RealChain
let directory: string
let stack: AsyncDisposableStack
beforeAll(async () => {
  chainDirectory = await mkdtemp(join(tmpdir(), 'petal-lies-chain-'))
  real = await openRealChain(chainDirectory)
  await real.grow(FRAMES)
}, 120_000)
afterAll(async () => {
  await real[Symbol.asyncDispose]()
  await rm(chainDirectory, { recursive: true })
})
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-lies-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

type Field = keyof Parameters<typeof consensus.GlobalFrameHeader.encode>[0]

/** A header with other content, well-formed. */
function changed(header: Uint8Array, change: (fields: Record<Field, unknown>) => object): Uint8Array {
  const fields = fromProtobuf(consensus.GlobalFrameHeader, header)
  return toProtobuf(consensus.GlobalFrameHeader, { ...fields, ...change({ ...fields }) } as typeof fields)
}
const laterBy = (millis: bigint) => (header: Uint8Array) =>
  changed(header, (fields) => ({ timestamp: (fields.timestamp as bigint) + millis }))
const otherRank = (header: Uint8Array) => changed(header, (fields) => ({ rank: (fields.rank as bigint) + 1n }))
const ranked = (header: Uint8Array, number: bigint) => (number === BigInt(FRAMES - 1) ? otherRank(header) : header)

async function open(served: Served): Promise<Served> {
  stack.defer(() => served.node.stop())
  return served
}

/** An address at which an honest node will answer, once it is started. Until then its port is held: whoever comes is sent away. */
async function later(): Promise<{ address: string; start: () => Promise<Served> }> {
  const identity = await generateKeyPair('Ed25519')
  const holder = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  stack.defer(() => void holder.close())
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const start = async () => {
    holder.close()
    await once(holder, 'close')
    return open(await serve(sourceOf(real), { identity, port }))
  }
  return { address: `/ip4/127.0.0.1/tcp/${port}/p2p/${peerIdFromPrivateKey(identity)}`, start }
}

interface Joining {
  readonly events: NodeEvent[]
  readonly node: Promise<RunningNode>
}

function joinTo(addresses: readonly string[]): Joining {
  const events: NodeEvent[] = []
  const node = startNode({
    port: 0,
    webRoot: join(directory, 'no-page'),
    dataDirectory: join(directory, 'joined'),
    transports: ['tcp'],
    store: { ballastBytes: 0 },
    join: addresses,
    onEvent: (event) => events.push(event),
  })
  node.then(
    (running) => stack.use(running),
    () => undefined,
  )
  return { events, node }
}

const droppedBy = (events: readonly NodeEvent[]) =>
  events.flatMap((event) => (event.event === 'dropped' ? [event.reason] : []))

/** The state that the node holds is the one of the honest head. */
async function examine(node: RunningNode): Promise<void> {
  expect(node.source.head().identity).toEqual(real.chain.head().identity)
  await node.stop()
  const state = await openNodeState(join(directory, 'joined'), { store: { ballastBytes: 0 } })
  try {
    const committed = await state.committed()
    expect(committed !== null && commitsTo(real.chain.headFacts, committed)).toBe(true)
    for (const tree of await state.trees()) expect(await state.verifyCommitments(tree)).toBe(true)
  } finally {
    await state.close()
  }
}

const CASES: readonly (readonly [string, RegExp, Lies])[] = [
  ['headers whose certificates are for other ranks', /frame 33: signature/, { header: ranked }],
  ['headers whose time proofs are for other times', /time proof/, { header: laterBy(1n) }],
  ['headers that cannot be read', /cannot be read/, { header: () => Uint8Array.of(1, 2, 3) }],
  ['headers of other numbers', /does not follow/, { header: (_, number) => real.chain.header(number + 1n) }],
  ['a head that nobody signed', /signature/, { head: (head) => ({ ...head, header: otherRank(head.header) }) }],
  [
    'shards with other roots',
    /do not make the commitments/,
    {
      values: (honest) => ({
        shards: async (frame, after) => {
          const answer = await honest.shards(frame, after)
          const shards = answer.shards.map(({ domain, roots: [first, ...others] }) => {
            return { domain, roots: [flipped(first, -1), ...others] as const }
          })
          return { ...answer, shards }
        },
      }),
    },
  ],
  [
    'fewer shards than there are',
    /do not make the commitments/,
    {
      values: (honest) => ({
        shards: async (frame, after) => {
          const answer = await honest.shards(frame, after)
          return { ...answer, shards: answer.shards.slice(1) }
        },
      }),
    },
  ],
  [
    'leaves with other values',
    /another root/,
    {
      values: (honest) => ({
        sync: async (query) => {
          const answer = decodeResponse(await honest.sync(query))
          if (answer.kind !== 'leaves') return encodeResponse(answer)
          const leaves = answer.leaves.map((leaf) => ({ ...leaf, value: flipped(leaf.value, -1) }))
          return encodeResponse({ ...answer, leaves })
        },
      }),
    },
  ],
]

describe('a liar is found out', () => {
  test.each(CASES)('%s', LONG, async (_, reason, lies) => {
    const liar = await open(await serve(sourceOf(real, lies)))
    const honest = await later()
    const { events, node } = joinTo([liar.address, honest.address])
    await expect.poll(() => droppedBy(events), { timeout: 60_000 }).toEqual([expect.stringMatching(reason)])
    await honest.start()
    await examine(await node)
  })

  test('one that stalls at every question keeps nobody', LONG, async () => {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    const never = () => promise
    const stalling = await open(await serve(sourceOf(real, { values: () => ({ sync: never, shards: never }) })))
    stack.defer(() => reject(new StateError('closed', 'the test is over')))
    const honest = await later()
    const { events, node } = joinTo([stalling.address, honest.address])
    await expect.poll(() => events.some(({ event }) => event === 'headers'), { timeout: 60_000 }).toBe(true)
    await honest.start()
    await examine(await node)
    expect(droppedBy(events)).toEqual([])
  })

  test('P2P section 8: false frames by gossip are not taken, a true one after them is', LONG, async () => {
    const honest = await open(await serve(sourceOf(real)))
    const { node } = joinTo([honest.address])
    const joined = await node
    const forger = await open(await serve(sourceOf(real)))
    forger.node.gossip.subscribe(GLOBAL_TOPICS.frame, { deliver: () => undefined })
    await forger.node.libp2p.dial(joined.addresses().map((address) => multiaddr(address)))
    await expect
      .poll(() => forger.node.gossip.meshOf(GLOBAL_TOPICS.frame).length, { timeout: 30_000 })
      .toBeGreaterThan(0)
    const before = real.chain.head()
    const facts = await real.grow(1)
    const { header } = real.chain.head()
    for (const forged of [otherRank(header), laterBy(1n)(header)]) {
      await forger.node.gossip.publish(GLOBAL_TOPICS.frame, encodeFrame(forged))
    }
    await forger.node.gossip.publish(GLOBAL_TOPICS.frame, Uint8Array.of(0, 0, 3, 14, 1))
    await expect.poll(() => joined.source.head().number, { timeout: 30_000 }).toBe(facts.number)
    expect(joined.source.head().identity).toEqual(facts.identity)
    expect(before.number).toBe(facts.number - 1n)
  })
})
