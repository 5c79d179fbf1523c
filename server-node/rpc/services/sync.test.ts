/** PerformSync as a stream: bounds on streams, slow and vanishing readers, ill-formed queries, pages made ahead (spec 22 sections 3, 7). */
import { setTimeout as sleep } from 'node:timers/promises'
import { Code } from '@connectrpc/connect'
import { createWritableIterable } from '@connectrpc/connect/protocol'
import type { Opaque } from '@petal/core/gen/node/opaque_pb.js'
import type { Generation, LeafRange } from '@petal/core/platform/state.ts'
import { GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import { decodeResponse, encodeQuery } from '@petal/core/sync/index.ts'
import { afterEach, expect, test } from 'vitest'
import { opaqueOf, RAW_PERFORM_SYNC } from '../opaque.ts'
import type { PeerConnection } from '../peer-client.ts'
import type { PeerRpcOptions, ServedState } from '../peer-rpc.ts'
import { openSync } from '../sync-stream.ts'
import { dialTest, identityOf, SERVER, startTestRpc } from '../testing.ts'

const TOTAL = 5_000
const tree = { shardKey: shardKey(GLOBAL_DOMAIN), phase: 0 as const }
const { signal } = new AbortController()

/** A state of so many leaves of 1 kB, which counts what it is asked. */
function countingState() {
  const asked: number[] = []
  const open = new Set<object>()
  const generation = async (): Promise<Generation> => {
    const ticket = {}
    open.add(ticket)
    return {
      frame: 1n,
      roots: () => Promise.reject(new Error('not asked for here')),
      get: async () => undefined,
      branch: async () => ({
        fullPath: [],
        commitment: new Uint8Array(74),
        children: [],
        isLeaf: false,
        leafCount: BigInt(TOTAL),
      }),
      async leaves(_tree, _path, { from, max }: LeafRange) {
        asked.push(from)
        const count = Math.min(max, TOTAL - from)
        const leaves = Array.from({ length: count }, (_, index) => ({
          key: new Uint8Array(64).fill((from + index) & 0xff),
          value: new Uint8Array(1_000),
          hashTarget: new Uint8Array(0),
          size: 1n,
          underlyingData: new Uint8Array(0),
        }))
        const next = from + count
        return next < TOTAL ? { leaves, next, total: BigInt(TOTAL) } : { leaves, total: BigInt(TOTAL) }
      },
      prove: () => Promise.reject(new Error('not asked for here')),
      release: () => void open.delete(ticket),
    }
  }
  const state = { generation, get: async () => undefined, trees: async () => [] } as unknown as ServedState
  return { state, asked, open }
}

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function served(options: Partial<PeerRpcOptions> = {}) {
  const counting = countingState()
  const server = await startTestRpc({ state: counting.state, ...options })
  closing.push(() => server.stop())
  const dial = async (identity = identityOf(2)): Promise<PeerConnection> => {
    const peer = await dialTest(server.port, identity)
    closing.push(() => peer.close())
    return peer
  }
  return { ...counting, dial }
}

const leavesQuery = (token = '') =>
  encodeQuery({
    kind: 'leaves',
    tree,
    path: [],
    expectedRoot: new Uint8Array(0),
    maxLeaves: 0,
    token: new TextEncoder().encode(token),
  })
const branchQuery = encodeQuery({ kind: 'branch', tree, path: [], expectedRoot: new Uint8Array(0) })

async function page(sync: ReturnType<typeof openSync>, query: Uint8Array) {
  const answer = decodeResponse(await sync.ask(query, signal))
  if (answer.kind !== 'leaves') throw new Error(`answered by ${answer.kind}`)
  return answer
}

test('all pages in a row, each made once', async () => {
  const { dial, asked } = await served()
  const sync = openSync(await dial())
  let token = ''
  let read = 0
  do {
    const { leaves, token: next } = await page(sync, leavesQuery(token))
    read += leaves.length
    token = new TextDecoder().decode(next)
  } while (token !== '')
  expect(read).toBe(TOTAL)
  expect(asked).toEqual([0, 1_000, 2_000, 3_000, 4_000])
  sync.close()
})

test('the page after two in a row is made without being asked for, and no further', async () => {
  const { dial, asked } = await served()
  const sync = openSync(await dial())
  const { token } = await page(sync, leavesQuery())
  await sleep(50)
  expect(asked).toEqual([0])
  await page(sync, leavesQuery(new TextDecoder().decode(token)))
  while (asked.length < 3) await sleep(5)
  await sleep(50)
  expect(asked).toEqual([0, 1_000, 2_000])
  sync.close()
})

test('who jumps about gets what it asks for', async () => {
  const { dial } = await served()
  const sync = openSync(await dial())
  const token = (index: number) => index.toString(16).padStart(8, '0')
  for (const from of [0, 1_000, 2_000, 500, 1_500, 0, 4_999]) {
    const { leaves } = await page(sync, leavesQuery(from === 0 ? '' : token(from)))
    expect(leaves[0]?.key[0]).toBe(from & 0xff)
  }
  expect(decodeResponse(await sync.ask(branchQuery, signal))).toMatchObject({
    kind: 'branch',
    leafCount: BigInt(TOTAL),
  })
  sync.close()
})

test('ill-formed queries are answered with a code and the stream goes on; a longer one than any is refused', async () => {
  const { dial } = await served()
  const peer = await dial()
  const sync = openSync(peer)
  const wrong = encodeQuery({
    kind: 'branch',
    tree: { ...tree, shardKey: new Uint8Array(35).fill(1) },
    path: [],
    expectedRoot: new Uint8Array(0),
  })
  expect(decodeResponse(await sync.ask(wrong, signal))).toMatchObject({ kind: 'error', code: 1 })
  expect(decodeResponse(await sync.ask(new Uint8Array(0), signal))).toMatchObject({ kind: 'error', code: 0 })
  expect(decodeResponse(await sync.ask(branchQuery, signal))).toMatchObject({ kind: 'branch' })
  const long = encodeQuery({ kind: 'branch', tree, path: [], expectedRoot: new Uint8Array(2_000) })
  await expect(sync.ask(long, signal)).rejects.toMatchObject({ code: 'refused', status: Code.ResourceExhausted })
  sync.close()
})

test('ten streams of one peer, more of the own peer id; a peer that vanishes gives its streams and generations back', async () => {
  const { dial, open } = await served()
  const peer = await dial()
  const streams = Array.from({ length: 10 }, () => openSync(peer))
  for (const sync of streams) await sync.ask(branchQuery, signal)
  const more = openSync(peer)
  await expect(more.ask(branchQuery, signal)).rejects.toMatchObject({ status: Code.ResourceExhausted })
  expect(open.size).toBe(10)
  const own = await dial(SERVER)
  const ownStreams = Array.from({ length: 12 }, () => openSync(own))
  for (const sync of ownStreams) await sync.ask(branchQuery, signal)
  for (const sync of ownStreams) sync.close()
  peer.close()
  while (open.size > 0) await sleep(5)
  const again = openSync(await dial())
  expect(decodeResponse(await again.ask(branchQuery, signal)).kind).toBe('branch')
  again.close()
})

test('an idle stream is ended', async () => {
  const { dial, open } = await served({ streams: { idleMillis: 100 } })
  const sync = openSync(await dial())
  await sync.ask(branchQuery, signal)
  while (open.size > 0) await sleep(10)
  await expect(sync.ask(branchQuery, signal)).rejects.toMatchObject({ name: 'RpcError' })
})

test('a reader that takes nothing is not answered beyond what fits its window', async () => {
  const { dial, asked } = await served()
  const peer = await dial()
  const queries = createWritableIterable<Opaque>()
  const ending = new AbortController()
  const answering = peer.transport.stream(RAW_PERFORM_SYNC, ending.signal, undefined, undefined, queries)
  // Not waited for: the server may stop reading them long before the last one.
  for (let index = 0; index < 200; index++) queries.write(opaqueOf(leavesQuery())).catch(() => undefined)
  const answer = await answering
  await sleep(500)
  // Pages of a megabyte; the window has eight of them.
  expect(asked.length).toBeLessThan(40)
  ending.abort()
  await expect(async () => {
    for await (const _ of answer.message);
  }).rejects.toThrow()
})

test('a peer above its rate is slowed, not refused', async () => {
  const { dial } = await served({ limits: { requestBurst: 3, requestsPerSecond: 20 } })
  const sync = openSync(await dial())
  const start = performance.now()
  for (let index = 0; index < 6; index++) await sync.ask(branchQuery, signal)
  // The call itself and two questions are the burst, four more come at 20 a second.
  expect(performance.now() - start).toBeGreaterThan(150)
  sync.close()
})

test('a caller that gives up ends its stream only', async () => {
  const { dial } = await served()
  const peer = await dial()
  const [first, second] = [openSync(peer), openSync(peer)]
  await first.ask(branchQuery, signal)
  const stop = new AbortController()
  const asked = first.ask(leavesQuery(), stop.signal)
  stop.abort()
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
  expect(decodeResponse(await second.ask(branchQuery, signal)).kind).toBe('branch')
  second.close()
})
