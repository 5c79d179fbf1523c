/** Facts of a shard with more leaves than anybody adds up for a question (spec 51 section 5, hazard RPC-H12). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Code } from '@connectrpc/connect'
import { type Change, VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { shardKey } from '@petal/core/state/location.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NodeGeneration, NodeState } from '../../state/node-state.ts'
import { bigEndian, shardFacts } from './shard-facts.ts'

const LEAVES = 20_480
const DOMAIN = new Uint8Array(32).fill(0x51)
const KEY = shardKey(DOMAIN)
const TREE = { shardKey: KEY, phase: VERTEX_ADDS }
let directory: string
let state: NodeState
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-shard-facts-'))
  state = await NodeState.open(directory, { store: { ballastBytes: 0 } })
  await state.apply(Array.from({ length: LEAVES }, (_, number) => atom(number, 1 + (number % 50))))
  await state.commit(1n)
}, 300_000)
afterAll(async () => {
  await state?.close()
  await rm(directory, { recursive: true })
})

/** An atom with a value of so many bytes; addresses are spread over the tree. */
function atom(number: number, bytes: number): Change {
  const address = new Uint8Array(32)
  new DataView(address.buffer).setUint32(0, Math.imul(number, 0x9e3779b1) >>> 0)
  return { kind: 'add', location: { domain: DOMAIN, address, set: 'vertex' }, value: new Uint8Array(bytes).fill(1) }
}

async function addedUp(generation: NodeGeneration, path: readonly number[]): Promise<readonly [bigint, bigint]> {
  let [size, count] = [0n, 0n]
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await generation.leaves(TREE, path, { from, max: 1_000, maxBytes: 8 << 20 })
    for (const leaf of page.leaves) size += leaf.size
    count += BigInt(page.leaves.length)
    from = page.next
  }
  return [size, count]
}

test('RPC-H12 size and count of a shard with 20,480 leaves are those of its leaves, and no leaf is read for them', async () => {
  const generation = await state.generation()
  const reads: string[] = []
  const counted = {
    generation: async () => ({
      branch: (...question: Parameters<NodeGeneration['branch']>) => {
        reads.push(`branch ${question[0].phase}`)
        return generation.branch(...question)
      },
      release: () => undefined,
    }),
  }
  const { size, dataShards, commitment } = await shardFacts(counted, KEY, [])
  expect(reads).toEqual(['branch 0', 'branch 1', 'branch 2', 'branch 3'])
  expect([size, dataShards]).toEqual([bigEndian((await addedUp(generation, []))[0]), BigInt(LEAVES)])
  expect(commitment).toEqual(await generation.roots(KEY))
})

test('a node below the root has its own size, before and after a frame that changes it', async () => {
  const before = await state.generation()
  const { fullPath, children } = await before.branch(TREE, [])
  const path = [...fullPath, children[3]?.index ?? 0]
  const expectOwn = async (generation: NodeGeneration) => {
    const [size, count] = await addedUp(generation, path)
    const facts = await shardFacts({ generation: async () => generation }, KEY, path)
    expect([facts.size, facts.dataShards]).toEqual([bigEndian(size), count])
    return size
  }
  const first = await expectOwn(before)
  await state.apply(Array.from({ length: 200 }, (_, number) => atom(number, 400)))
  await state.commit(2n)
  expect(await expectOwn(await state.generation())).toBeGreaterThan(first)
  expect(await expectOwn(before)).toBe(first)
})

test('no such node has no size; a wrong key and a wrong path are refused', async () => {
  expect(await shardFacts(state, shardKey(new Uint8Array(32).fill(9)), [])).toEqual({
    prefix: [],
    size: new Uint8Array(0),
    dataShards: 0n,
    commitment: Array(4).fill(new Uint8Array(64)),
  })
  expect((await shardFacts(state, KEY, Array(87 - 1).fill(63))).dataShards).toBe(0n)
  for (const [key, path] of [
    [KEY.slice(1), []],
    [KEY.map((byte) => byte ^ 1), []],
    [KEY, [64]],
    [KEY, Array(87).fill(0)],
  ] as const)
    await expect(shardFacts(state, key, path)).rejects.toMatchObject({ code: Code.InvalidArgument })
})
