/**
 * A generation of one tree made from its leaves, for small trees and tests: serves what a store of any size serves. Each branch is committed
 * once, when it is first asked for.
 */
import {
  type BranchInfo,
  type Generation,
  type LeafRange,
  type LeavesPage,
  type ServedLeaf,
  StateError,
  type TreeName,
  type Trees,
} from '../platform/state.ts'
import { leafCommitment } from './branch-commitment.ts'
import { compareBytes } from './bytes.ts'
import { pathOf } from './location.ts'

interface PlacedLeaf {
  readonly leaf: ServedLeaf
  readonly path: readonly number[]
}

const startsWith = (path: readonly number[], start: readonly number[]): boolean =>
  path.length >= start.length && start.every((element, depth) => path[depth] === element)

/** Serves only `branch` and `leaves`, of whatever tree is named. */
export class LeafGeneration implements Pick<Generation, 'frame' | 'branch' | 'leaves' | 'release'> {
  readonly frame: bigint
  readonly #leaves: readonly PlacedLeaf[]
  readonly #trees: Trees
  readonly #commitments = new Map<string, Uint8Array>()

  constructor(leaves: readonly ServedLeaf[], trees: Trees, frame = 0n) {
    this.frame = frame
    this.#trees = trees
    const sorted = leaves.toSorted((a, b) => compareBytes(a.key, b.key))
    this.#leaves = sorted.map((leaf) => ({ leaf, path: pathOf(leaf.key) }))
  }

  /** Root of the tree. */
  get root(): Uint8Array {
    return this.#commitment(this.#leaves)
  }

  async branch(_tree: TreeName, path: readonly number[]): Promise<BranchInfo> {
    return this.branchAt(path)
  }

  async leaves(_tree: TreeName, path: readonly number[], range: LeafRange): Promise<LeavesPage> {
    return this.leavesAt(path, range)
  }

  release(): void {}

  /** As `branch`, at once. */
  branchAt(path: readonly number[]): BranchInfo {
    const below = this.#below(path)
    const leafCount = BigInt(below.length)
    if (below.length <= 1) {
      const commitment = this.#commitment(below)
      return { fullPath: path, commitment, children: [], isLeaf: below.length === 1, leafCount }
    }
    const fullPath = commonPath(below)
    const children = groupByChild(below, fullPath.length).map(([index, group]) => ({
      index,
      commitment: this.#commitment(group),
    }))
    return { fullPath, commitment: this.#commitment(below), children, isLeaf: false, leafCount }
  }

  /** As `leaves`, at once. */
  leavesAt(path: readonly number[], { from, max, maxBytes }: LeafRange): LeavesPage {
    const below = this.#below(path)
    const page: ServedLeaf[] = []
    let bytes = 0
    for (const { leaf } of below.slice(from, from + max)) {
      bytes += leaf.key.length + leaf.value.length + leaf.hashTarget.length + leaf.underlyingData.length
      if (page.length > 0 && bytes > maxBytes) break
      page.push(leaf)
    }
    const end = from + page.length
    return { leaves: page, total: BigInt(below.length), ...(end < below.length ? { next: end } : {}) }
  }

  #below(path: readonly number[]): readonly PlacedLeaf[] {
    const below = path.length === 0 ? this.#leaves : this.#leaves.filter((leaf) => startsWith(leaf.path, path))
    if (below.length === 0 && path.length > 0) throw new StateError('notFound', 'no node at that path')
    return below
  }

  /** The node's own commitment: it does not depend on where the node stands. */
  #commitment(leaves: readonly PlacedLeaf[]): Uint8Array {
    const [first] = leaves
    if (first === undefined) return new Uint8Array(64)
    if (leaves.length === 1) return leafCommitment(first.leaf)
    const name = `${commonPath(leaves).join()}`
    const known = this.#commitments.get(name)
    if (known) return known
    const { root } = this.#trees.build(
      leaves.map(({ leaf }) => leaf),
      { commit: true },
    )
    this.#commitments.set(name, root)
    return root
  }
}

/** Longest path that all leaves share; they are in order, so the first and last decide. */
function commonPath(leaves: readonly PlacedLeaf[]): readonly number[] {
  const [first, last] = [leaves[0]?.path ?? [], leaves.at(-1)?.path ?? []]
  const end = first.findIndex((element, depth) => last[depth] !== element)
  return end < 0 ? first : first.slice(0, end)
}

function groupByChild(leaves: readonly PlacedLeaf[], depth: number): [number, PlacedLeaf[]][] {
  const groups = new Map<number, PlacedLeaf[]>()
  for (const leaf of leaves) {
    const index = leaf.path[depth] ?? 0
    const group = groups.get(index)
    if (group) group.push(leaf)
    else groups.set(index, [leaf])
  }
  return [...groups]
}
