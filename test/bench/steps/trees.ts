/** Trees in memory (spec 20 sections 7 to 9): insert and commit, check of a proof. Leaves are those of the reference's figures. */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { EngineTraversal, FullEngine } from '../../../core/platform/engine.ts'
import { demand, type Step } from '../step.ts'

const NONE = new Uint8Array(0)

export const LARGE_TREE = 'tree-100000'

interface Leaf {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const hash = (text: string, index: number): Uint8Array =>
  sha512(concatBytes(utf8ToBytes(text), Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index)))

const leavesOf = (count: number): Leaf[] =>
  Array.from({ length: count }, (_, index) => ({
    key: hash('petal-bench-key', index).slice(0, 32),
    value: hash('petal-bench-value', index),
  }))

/** Root of a new tree of these leaves, and a proof of one key when asked for. */
function build(engine: FullEngine, leaves: readonly Leaf[], prove?: Uint8Array) {
  const tree = new engine.Tree()
  try {
    for (const { key, value } of leaves) tree.insert(key, value, NONE, '1')
    const root = tree.commit()
    return { root, proof: prove === undefined ? null : (tree.prove([prove]) ?? null) }
  } finally {
    tree.free()
  }
}

/** Work of the addon's threads counts too: its clock is the CPU time of the process. */
const insertAndCommit = (count: number, native: number, repetitions: { native: number; wasm: number }): Step => ({
  name: `tree-${count}`,
  title: `tree insert + commit, ${count.toLocaleString('en-US')} leaves`,
  reference: { native, wasm: null },
  repetitions,
  prepare(engine) {
    const leaves = leavesOf(count)
    const expected = String(build(engine, leaves.toReversed()).root)
    return {
      operations: 1,
      run: () => demand(String(build(engine, leaves).root) === expected, 'another root of the same leaves'),
    }
  },
})

const traversalVerify: Step = {
  name: 'traversal-verify',
  title: 'traversal proof verify, 1 key of 1,000',
  reference: { native: null, wasm: null },
  repetitions: { native: 30, wasm: 20 },
  prepare(engine) {
    const leaves = leavesOf(1_000)
    const key = leaves[5]?.key ?? NONE
    const { root, proof } = build(engine, leaves, key)
    if (proof === null) throw new Error('a tree of 1,000 leaves gives no proof')
    const holds = (asked: Uint8Array): boolean =>
      (JSON.parse(engine.traversalVerify(root, [asked], proof)) as EngineTraversal).valid
    demand(!holds(leaves[6]?.key ?? NONE), 'the proof of another key was accepted')
    return { operations: 1, run: () => demand(holds(key), 'a good proof was refused') }
  },
}

export const treeSteps: readonly Step[] = [
  traversalVerify,
  insertAndCommit(1_000, 492_500, { native: 8, wasm: 3 }),
  insertAndCommit(10_000, 8_249_000, { native: 3, wasm: 1 }),
  // Half a minute in WASM: only where a node keeps such trees.
  { ...insertAndCommit(100_000, 54_580_000, { native: 1, wasm: 1 }), platforms: ['native'] },
]
