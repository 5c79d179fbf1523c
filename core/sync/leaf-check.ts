/** What a pulled leaf must be before it is kept (spec 22 section 5 step 4, H-03, H-08; SYN-03, SYN-06). */
import { HYPEREDGE_ADDS, HYPEREDGE_REMOVES, type ServedLeaf, type TreeName, type Trees } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import { SHARD_KEY_BYTES } from '../state/location.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'

const KEY_BYTES = 64
/** Lengths of a vertex atom: 00 || id || commitment of 64 or 74 || size. */
const ATOM_BYTES: readonly number[] = [161, 171]
const ID_END = 1 + KEY_BYTES
const SIZE_BYTES = 32

const equal = (a: Uint8Array, b: Uint8Array): boolean => compareBytes(a, b) === 0

/** Null, or why a page of leaves is wrong: keys of another shard, out of order or repeated, values that contradict their leaf. */
export function checkPage(tree: TreeName, leaves: readonly ServedLeaf[]): string | null {
  let before: Uint8Array | undefined
  for (const leaf of leaves) {
    if (leaf.key.length !== KEY_BYTES) return `a key of ${leaf.key.length} bytes`
    if (!equal(leaf.key.subarray(0, 32), tree.shardKey.subarray(SHARD_KEY_BYTES - 32))) return 'a key of another shard'
    if (before !== undefined && compareBytes(before, leaf.key) >= 0) return 'keys out of order or repeated'
    const reason = checkValue(tree, leaf)
    if (reason !== null) return reason
    before = leaf.key
  }
  return null
}

function checkValue(tree: TreeName, leaf: ServedLeaf): string | null {
  const { key, value, hashTarget, underlyingData } = leaf
  if (hashTarget.length === 0)
    return underlyingData.length === 0 || equal(underlyingData, value)
      ? null
      : 'a data tree beside the value that is hashed'
  if (!isAtom(tree, value)) return null
  if (!equal(value.subarray(1, ID_END), key)) return 'the atom of another key'
  if (isHyperedge(tree)) return null
  return equal(value.subarray(ID_END, value.length - SIZE_BYTES), hashTarget) ? null : 'an atom of another commitment'
}

const isHyperedge = ({ phase }: TreeName): boolean => phase === HYPEREDGE_ADDS || phase === HYPEREDGE_REMOVES

const isAtom = (tree: TreeName, value: Uint8Array): boolean =>
  isHyperedge(tree) ? value[0] === 1 && value.length >= ID_END : value[0] === 0 && ATOM_BYTES.includes(value.length)

/** Trees of a leaf that its hash target must be the root of; none for a leaf that hashes its value. */
export function boundTrees(tree: TreeName, leaf: ServedLeaf): Uint8Array[] {
  if (leaf.hashTarget.length === 0) return []
  const value = !isAtom(tree, leaf.value)
    ? leaf.value
    : isHyperedge(tree)
      ? leaf.value.subarray(ID_END)
      : new Uint8Array(0)
  return [leaf.underlyingData, value].filter((blob) => blob.length > 0)
}

/**
 * Recomputes the roots of the trees that hash targets bind: heavy, for a worker. Null, or which leaf does not hold. Commitments, sizes and
 * counts inside the trees are not looked at.
 */
export function checkBoundTrees(tree: TreeName, leaves: readonly ServedLeaf[], trees: Trees): string | null {
  for (const leaf of leaves)
    for (const blob of boundTrees(tree, leaf))
      if (!isRootOf(leaf.hashTarget, blob, trees)) return 'a data tree that its hash target does not bind'
  return null
}

/** Codes of `readTreeLeaves` and `Trees.build` for bytes that are no tree. */
const UNBUILDABLE: readonly string[] = ['corrupt', 'empty', 'length', 'range', 'arguments']

function isRootOf(root: Uint8Array, blob: Uint8Array, trees: Trees): boolean {
  try {
    return equal(trees.build(readTreeLeaves(blob), { commit: true }).root, root)
  } catch (error) {
    // a tree that cannot be read or built is not the one that was hashed; anything else is a fault of ours
    if (error instanceof Error && 'code' in error && UNBUILDABLE.includes(String(error.code))) return false
    throw error
  }
}
