/**
 * Incremental pull of one phase tree from one peer (spec 22 section 6): walks down where commitments differ and fetches only the leaves there.
 * Equal commitments mean equal leaves, since every leaf commitment holds its whole key. Whether the result is right is seen by its root alone:
 * the caller patches with the wanted root, tries again without descending, and makes a full copy where that fails too.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import {
  type BranchInfo,
  type Generation,
  type LeafRange,
  type LeavesPage,
  type ServedLeaf,
  StateError,
} from '../platform/state.ts'
import { isBranch } from '../state/branch-commitment.ts'
import { compareBytes } from '../state/bytes.ts'
import { pathOf } from '../state/location.ts'
import type { PullTarget } from './events.ts'
import { Exchange, type ExchangeLimits, PullError, type SyncPeer } from './exchange.ts'
import { boundTrees } from './leaf-check.ts'
import type { BranchAnswer } from './messages.ts'
import { judgeRoot } from './root-answer.ts'

export interface IncrementalOptions extends ExchangeLimits {
  /** Differing branches of at most that many leaves are fetched whole. */
  readonly fetchBelow: number
  /**
   * Whether to go below the children of the root. Peers of the current release hide the prefixes of the nodes there (SYN-08), which can lead
   * astray: where the patched tree has another root, pull again without.
   */
  readonly descend: boolean
}

/** Five minutes at a fast peer; a larger difference is better copied. */
export const INCREMENTAL: IncrementalOptions = { asks: 20_000, leaves: 200_000, fetchBelow: 64, descend: true }

export interface Difference {
  readonly puts: readonly ServedLeaf[]
  readonly deletes: readonly Uint8Array[]
  /** Leaves that the peer sent. */
  readonly fetched: number
}

/** Checks the trees that leaves are bound to; null or why not (`checkBoundTrees`, on a worker). */
export type CheckTrees = (leaves: readonly ServedLeaf[]) => Promise<string | null>

/** What to change of the local tree. Throws `PullError`; rejects with what the peer or the local state rejects with. */
export async function pullDifference(
  target: PullTarget,
  peer: SyncPeer,
  local: Pick<Generation, 'branch' | 'leaves'>,
  check: CheckTrees,
  options: Partial<IncrementalOptions> = {},
): Promise<Difference> {
  const walk = new Walk(target, peer, local, { ...INCREMENTAL, ...options })
  const difference = await walk.run()
  const bound = difference.puts.filter((leaf) => boundTrees(target.tree, leaf).length > 0)
  const reason = bound.length === 0 ? null : await check(bound)
  if (reason !== null) throw new PullError('leaf', reason)
  return difference
}

const samePath = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((element, depth) => b[depth] === element)

const sameLeaf = (a: ServedLeaf, b: ServedLeaf): boolean =>
  compareBytes(a.value, b.value) === 0 && compareBytes(a.hashTarget, b.hashTarget) === 0

class Walk {
  readonly #target: PullTarget
  readonly #remote: Exchange
  readonly #local: Pick<Generation, 'branch' | 'leaves'>
  readonly #options: IncrementalOptions
  /** By key in hex: the leaf to put, or null to delete. The last word on a key counts. */
  readonly #changes = new Map<string, { readonly key: Uint8Array; readonly leaf: ServedLeaf | null }>()
  /** Nodes still to compare. */
  readonly #open: { readonly path: readonly number[]; readonly parent: readonly number[] }[] = []

  constructor(
    target: PullTarget,
    peer: SyncPeer,
    local: Pick<Generation, 'branch' | 'leaves'>,
    options: IncrementalOptions,
  ) {
    this.#target = target
    this.#remote = new Exchange(peer, target.tree, target.anchor, options)
    this.#local = local
    this.#options = options
  }

  async run(): Promise<Difference> {
    const root = await this.#remote.branch([])
    if (root === null) throw new PullError('refused', 'no root')
    const judged = judgeRoot(root, this.#target.root)
    if ('reason' in judged) throw new PullError('root', judged.reason)
    await this.#compare([], root)
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      const node = await this.#remote.branch(next.path)
      if (node === null) await this.#astray(next.parent)
      else await this.#compare(next.path, node)
    }
    const changes = [...this.#changes.values()]
    return {
      puts: changes.flatMap(({ leaf }) => (leaf === null ? [] : [leaf])),
      deletes: changes.flatMap(({ key, leaf }) => (leaf === null ? [key] : [])),
      fetched: this.#remote.received,
    }
  }

  /** Compares the nodes at a path and goes on below. */
  async #compare(path: readonly number[], remote: BranchAnswer): Promise<void> {
    const local = await this.#localBranch(path)
    if (remote.leafCount === 0n) return await this.#settle(path, [])
    if (local !== null && compareBytes(local.commitment, remote.commitment) === 0) return
    const small = remote.leafCount <= BigInt(this.#options.fetchBelow)
    if (local === null || local.isLeaf || remote.isLeaf || small || !samePath(local.fullPath, remote.fullPath))
      return await this.#fetchKnown(path)
    const own = new Map(local.children.map(({ index, commitment }) => [index, commitment]))
    for (const { index, commitment } of remote.children) {
      const mine = own.get(index)
      own.delete(index)
      if (mine !== undefined && compareBytes(mine, commitment) === 0) continue
      const below = [...remote.fullPath, index]
      if (this.#options.descend && mine !== undefined && isBranch(mine) && isBranch(commitment))
        this.#open.push({ path: below, parent: path })
      else if (!(await this.#fetch(below))) return await this.#astray(path)
    }
    for (const index of own.keys()) await this.#settle([...remote.fullPath, index], [])
  }

  /** A peer that hides the prefix of a node leads to where nothing is: then all leaves of that node tell. */
  async #astray(path: readonly number[]): Promise<void> {
    const others = this.#open.filter(({ parent }) => parent !== path)
    this.#open.splice(0, this.#open.length, ...others)
    await this.#fetchKnown(path)
  }

  /** The same for a node that the peer has shown. */
  async #fetchKnown(path: readonly number[]): Promise<void> {
    if (!(await this.#fetch(path))) throw new PullError('truncated', 'a node without leaves')
  }

  /** Takes all remote leaves below a path; false when the peer has no such node. */
  async #fetch(path: readonly number[]): Promise<boolean> {
    const leaves = await this.#remote.leaves(path)
    if (leaves !== null) await this.#settle(path, leaves)
    return leaves !== null
  }

  /** From now on the leaves below the path are to be these. */
  async #settle(path: readonly number[], remote: readonly ServedLeaf[]): Promise<void> {
    const local = new Map((await this.#localLeaves(path)).map((leaf) => [bytesToHex(leaf.key), leaf]))
    for (const leaf of remote) {
      const own = pathOf(leaf.key)
      if (path.some((element, depth) => own[depth] !== element))
        throw new PullError('leaf', 'a leaf that is not below the path asked for')
      const name = bytesToHex(leaf.key)
      const mine = local.get(name)
      local.delete(name)
      if (mine !== undefined && sameLeaf(mine, leaf)) this.#changes.delete(name)
      else this.#changes.set(name, { key: leaf.key, leaf })
    }
    for (const [name, { key }] of local) this.#changes.set(name, { key, leaf: null })
  }

  async #localBranch(path: readonly number[]): Promise<BranchInfo | null> {
    const found = await absentAsNull(this.#local.branch(this.#target.tree, path))
    return found === null || found.leafCount === 0n ? null : found
  }

  async #localLeaves(path: readonly number[]): Promise<readonly ServedLeaf[]> {
    const all: ServedLeaf[] = []
    for (let from: number | undefined = 0; from !== undefined; ) {
      const range: LeafRange = { from, max: 1000, maxBytes: 8 << 20 }
      const page: LeavesPage | null = await absentAsNull(this.#local.leaves(this.#target.tree, path, range))
      all.push(...(page?.leaves ?? []))
      from = page?.next
    }
    return all
  }
}

async function absentAsNull<T>(wanted: Promise<T>): Promise<T | null> {
  try {
    return await wanted
  } catch (error) {
    if (error instanceof StateError && error.code === 'notFound') return null
    throw error
  }
}
