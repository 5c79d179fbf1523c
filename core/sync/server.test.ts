import { expect, test } from 'vitest'
import { type Generation, StateError } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import { MADE_UP_TREE, madeUpLeaf, madeUpTrees } from './made-up.ts'
import { decodeResponse, encodeQuery, SYNC_CODE, type SyncQuery } from './messages.ts'
import { SyncServer } from './server.ts'
import { StreamBook } from './stream-limits.ts'

const LEAVES = Array.from({ length: 25 }, (_, n) => madeUpLeaf(n))
const NOTHING: Uint8Array = new Uint8Array(0)

/** Generations of a shard, newest last, which count who holds them. */
function stateOf(...generations: LeafGeneration[]) {
  const held = { count: 0, taken: 0 }
  const hold = (generation: LeafGeneration | undefined): Generation => {
    if (generation === undefined) throw new StateError('unavailable', 'none')
    held.count += 1
    held.taken += 1
    const unused = () => Promise.reject(new Error('not asked for'))
    return {
      frame: generation.frame,
      branch: (tree, path) => generation.branch(tree, path),
      leaves: (tree, path, range) => generation.leaves(tree, path, range),
      roots: unused,
      get: unused,
      prove: unused,
      release: () => {
        held.count -= 1
      },
    }
  }
  const state = {
    generation: async (wanted?: { readonly root: Uint8Array }) =>
      hold(wanted ? generations.find(({ root }) => compareBytes(root, wanted.root) === 0) : generations.at(-1)),
  }
  return { state, held, generations }
}

const branch = (path: readonly number[] = [], expectedRoot = NOTHING, tree = MADE_UP_TREE): SyncQuery => ({
  kind: 'branch',
  tree,
  path,
  expectedRoot,
})
const leaves = (token: string, maxLeaves = 10, expectedRoot = NOTHING): SyncQuery => ({
  ...branch([], expectedRoot),
  kind: 'leaves',
  maxLeaves,
  token: new TextEncoder().encode(token),
})

const old = new LeafGeneration(LEAVES, madeUpTrees)
const next = new LeafGeneration([...LEAVES, madeUpLeaf(99)], madeUpTrees)

test('SYN-02 a root that is asked for is enforced, and none means the latest', async () => {
  const { state } = stateOf(old, next)
  const stream = new SyncServer(state).open()
  const ask = async (query: SyncQuery) => decodeResponse(await stream.answer(encodeQuery(query)))
  expect(await ask(branch())).toMatchObject({ commitment: next.root, leafCount: 26n })
  expect(await ask(branch([], old.root))).toMatchObject({ commitment: old.root, leafCount: 25n })
  expect(await ask(branch([], new Uint8Array(74)))).toMatchObject({ kind: 'error', code: SYNC_CODE.unavailable })
  expect(await ask(branch([], new Uint8Array(5)))).toMatchObject({ kind: 'error', code: SYNC_CODE.unavailable })
})

test('SYN-04 pages follow their tokens, and a malformed one starts again', async () => {
  const stream = new SyncServer(stateOf(old).state).open()
  const page = async (token: string, max?: number) => {
    const answer = decodeResponse(await stream.answer(encodeQuery(leaves(token, max))))
    if (answer.kind !== 'leaves') throw new Error(answer.kind)
    return [answer.leaves.length, new TextDecoder().decode(answer.token), Number(answer.total)]
  }
  expect(await page('')).toEqual([10, '0000000a', 25])
  expect(await page('0000000A')).toEqual([10, '00000014', 25])
  expect(await page('00000014')).toEqual([5, '', 25])
  expect(await page('zz')).toEqual([10, '0000000a', 25])
  expect(await page('', 0)).toEqual([25, '', 25])
  expect(await page('ffffffff')).toEqual([0, '', 25])
})

test('a page is cut by its bytes, and holds at least one leaf', async () => {
  const stream = new SyncServer(stateOf(old).state, { pageBytes: 1 }).open()
  expect(decodeResponse(await stream.answer(encodeQuery(leaves(''))))).toMatchObject({ leaves: { length: 1 } })
})

test('SYN-11 a stream stays in its generation while frames go on, and lets it go when it ends', async () => {
  const { state, held, generations } = stateOf(old)
  const stream = new SyncServer(state).open()
  const first = decodeResponse(await stream.answer(encodeQuery(leaves('', 10, old.root))))
  generations.push(next)
  const second = decodeResponse(await stream.answer(encodeQuery(leaves('0000000a', 10, old.root))))
  expect([first, second]).toMatchObject([{ total: 25n }, { total: 25n }])
  generations.shift()
  expect(decodeResponse(await stream.answer(encodeQuery(leaves('00000014', 10, old.root))))).toMatchObject({
    total: 25n,
  })
  expect(held).toEqual({ count: 1, taken: 1 })
  stream.close()
  expect(held.count).toBe(0)
  expect(decodeResponse(await stream.answer(encodeQuery(branch())))).toMatchObject({ kind: 'error' })
  expect(held.count).toBe(0)
})

test('a query that is none, of no shard, or out of range is answered with its code', async () => {
  const faults: unknown[] = []
  const stream = new SyncServer(stateOf(old).state, { onFault: (fault) => faults.push(fault) }).open()
  const code = async (bytes: Uint8Array) => {
    const answer = decodeResponse(await stream.answer(bytes))
    return answer.kind === 'error' ? answer.code : answer.kind
  }
  const wrongL1 = {
    ...MADE_UP_TREE,
    shardKey: MADE_UP_TREE.shardKey.map((byte, index) => (index === 0 ? byte ^ 1 : byte)),
  }
  expect(await code(Uint8Array.of(0xff))).toBe(SYNC_CODE.unknown)
  expect(await code(new Uint8Array(2000))).toBe(SYNC_CODE.unknown)
  expect(await code(encodeQuery(branch([64])))).toBe(SYNC_CODE.path)
  expect(await code(encodeQuery(branch([63, 63])))).toBe(SYNC_CODE.notFound)
  expect(await code(encodeQuery(branch([], NOTHING, wrongL1)))).toBe(SYNC_CODE.shardKey)
  expect(await code(encodeQuery(branch([], NOTHING, { ...MADE_UP_TREE, shardKey: NOTHING })))).toBe(SYNC_CODE.shardKey)
  expect(faults).toEqual([])
})

test('a fault of the state is told to the operator and not to the peer', async () => {
  const faults: unknown[] = []
  const fault = new Error('disk on fire')
  const state = { generation: () => Promise.reject(fault) }
  const answer = await new SyncServer(state, { onFault: (seen) => faults.push(seen) })
    .open()
    .answer(encodeQuery(branch()))
  expect(decodeResponse(answer)).toEqual({
    kind: 'error',
    code: SYNC_CODE.internal,
    message: 'internal error',
    path: [],
  })
  expect(faults).toEqual([fault])
})

test('SYN-10 an empty tree is answered without commitment', async () => {
  const stream = new SyncServer(stateOf(new LeafGeneration([], madeUpTrees)).state).open()
  const answer = decodeResponse(await stream.answer(encodeQuery(branch())))
  expect(answer).toMatchObject({ commitment: NOTHING, children: [], isLeaf: false, leafCount: 0n })
})

test('H-07 streams are bounded per peer, over all, in age and idleness', () => {
  const book = new StreamBook({ perPeer: 2, overall: 3, streamMillis: 100, idleMillis: 10 })
  const [a, b] = [book.admit('x', 0), book.admit('x', 0)]
  expect([a, b]).not.toContain(null)
  expect(book.admit('x', 0)).toBeNull()
  expect(book.admit('x', 0, true)).not.toBeNull()
  expect(book.admit('y', 0)).toBeNull()
  expect(book.expired(9)).toEqual([])
  if (a === null || b === null) throw new Error('not admitted')
  book.use(a, 9)
  expect(book.expired(10)).not.toContain(a)
  expect(book.expired(10)).toContain(b)
  expect(book.expired(100)).toContain(a)
  book.end(a)
  book.end(a)
  expect(book.admit('y', 0)).not.toBeNull()
})
