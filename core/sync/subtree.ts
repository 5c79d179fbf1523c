/**
 * One sub-tree for a light client (spec 22 section 6, SYN-12): the leaves below a path, and for every branch above them all its slots, so that
 * the root of a verified header can be recomputed without a pairing. Unlike a traversal proof this also shows that no leaf is missing.
 */
import type { ServedLeaf, TreeName } from '../platform/state.ts'
import { isBranch, slotOf } from '../state/branch-commitment.ts'
import { compareBytes } from '../state/bytes.ts'
import { pathOf } from '../state/location.ts'
import type { PullTarget } from './events.ts'
import { Exchange, type ExchangeLimits, PullError, type SyncPeer } from './exchange.ts'
import type { BranchAnswer } from './messages.ts'

/** A branch above the sub-tree. */
export interface SubtreeLevel {
  /** Elements between the slot above (or the root) and the branch's own slots. */
  readonly prefix: readonly number[]
  /** Slot that leads to the sub-tree. */
  readonly index: number
  /** All slots that are not empty, ascending, 64 bytes each. */
  readonly slots: readonly (readonly [index: number, slot: Uint8Array])[]
}

/** Whether the levels lead from the root to exactly these leaves: the engine's `subtreeVerify`, on a worker. */
export type VerifySubtree = (
  root: Uint8Array,
  levels: readonly SubtreeLevel[],
  leaves: readonly ServedLeaf[],
) => Promise<boolean>

export interface Subtree {
  readonly tree: TreeName
  /** All leaves below the path. Their values are proved under rule B; of rule A leaves only the hash targets are. */
  readonly leaves: readonly ServedLeaf[]
  readonly levels: readonly SubtreeLevel[]
}

/** Questions about siblings and leaves that one sub-tree may cost. */
export const SUBTREE_LIMITS: ExchangeLimits = { asks: 2000, leaves: 50_000 }

/**
 * Pulls and verifies all leaves below `path` (elements 0 to 63). Null when the peer says there are none, which proves nothing. Throws
 * `PullError`, and rejects with what the peer or the verifier rejects with.
 */
export async function pullSubtree(
  target: PullTarget,
  path: readonly number[],
  peer: SyncPeer,
  verify: VerifySubtree,
  limits: ExchangeLimits = SUBTREE_LIMITS,
): Promise<Subtree | null> {
  const remote = new Exchange(peer, target.tree, target.anchor, limits)
  const way = await wayTo(path, remote, target.root)
  if (way === null) return null
  const leaves = await remote.leaves(way.at)
  if (leaves === null || leaves.length === 0) return null
  // most siblings have no prefix: asking for them is left until the slots do not fit
  for (const prefixes of [noPrefix, (at: readonly number[]) => prefixAt(at, remote)]) {
    const levels = await levelsOf(way.branches, prefixes)
    if (await verify(target.root, levels, leaves)) return { tree: target.tree, leaves: below(leaves, path), levels }
  }
  throw new PullError('root', 'the sub-tree does not lead to the root')
}

const below = (leaves: readonly ServedLeaf[], path: readonly number[]): ServedLeaf[] =>
  leaves.filter(({ key }) => {
    const own = pathOf(key)
    return path.every((element, depth) => own[depth] === element)
  })

/** A branch on the way, the path of its slot, and the slot that is taken next. */
interface Step {
  readonly at: readonly number[]
  readonly node: BranchAnswer
  readonly index: number
}

/** Branches above the node that holds everything below the path, and where that node's slot is; null when the peer has nothing there. */
async function wayTo(
  path: readonly number[],
  remote: Exchange,
  root: Uint8Array,
): Promise<{ readonly branches: readonly Step[]; readonly at: readonly number[] } | null> {
  const branches: Step[] = []
  let at: readonly number[] = []
  for (let expected = root; ; ) {
    const node = await remote.branch(at)
    if (node === null) return null
    if (compareBytes(node.commitment, expected) !== 0) throw new PullError('root', 'a node of another commitment')
    const { fullPath, children, isLeaf } = node
    if (fullPath.some((element, depth) => depth < path.length && path[depth] !== element)) return null
    if (isLeaf || fullPath.length >= path.length) return { branches, at }
    const index = path[fullPath.length]
    const child = children.find((candidate) => candidate.index === index)
    if (index === undefined || child === undefined) return null
    branches.push({ at, node, index })
    at = [...fullPath, index]
    expected = child.commitment
    if (branches.length > path.length) throw new PullError('protocol', 'a way that does not get deeper')
  }
}

type PrefixOf = (at: readonly number[]) => Promise<readonly number[]>

const noPrefix: PrefixOf = async () => []

/** Prefix of the branch whose slot is at a path, as the peer tells it. */
async function prefixAt(at: readonly number[], remote: Exchange): Promise<readonly number[]> {
  const node = await remote.branch(at)
  return node === null ? [] : node.fullPath.slice(at.length)
}

async function levelsOf(branches: readonly Step[], prefixOf: PrefixOf): Promise<SubtreeLevel[]> {
  const levels: SubtreeLevel[] = []
  for (const [depth, { at, node, index }] of branches.entries()) {
    const slots: [number, Uint8Array][] = []
    const next = branches[depth + 1]
    for (const { index: slot, commitment } of node.children) {
      const own = [...node.fullPath, slot]
      const known = slot === index && next ? next.node.fullPath.slice(own.length) : undefined
      const prefix = isBranch(commitment) ? (known ?? (await prefixOf(own))) : []
      slots.push([slot, slotOf({ commitment, prefix })])
    }
    levels.push({ prefix: node.fullPath.slice(at.length), index, slots })
  }
  return levels
}
