/**
 * A registry that is held: its leaves in order, and the commitments of its nodes as far as a comparison asked for them. Local side of an
 * incremental pull (spec 22 section 6). Never changed: a patch makes another one, which takes over the commitments that stay right.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Crypto } from '../platform/crypto.ts'
import {
  type BranchInfo,
  type Generation,
  type LeafRange,
  type LeavesPage,
  type ServedLeaf,
  StateError,
  type TreeName,
} from '../platform/state.ts'
import { leafCommitment } from '../state/branch-commitment.ts'
import { compareBytes } from '../state/bytes.ts'
import { pathOf } from '../state/location.ts'
import type { Difference } from '../sync/incremental.ts'

/** Shared by all registries that have the leaf. */
interface PlacedLeaf {
  readonly leaf: ServedLeaf
  readonly path: Uint8Array
}

type Commitments = Map<string, Uint8Array>

/** What a leaf takes beside its bytes, its place in one registry, and a commitment, each a little more than was measured. */
const LEAF_OVERHEAD = 1_024
const PLACE_BYTES = 16
const COMMITMENT_BYTES = 1_024

const startsWith = (path: Uint8Array, start: readonly number[]): boolean =>
  path.length >= start.length && start.every((element, depth) => path[depth] === element)

export class HeldRegistry implements Pick<Generation, 'branch' | 'leaves'> {
  readonly #leaves: readonly PlacedLeaf[]
  readonly #crypto: Pick<Crypto, 'rebuildRoot'>
  readonly #commitments: Commitments

  private constructor(leaves: readonly PlacedLeaf[], crypto: Pick<Crypto, 'rebuildRoot'>, commitments: Commitments) {
    this.#leaves = leaves.toSorted((a, b) => compareBytes(a.leaf.key, b.leaf.key))
    this.#crypto = crypto
    this.#commitments = commitments
  }

  static of(leaves: readonly ServedLeaf[], crypto: Pick<Crypto, 'rebuildRoot'>): HeldRegistry {
    return new HeldRegistry(leaves.map(placed), crypto, new Map())
  }

  get all(): readonly ServedLeaf[] {
    return this.#leaves.map(({ leaf }) => leaf)
  }

  get size(): number {
    return this.#leaves.length
  }

  /** Memory that it takes beside leaves that are held anyway. */
  footprint(held: ReadonlySet<object>): number {
    return this.#leaves.reduce(
      (sum, placed) => (held.has(placed) ? sum : sum + sizeOf(placed.leaf) + LEAF_OVERHEAD),
      this.#leaves.length * PLACE_BYTES + this.#commitments.size * COMMITMENT_BYTES,
    )
  }

  /** Its leaves, as `footprint` counts them: registries that were patched share them. */
  get shared(): readonly object[] {
    return this.#leaves
  }

  /** Root of all leaves. */
  root(signal?: AbortSignal): Promise<Uint8Array> {
    return this.#crypto.rebuildRoot(this.all, signal === undefined ? {} : { signal })
  }

  async branch(_tree: TreeName, path: readonly number[]): Promise<BranchInfo> {
    const below = this.#below(path)
    const leafCount = BigInt(below.length)
    if (below.length <= 1) {
      const commitment = await this.#commitment(below)
      return { fullPath: path, commitment, children: [], isLeaf: below.length === 1, leafCount }
    }
    const fullPath = commonPath(below)
    const groups = Map.groupBy(below, (leaf) => leaf.path[fullPath.length] ?? 0)
    const children = []
    for (const [index, group] of groups) children.push({ index, commitment: await this.#commitment(group) })
    return { fullPath, commitment: await this.#commitment(below), children, isLeaf: false, leafCount }
  }

  async leaves(_tree: TreeName, path: readonly number[], { from, max }: LeafRange): Promise<LeavesPage> {
    const below = this.#below(path)
    const leaves = below.slice(from, from + max).map(({ leaf }) => leaf)
    const end = from + leaves.length
    return { leaves, total: BigInt(below.length), ...(end < below.length ? { next: end } : {}) }
  }

  /** What this becomes by a pulled difference. Says nothing about its root. */
  patched({ puts, deletes }: Difference): HeldRegistry {
    const leaves = new Map(this.#leaves.map((placed) => [bytesToHex(placed.leaf.key), placed]))
    for (const key of deletes) leaves.delete(bytesToHex(key))
    for (const leaf of puts) leaves.set(bytesToHex(leaf.key), placed(leaf))
    const changed = [...deletes, ...puts.map(({ key }) => key)].map((key) => `${pathOf(key).join()},`)
    const kept = [...this.#commitments].filter(([name]) => !changed.some((path) => path.startsWith(name)))
    return new HeldRegistry([...leaves.values()], this.#crypto, new Map(kept))
  }

  #below(path: readonly number[]): readonly PlacedLeaf[] {
    const below = path.length === 0 ? this.#leaves : this.#leaves.filter((leaf) => startsWith(leaf.path, path))
    if (below.length === 0 && path.length > 0) throw new StateError('notFound', 'no node at that path')
    return below
  }

  /** The node's own commitment, which does not depend on where it stands. */
  async #commitment(leaves: readonly PlacedLeaf[]): Promise<Uint8Array> {
    const [first] = leaves
    if (first === undefined) return new Uint8Array(64)
    if (leaves.length === 1) return leafCommitment(first.leaf)
    const name = commonPath(leaves)
      .map((element) => `${element},`)
      .join('')
    const known = this.#commitments.get(name)
    if (known) return known
    const made = await this.#crypto.rebuildRoot(leaves.map(({ leaf }) => leaf))
    this.#commitments.set(name, made)
    return made
  }
}

/** With bytes of its own: those of a peer are pieces of a page, which one leaf would hold as a whole. */
function placed(leaf: ServedLeaf): PlacedLeaf {
  const { key, value, hashTarget, underlyingData } = leaf
  const own = new Uint8Array(sizeOf(leaf))
  let at = 0
  const moved = (bytes: Uint8Array): Uint8Array => {
    own.set(bytes, at)
    at += bytes.length
    return own.subarray(at - bytes.length, at)
  }
  const copy = {
    key: moved(key),
    value: moved(value),
    hashTarget: moved(hashTarget),
    underlyingData: moved(underlyingData),
  }
  return { leaf: { ...copy, size: leaf.size }, path: Uint8Array.from(pathOf(key)) }
}

const sizeOf = ({ key, value, hashTarget, underlyingData }: ServedLeaf): number =>
  key.length + value.length + hashTarget.length + underlyingData.length

/** Longest path that all leaves share; they are in order, so the first and the last decide. */
function commonPath(leaves: readonly PlacedLeaf[]): readonly number[] {
  const [first = [], last = []] = [leaves[0]?.path, leaves.at(-1)?.path]
  const end = first.findIndex((element, depth) => last[depth] !== element)
  return Array.from(end < 0 ? first : first.slice(0, end))
}
