import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServedLeaf } from '../platform/state.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import { PullError } from './exchange.ts'
import { type Difference, INCREMENTAL, pullDifference } from './incremental.ts'
import { checkBoundTrees } from './leaf-check.ts'
import { MADE_UP_TREE, madeUpLeaf, madeUpTrees } from './made-up.ts'
import { decodeQuery, encodeResponse, type SyncResponse } from './messages.ts'
import { honest, type Peer } from './simulation.ts'

const generation = (leaves: readonly ServedLeaf[]) => new LeafGeneration(leaves, madeUpTrees)
const check = async (leaves: readonly ServedLeaf[]) => checkBoundTrees(MADE_UP_TREE, leaves, madeUpTrees)

const asking = (peer: Peer) => {
  let count = 0
  return {
    async ask(query: Uint8Array): Promise<Uint8Array> {
      const answer = peer(decodeQuery(query), count++)
      if (answer === null || answer === undefined) throw new Error('the stream broke')
      return answer instanceof Uint8Array ? answer : encodeResponse(answer)
    },
  }
}

const pull = (local: readonly ServedLeaf[], peer: Peer, root: Uint8Array, options = {}) =>
  pullDifference({ tree: MADE_UP_TREE, anchor: root, root }, asking(peer), generation(local), check, options)

function patched(local: readonly ServedLeaf[], { puts, deletes }: Difference): Uint8Array {
  const leaves = new Map(local.map((leaf) => [leaf.key.join(), leaf]))
  for (const key of deletes) expect(leaves.delete(key.join())).toBe(true)
  for (const leaf of puts) leaves.set(leaf.key.join(), leaf)
  return generation([...leaves.values()]).root
}

const LOCAL = Array.from({ length: 600 }, (_, n) => madeUpLeaf(n, { ruleA: n % 50 === 0 }))

test('SYN-07 after a few changes the same root is reached with far fewer leaves than a full copy', async () => {
  const remote = [
    ...LOCAL.filter((_, n) => n % 100 !== 1).map((leaf, n) => (n % 200 === 3 ? madeUpLeaf(n + 1000) : leaf)),
    madeUpLeaf(5000),
  ]
  const target = generation(remote)
  const difference = await pull(LOCAL, honest(target), target.root, { fetchBelow: 4 })
  expect(patched(LOCAL, difference)).toEqual(target.root)
  expect(difference.fetched).toBeLessThan(200)
  expect(difference.fetched).toBeGreaterThan(0)
  expect(await pull(remote, honest(target), target.root)).toEqual({ puts: [], deletes: [], fetched: 0 })
})

const members = fc.uniqueArray(fc.tuple(fc.nat(80), fc.nat(1)), { maxLength: 40, selector: ([n]) => n })
const leavesOf = (chosen: readonly (readonly [number, number])[]) =>
  chosen.map(([n, version]) => madeUpLeaf(n, { version, ruleA: n % 7 === 0 }))

test('SYN-07 any tree is turned into any other', async () => {
  await fc.assert(
    fc.asyncProperty(members, members, fc.constantFrom(0, 3, 64), async (before, after, fetchBelow) => {
      const [local, remote] = [leavesOf(before), generation(leavesOf(after))]
      const difference = await pull(local, honest(remote), remote.root, { fetchBelow })
      expect(patched(local, difference)).toEqual(remote.root)
    }),
    { numRuns: 60 },
  )
})

test('SYN-08 a peer that hides the prefixes of its nodes is handled', async () => {
  await fc.assert(
    fc.asyncProperty(members, members, async (before, after) => {
      const [local, remote] = [leavesOf(before), generation(leavesOf(after))]
      const hiding: Peer = (query, count) => {
        const answer = honest(remote)(query, count) as SyncResponse
        return answer.kind === 'branch' && query.path.length > 0 ? { ...answer, fullPath: query.path } : answer
      }
      const difference = await pull(local, missing(hiding), remote.root, { fetchBelow: 0, descend: false })
      expect(patched(local, difference)).toEqual(remote.root)
      const hasty = await pull(local, missing(hiding), remote.root, { fetchBelow: 0 }).catch((error) => error)
      if (hasty instanceof Error) expect(hasty).toBeInstanceOf(PullError)
    }),
    { numRuns: 60 },
  )
})

/** Answers an error where the generation has no node. */
const missing =
  (peer: Peer): Peer =>
  (query, count) => {
    try {
      return peer(query, count)
    } catch {
      return { kind: 'error', code: 1, message: 'path not found', path: query.path }
    }
  }

test('a peer with another root, a wrong tree, truncated pages or endless questions is named for it', async () => {
  const remote = generation(LOCAL.map((leaf, n) => (n % 9 === 0 ? madeUpLeaf(n, { version: 1, ruleA: true }) : leaf)))
  const good = honest(remote)
  const pages =
    (change: (answer: Extract<SyncResponse, { kind: 'leaves' }>) => SyncResponse): Peer =>
    (query, count) => {
      const answer = good(query, count) as SyncResponse
      return answer.kind === 'leaves' ? change(answer) : answer
    }
  const cases: readonly (readonly [string, Peer, object?])[] = [
    ['root', honest(generation(LOCAL))],
    [
      'leaf',
      pages((page) => ({
        ...page,
        leaves: page.leaves.map((leaf) => ({ ...leaf, underlyingData: madeUpLeaf(3).value })),
      })),
    ],
    ['leaf', pages((page) => ({ ...page, leaves: page.leaves.map(() => madeUpLeaf(1)) }))],
    ['truncated', pages((page) => ({ ...page, total: page.total + 1n }))],
    ['protocol', () => Uint8Array.of(0xff)],
    [
      'protocol',
      pages(() => good({ kind: 'branch', tree: MADE_UP_TREE, path: [], expectedRoot: remote.root }, 0) as SyncResponse),
    ],
    ['refused', () => ({ kind: 'error', code: 4, message: '', path: [] })],
    ['limit', good, { asks: 3 }],
    ['limit', good, { leaves: 3 }],
  ]
  for (const [code, peer, options] of cases)
    await expect(pull(LOCAL, peer, remote.root, options), code).rejects.toMatchObject({ code })
  expect(INCREMENTAL.fetchBelow).toBeGreaterThan(0)
})
