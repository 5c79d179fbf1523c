/** Trees for tests: the shape of the real ones, with hashes where the real ones have KZG commitments. Binding, and fast. */
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { ServedLeaf, TreeLeaf, TreeName, Trees } from '../platform/state.ts'
import { type ChildNode, leafCommitment, slotOf, slotsOf } from '../state/branch-commitment.ts'
import { compareBytes } from '../state/bytes.ts'
import { pathOf, shardKey } from '../state/location.ts'
import type { VerifySubtree } from './subtree.ts'

const NOTHING = new Uint8Array(0)

/** Stands for the KZG commitment of 64 slots: 74 bytes. */
export function madeUpCommit(slots: Uint8Array): Uint8Array {
  const hash = sha512(slots)
  return concatBytes(Uint8Array.of(2), hash, hash.subarray(0, 9))
}

interface Placed {
  readonly leaf: TreeLeaf
  readonly path: readonly number[]
}

interface Made {
  readonly commitment: Uint8Array
  readonly prefix: readonly number[]
  readonly blob: Uint8Array
}

const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
const long = (bytes: Uint8Array) => concatBytes(u32(0), u32(bytes.length), bytes)
const number = (value: bigint) => (value === 0n ? NOTHING : Uint8Array.of(Number(value >> 8n), Number(value & 0xffn)))

function make(leaves: readonly Placed[], depth: number): Made {
  const [first, last] = [leaves[0], leaves.at(-1)]
  if (first === undefined || last === undefined)
    return { commitment: new Uint8Array(64), prefix: [], blob: Uint8Array.of(0) }
  if (leaves.length === 1) {
    const { key, value, hashTarget, size } = first.leaf
    const commitment = leafCommitment(first.leaf)
    const fields = [key, value, hashTarget, commitment, number(size)].map(long)
    return { commitment, prefix: [], blob: concatBytes(Uint8Array.of(1), ...fields) }
  }
  let end = depth
  while (first.path[end] === last.path[end]) end += 1
  const prefix = first.path.slice(depth, end)
  const groups = Map.groupBy(leaves, ({ path }) => path[end] ?? 0)
  const children: (ChildNode & Made)[] = [...groups].map(([index, group]) => ({ index, ...make(group, end + 1) }))
  const commitment = madeUpCommit(slotsOf(children))
  const slots = Array.from(
    { length: 64 },
    (_, slot) => children.find(({ index }) => index === slot)?.blob ?? Uint8Array.of(0),
  )
  const tail = [long(commitment), long(NOTHING), new Uint8Array(12)]
  const blob = concatBytes(Uint8Array.of(2), u32(prefix.length), ...prefix.map(u32), ...slots, ...tail)
  return { commitment, prefix, blob }
}

export const madeUpTrees: Trees = {
  build(leaves) {
    const byKey = new Map(leaves.map((leaf) => [leaf.key.join(), leaf]))
    const sorted = [...byKey.values()].sort((a, b) => compareBytes(a.key, b.key))
    const { commitment, blob } = make(
      sorted.map((leaf) => ({ leaf, path: pathOf(leaf.key) })),
      0,
    )
    return { blob, root: commitment, size: leaves.reduce((sum, leaf) => sum + leaf.size, 0n) }
  },
}

/** A shard whose address begins with 05. */
export const MADE_UP_DOMAIN: Uint8Array = Uint8Array.of(5, ...sha256(utf8ToBytes('domain')).subarray(1))
export const MADE_UP_TREE: TreeName = { shardKey: shardKey(MADE_UP_DOMAIN), phase: 0 }

/** Leaf number n of a shard, the same each time: rule A when `ruleA`. `version` changes its value and not its key. */
export function madeUpLeaf(n: number, { ruleA = false, version = 0 } = {}): ServedLeaf {
  const key = concatBytes(MADE_UP_DOMAIN, sha256(u32(n)))
  const fields = [0, 1, 2].map((order) => ({
    key: Uint8Array.of(order << 2),
    value: sha256(concatBytes(u32(n), u32(version), u32(order))),
    hashTarget: NOTHING,
    size: 32n,
  }))
  const { blob, root } = madeUpTrees.build(fields, { commit: true })
  if (!ruleA) return { key, value: blob, hashTarget: NOTHING, size: BigInt(blob.length), underlyingData: NOTHING }
  const atom = concatBytes(Uint8Array.of(0), key, root, new Uint8Array(32))
  return { key, value: atom, hashTarget: root, size: 96n, underlyingData: blob }
}

/** Stands for the engine's check of a sub-tree. */
export const madeUpVerify: VerifySubtree = async (root, levels, leaves) => {
  const position: number[] = []
  let expected: Uint8Array | null = null
  for (const { prefix, index, slots } of levels) {
    const vector = new Uint8Array(4096)
    for (const [slot, value] of slots) vector.set(value, slot * 64)
    const commitment = madeUpCommit(vector)
    const own = expected === null ? commitment : slotOf({ commitment, prefix })
    if (compareBytes(own, expected ?? root) !== 0) return false
    position.push(...prefix, index)
    expected = slots.find(([slot]) => slot === index)?.[1] ?? new Uint8Array(0)
  }
  const placed = leaves.map((leaf) => ({ leaf, path: pathOf(leaf.key) }))
  if (placed.some(({ path }) => position.some((element, depth) => path[depth] !== element))) return false
  const made = make(placed, position.length)
  return compareBytes(expected === null ? made.commitment : slotOf(made), expected ?? root) === 0
}
