import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServedLeaf } from '../platform/state.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import { pathOf } from '../state/location.ts'
import { MADE_UP_TREE, madeUpLeaf, madeUpTrees, madeUpVerify } from './made-up.ts'
import { type BranchAnswer, decodeQuery, encodeResponse, type SyncResponse } from './messages.ts'
import { honest, type Peer } from './simulation.ts'
import { pullSubtree } from './subtree.ts'

/** Keys that share much of their way, so that branches have prefixes at many depths. */
const near = (n: number): ServedLeaf => {
  const leaf = madeUpLeaf(n)
  const key = leaf.key.slice()
  key.set([(n % 5) << 6, n % 3, 0, (n % 7) << 4], 32)
  return { ...leaf, key }
}
const LEAVES = Array.from({ length: 120 }, (_, n) => (n % 2 === 0 ? madeUpLeaf(n) : near(n)))
const GENERATION = new LeafGeneration(LEAVES, madeUpTrees)
const TARGET = { tree: MADE_UP_TREE, anchor: GENERATION.root, root: GENERATION.root }
const good = honest(GENERATION)

const asking = (peer: Peer) => ({
  async ask(query: Uint8Array): Promise<Uint8Array> {
    try {
      return encodeResponse(peer(decodeQuery(query), 0) as SyncResponse)
    } catch {
      return encodeResponse({ kind: 'error', code: 3, message: 'path not found', path: [] })
    }
  },
})

const paths = fc
  .tuple(fc.nat(LEAVES.length - 1), fc.nat(86))
  .map(([n, length]) => pathOf(LEAVES[n]?.key ?? new Uint8Array(0)).slice(0, length))

test('SYN-12 the leaves below any path come with their way to the root, and none is missing', async () => {
  await fc.assert(
    fc.asyncProperty(paths, async (path) => {
      const found = await pullSubtree(TARGET, path, asking(good), madeUpVerify)
      const expected = LEAVES.filter(({ key }) => path.every((element, depth) => pathOf(key)[depth] === element))
      const keys = (leaves: readonly ServedLeaf[]) => leaves.map(({ key }) => key.join()).sort()
      expect(keys(found?.leaves ?? [])).toEqual(keys(expected))
    }),
    { numRuns: 60 },
  )
})

test('where nothing is, nothing is claimed', async () => {
  const absent = [...pathOf(MADE_UP_TREE.shardKey.subarray(3)).slice(0, 42), 63, 63, 63, 63]
  expect(await pullSubtree(TARGET, absent, asking(good), madeUpVerify)).toBeNull()
  expect(await pullSubtree(TARGET, [63, 63], asking(good), madeUpVerify)).toBeNull()
})

const branches =
  (change: (answer: BranchAnswer) => SyncResponse): Peer =>
  (query, count) => {
    const answer = good(query, count) as SyncResponse
    return answer.kind === 'branch' ? change(answer) : answer
  }
const leaves =
  (change: (given: readonly ServedLeaf[]) => readonly ServedLeaf[]): Peer =>
  (query, count) => {
    const answer = good(query, count) as SyncResponse
    if (answer.kind !== 'leaves') return answer
    const changed = change(answer.leaves)
    return { ...answer, leaves: changed, total: BigInt(changed.length) }
  }

test('SYN-12 an altered sibling, prefix, leaf or a missing one is refused', async () => {
  const path = pathOf(LEAVES[0]?.key ?? new Uint8Array(0)).slice(0, 44)
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
  const changedChild = branches((answer) => ({
    ...answer,
    children: answer.children.map((child, n) =>
      n === 0 ? { ...child, commitment: flip(child.commitment, 20) } : child,
    ),
  }))
  const cases: readonly (readonly [string, Peer])[] = [
    ['altered sibling', changedChild],
    [
      'sibling left out',
      branches((answer) => ({
        ...answer,
        children: answer.children.filter(({ index }, n) => n > 0 || index === path[answer.fullPath.length]),
      })),
    ],
    ['other root', branches((answer) => ({ ...answer, commitment: flip(answer.commitment, 3) }))],
    [
      'leaf changed',
      leaves(([first, ...rest]) => (first ? [{ ...first, value: flip(first.value, 2) }, ...rest] : rest)),
    ],
    [
      'leaf added',
      leaves((given) => [
        ...given,
        {
          ...madeUpLeaf(1),
          key: (given.at(-1)?.key ?? new Uint8Array(64)).map((byte, index) => (index === 63 ? 255 : byte)),
        },
      ]),
    ],
  ]
  for (const [name, peer] of cases)
    await expect(pullSubtree(TARGET, path, asking(peer), madeUpVerify), name).rejects.toMatchObject({ code: 'root' })
  const half = await pullSubtree(TARGET, path.slice(0, 43), asking(good), madeUpVerify)
  expect(half?.leaves.length).toBeGreaterThan(1)
  await expect(
    pullSubtree(TARGET, path.slice(0, 43), asking(leaves((given) => given.slice(1))), madeUpVerify),
  ).rejects.toMatchObject({ code: 'root' })
})

test('a peer cannot lead a way in circles or ask for endless siblings', async () => {
  const path = pathOf(LEAVES[0]?.key ?? new Uint8Array(0))
  const circling = branches((answer) => ({ ...answer, fullPath: [] }))
  expect(await pullSubtree(TARGET, path, asking(circling), madeUpVerify)).toBeNull()
  await expect(
    pullSubtree(TARGET, path, asking(good), async () => false, { asks: 4, leaves: 1000 }),
  ).rejects.toMatchObject({ code: 'limit' })
})
