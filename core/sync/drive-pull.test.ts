import { expect, test } from 'vitest'
import type { ServedLeaf } from '../platform/state.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import { type PullHost, type PullSource, startPull } from './drive-pull.ts'
import { checkBoundTrees } from './leaf-check.ts'
import { MADE_UP_TREE, madeUpLeaf, madeUpTrees } from './made-up.ts'
import { decodeQuery } from './messages.ts'
import type { StagedPage } from './pages.ts'
import { SyncServer } from './server.ts'
import { registryTarget, shardTargets } from './targets.ts'

const LEAVES = Array.from({ length: 35 }, (_, n) => madeUpLeaf(n, { ruleA: n % 5 === 0 }))
const GENERATION = new LeafGeneration(LEAVES, madeUpTrees)
const TARGET = { tree: MADE_UP_TREE, anchor: GENERATION.root, root: GENERATION.root }

/** A host in memory whose clock stands still until it is told a time. */
function memoryHost() {
  const pages = new Map<number, { readonly page: StagedPage; readonly leaves: readonly ServedLeaf[] }>()
  const told = { dropped: [] as string[], starved: 0, alarms: [] as (() => void)[], now: 0 }
  const host: PullHost = {
    now: () => told.now,
    wakeAt: (_at, wake) => {
      told.alarms.push(wake)
      return () => told.alarms.splice(told.alarms.indexOf(wake), 1)
    },
    check: async (leaves) => checkBoundTrees(MADE_UP_TREE, leaves, madeUpTrees),
    stage: async (page, leaves) => {
      await Promise.resolve()
      pages.set(page.from, { page, leaves })
    },
    discard: async () => pages.clear(),
    rebuild: async () => {
      const ordered = [...pages.values()].sort((a, b) => a.page.from - b.page.from)
      return madeUpTrees.build(
        ordered.flatMap(({ leaves }) => leaves),
        { commit: true },
      ).root
    },
    onDrop: (peer, code) => told.dropped.push(`${peer} ${code}`),
    onStarved: () => {
      told.starved += 1
    },
  }
  return { host, pages, told }
}

function source(id: string, generation = GENERATION): PullSource {
  const unused = () => Promise.reject(new Error('not asked for'))
  const held = {
    frame: 0n,
    branch: generation.branch.bind(generation),
    leaves: generation.leaves.bind(generation),
    release: () => {},
    roots: unused,
    get: unused,
    prove: unused,
  }
  const stream = new SyncServer({ generation: async () => held }).open()
  return { id, ask: (query) => stream.answer(query) }
}
const silent: PullSource = { id: 'silent', ask: () => new Promise(() => {}) }

test('a pull over real servers ends with the tree, and alarms are called off', async () => {
  const { host, pages, told } = memoryHost()
  const pull = startPull(TARGET, host, { policy: { pageLeaves: 8 } })
  pull.addPeer(source('a'))
  pull.addPeer(source('b'))
  expect(await pull.done).toBe(LEAVES.length)
  expect(pages.size).toBe(5)
  expect(told.alarms).toEqual([])
})

test('a peer that answers nothing is passed by when its time is over', async () => {
  const { host, told } = memoryHost()
  const pull = startPull(TARGET, host, { policy: { askMillis: 100 } })
  expect(told.starved).toBe(1)
  pull.addPeer(silent)
  for (const now of [100, 200, 300]) {
    told.now = now
    for (const wake of told.alarms.splice(0)) wake()
  }
  expect(told.dropped).toEqual(['silent stalled'])
  expect(told.starved).toBe(2)
  pull.addPeer(source('a'))
  expect(await pull.done).toBe(LEAVES.length)
})

test('a store that fails, a pull that is called off and one that takes too long end with their own code', async () => {
  const failing = memoryHost()
  const full = startPull(TARGET, { ...failing.host, stage: () => Promise.reject(new Error('disk full')) })
  full.addPeer(source('a'))
  await expect(full.done).rejects.toMatchObject({ code: 'store', cause: { message: 'disk full' } })

  const cancelled = startPull(TARGET, memoryHost().host)
  let aborted = false
  cancelled.addPeer({
    id: 'a',
    ask: (_query, signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
  })
  cancelled.cancel()
  await expect(cancelled.done).rejects.toMatchObject({ code: 'cancelled' })
  expect(aborted).toBe(true)

  const late = memoryHost()
  const slow = startPull(TARGET, late.host, { policy: { pullMillis: 1000 } })
  late.told.now = 1000
  for (const wake of late.told.alarms.splice(0)) wake()
  await expect(slow.done).rejects.toMatchObject({ code: 'timeout' })
})

test('a peer whose stream breaks or who leaves gives its questions to others', async () => {
  const { host } = memoryHost()
  const pull = startPull(TARGET, host, { policy: { pageLeaves: 8 } })
  const honest = source('leaving')
  pull.addPeer({
    id: 'leaving',
    ask: (query, signal) =>
      decodeQuery(query).kind === 'branch' ? honest.ask(query, signal) : Promise.reject(new Error('broken')),
  })
  await Promise.resolve()
  pull.removePeer('leaving')
  pull.addPeer(source('staying'))
  expect(await pull.done).toBe(LEAVES.length)
})

test('targets of a header: the registry by its prover root, a shard by its four roots under the first', () => {
  const roots = [1, 2, 3, 4].map((n) => new Uint8Array(74).fill(n)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const targets = shardTargets(MADE_UP_TREE.shardKey.subarray(3), roots)
  expect(targets.map(({ tree, anchor, root }) => [tree.phase, anchor[0], root[0]])).toEqual([
    [0, 1, 1],
    [1, 1, 2],
    [2, 1, 3],
    [3, 1, 4],
  ])
  expect(targets[0]?.tree.shardKey).toEqual(MADE_UP_TREE.shardKey)
  expect([...registryTarget(new Uint8Array(74)).tree.shardKey.subarray(0, 4)]).toEqual([0, 0, 0, 255])
})
