import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServedLeaf } from '../platform/state.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import type { PullPolicy } from './events.ts'
import { MADE_UP_TREE, madeUpLeaf, madeUpTrees } from './made-up.ts'
import type { LeavesAnswer, SyncQuery, SyncResponse } from './messages.ts'
import { honest, type Peer, PullSimulation } from './simulation.ts'
import { tokenOf } from './token.ts'

const LEAVES = Array.from({ length: 47 }, (_, n) => madeUpLeaf(n, { ruleA: n % 3 === 0 }))
const GENERATION = new LeafGeneration(LEAVES, madeUpTrees)
const OTHER = new LeafGeneration([...LEAVES.slice(1), madeUpLeaf(99)], madeUpTrees)
const TARGET = { tree: MADE_UP_TREE, anchor: GENERATION.root, root: GENERATION.root }
const EMPTY = { tree: MADE_UP_TREE, anchor: GENERATION.root, root: new Uint8Array(64) }
const POLICY: Partial<PullPolicy> = { pageLeaves: 10, askMillis: 1000, pullMillis: 60_000 }
const good = honest(GENERATION)

/** Mulberry32: the same sequence for the same seed. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const pull = (peers: Readonly<Record<string, Peer>>, { seed = 1, policy = {}, target = TARGET } = {}) =>
  new PullSimulation(target, new Map(Object.entries(peers)), { ...POLICY, ...policy }, seeded(seed))

/** A peer that changes pages of leaves. */
const pages =
  (change: (page: LeavesAnswer, query: SyncQuery) => SyncResponse, from: Peer = good): Peer =>
  (query, count) => {
    const answer = from(query, count)
    return answer && 'kind' in answer && answer.kind === 'leaves' ? change(answer, query) : answer
  }

const firstOf = ({ leaves }: LeavesAnswer): ServedLeaf => leaves[0] ?? madeUpLeaf(0)

const LIARS: Readonly<Record<string, Peer>> = {
  'omits a leaf': pages((page) => ({ ...page, leaves: page.leaves.slice(1) })),
  'omits a leaf and counts one less': pages((page) => ({
    ...page,
    leaves: page.leaves.slice(1),
    total: page.total - 1n,
  })),
  'repeats a leaf': pages((page) => ({ ...page, leaves: [firstOf(page), ...page.leaves.slice(0, -1)] })),
  'changes the order': pages((page) => ({ ...page, leaves: page.leaves.toReversed() })),
  'changes a value': pages((page) => {
    const [first, ...rest] = page.leaves
    return {
      ...page,
      leaves: [
        {
          ...(first ?? madeUpLeaf(0)),
          value: Uint8Array.of(0),
          hashTarget: new Uint8Array(0),
          underlyingData: new Uint8Array(0),
        },
        ...rest,
      ],
    }
  }),
  'sends the data tree of another vertex': pages((page) => ({
    ...page,
    leaves: page.leaves.map((leaf) =>
      leaf.hashTarget.length > 0 ? { ...leaf, underlyingData: madeUpLeaf(7).value } : leaf,
    ),
  })),
  'sends a key of another shard': pages((page) => ({
    ...page,
    leaves: page.leaves.map((leaf) => ({ ...leaf, key: leaf.key.map((byte) => byte ^ 1) })),
  })),
  'sends a page of another place': (query, count) =>
    good(query.kind === 'leaves' ? { ...query, token: tokenOf(20) } : query, count),
  'sends empty pages for ever': pages((page) => ({ ...page, leaves: [], token: tokenOf(0) })),
  'never ends a page': pages((page) => ({ ...page, token: new Uint8Array(0) })),
  'serves another generation': (query, count) => {
    const answer = honest(OTHER)(query, count)
    return query.kind === 'branch' ? good(query, count) : answer
  },
  'says it has another root': honest(OTHER),
  'says it is empty': (query, count) =>
    query.kind === 'branch'
      ? { kind: 'branch', fullPath: [], commitment: new Uint8Array(0), children: [], isLeaf: false, leafCount: 0n }
      : good(query, count),
  'says it has more leaves than can be': (query, count) => {
    const answer = good(query, count)
    return answer && 'kind' in answer && answer.kind === 'branch' ? { ...answer, leafCount: 2n ** 64n - 1n } : answer
  },
  'truncates: serves fewer leaves than its root counts (H-02)': pages((page) => ({ ...page, total: 20n })),
  'answers the other question': (query, count) =>
    good(
      query.kind === 'branch'
        ? { ...query, kind: 'leaves', maxLeaves: 1, token: new Uint8Array(0) }
        : { ...query, kind: 'branch' },
      count,
    ),
  'answers errors': (query) => ({ kind: 'error', code: 4, message: 'x'.repeat(10_000), path: query.path }),
  'answers noise': () => Uint8Array.of(0xff, 0xff, 0xff),
  'answers nothing': () => undefined,
  'breaks the stream': () => null,
  'dies half-way': (query, count) => (count < 3 ? good(query, count) : undefined),
}

test('SYN-03 a tree is copied from one peer, and from several at once', () => {
  for (const peers of [{ a: good }, { a: good, b: good, c: good }]) {
    const run = pull(peers)
    run.run()
    expect(run.outcome).toBe('done')
    expect(run.complete).toBe(true)
    expect(run.drops).toEqual([])
    expect(run.sent).toBe(LEAVES.length)
  }
})

test('SYN-05 SYN-06 whatever one peer does, an honest one gets the tree through, and no wrong tree is ever taken', () => {
  for (const [name, liar] of Object.entries(LIARS))
    for (let seed = 0; seed < 3; seed++) {
      const run = pull({ liar, honest: good, other: good }, { seed })
      run.run()
      expect([name, seed, run.outcome, run.complete]).toEqual([name, seed, 'done', true])
      expect(run.drops.filter(({ peer }) => peer !== 'liar')).toEqual([])
    }
})

test('SYN-03 SYN-05 a liar alone gets nothing through', () => {
  for (const [name, liar] of Object.entries(LIARS)) {
    const run = pull({ liar })
    run.run()
    expect([name, run.outcome]).toEqual([name, 'timeout'])
    expect(run.starved).toBe(true)
  }
})

test('most peers wrong in different ways: the one honest peer is enough', () => {
  const names = Object.keys(LIARS)
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...names), { minLength: 2, maxLength: 5 }), fc.nat(), (chosen, seed) => {
      const liars = Object.fromEntries(chosen.map((name) => [name, LIARS[name] ?? good]))
      const run = pull({ ...liars, honest: good }, { seed, policy: { pullMillis: 600_000 } })
      run.run()
      expect([run.outcome, run.complete]).toEqual(['done', true])
      expect(run.drops.map(({ peer }) => peer)).not.toContain('honest')
    }),
    { numRuns: 60 },
  )
})

test('SYN-11 a root that changes mid-way ends the pull from that peer without keeping anything', () => {
  const moving: Peer = (query, count) => (count < 3 ? good : honest(OTHER))(query, count)
  const run = pull({ moving })
  run.run()
  expect(run.outcome).toBe('timeout')
  expect(run.staged.size).toBe(0)
  expect(run.drops).toHaveLength(1)
})

test('SYN-10 an empty tree is taken from both kinds of answer when it is wanted, and from neither otherwise', () => {
  const empty =
    (isLeaf: boolean): Peer =>
    () => ({ kind: 'branch', fullPath: [], commitment: new Uint8Array(0), children: [], isLeaf, leafCount: 0n })
  for (const isLeaf of [true, false]) {
    const wanted = pull({ a: empty(isLeaf) }, { target: EMPTY })
    wanted.run()
    expect(wanted.outcome).toBe('done')
    const unwanted = pull({ a: empty(isLeaf) })
    unwanted.run()
    expect(unwanted.drops).toMatchObject([{ code: 'root' }])
  }
  const full = pull({ a: good }, { target: EMPTY })
  full.run()
  expect(full.drops).toMatchObject([{ code: 'root' }])
})

test('a pull goes on where an earlier run stopped', () => {
  fc.assert(
    fc.property(fc.nat(25), fc.nat(), (steps, seed) => {
      const first = pull({ a: good, b: good }, { seed })
      first.run([], steps)
      const held = [...first.staged.values()]
      const second = pull({ a: good, b: good }, { seed: seed + 1 })
      second.run(held)
      expect([second.outcome, second.complete]).toEqual(['done', true])
      expect(second.sent).toBe(LEAVES.length - held.reduce((sum, { page }) => sum + page.count, 0))
    }),
    { numRuns: 60 },
  )
})

test('what an earlier run left of another tree is thrown away', () => {
  const other = new PullSimulation({ ...TARGET, root: OTHER.root }, new Map([['a', honest(OTHER)]]), POLICY, seeded(1))
  other.run([], 12)
  expect(other.staged.size).toBeGreaterThan(0)
  const run = pull({ a: good, b: good })
  run.run(other.staged.values())
  expect([run.outcome, run.complete]).toEqual(['done', true])
  const bad = pull({ a: good })
  bad.run([
    {
      page: {
        from: 40,
        count: 20,
        firstKey: LEAVES[0]?.key ?? new Uint8Array(0),
        lastKey: new Uint8Array(64),
        bytes: 1,
      },
      leaves: [],
    },
  ])
  expect([bad.outcome, bad.complete]).toEqual(['done', true])
})

test('progress counts up to the whole tree and estimates what is left', () => {
  const run = pull({ a: good })
  run.run()
  const counts = run.progress.map(({ leaves }) => leaves)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(run.progress.at(-1)).toMatchObject({ leaves: 47, total: 47, remainingMillis: 0 })
  expect(run.progress.every(({ leavesPerSecond }) => leavesPerSecond > 0)).toBe(true)
})

test('more bytes than are taken end the pull from whoever sends them', () => {
  const run = pull({ a: good }, { policy: { maxBytes: 1000 } })
  run.run()
  expect(run.drops).toMatchObject([{ code: 'limit' }])
})
