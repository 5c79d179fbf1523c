/** What the machines of a pull are told and what they ask for (spec 22 sections 5, 6). */
import type { Millis } from '../platform/machine.ts'
import type { BranchInfo, ServedLeaf, TreeName } from '../platform/state.ts'
import type { StagedPage } from './pages.ts'
import type { SyncProgress } from './progress.ts'

/** What is pulled, and what the result must be. */
export interface PullTarget {
  readonly tree: TreeName
  /** Root that names the generation: the shard's vertex adds root, or the prover root of a header. */
  readonly anchor: Uint8Array
  /** Root that the result must have, from a verified header; equal to the anchor for vertex adds. */
  readonly root: Uint8Array
}

export interface PullPolicy {
  /** Leaves asked for at once. */
  readonly pageLeaves: number
  /** Questions that one peer is asked before it answers. */
  readonly asksPerPeer: number
  /** After that long without an answer a question goes to another peer. */
  readonly askMillis: Millis
  /** After that long the pull is given up. */
  readonly pullMillis: Millis
  /** Questions left unanswered after which a peer is not asked any more. */
  readonly strikes: number
  /** Most leaves of a tree that is pulled. */
  readonly maxLeaves: number
  /** Most bytes of leaves that are set aside. */
  readonly maxBytes: number
}

/** Time limits of spec 22 section 7; four million leaves and 8 GiB bound what a lying count can ask for. */
export const PULL_POLICY: PullPolicy = {
  pageLeaves: 1000,
  asksPerPeer: 2,
  askMillis: 30_000,
  pullMillis: 20 * 60_000,
  strikes: 3,
  maxLeaves: 4_000_000,
  maxBytes: 2 ** 33,
}

/** Why a peer is not asked any more in this pull. */
export type DropCode =
  | 'root' // offers another root, or what it sent makes another root
  | 'refused' // answers errors
  | 'protocol' // bytes that are no answer to the question
  | 'truncated' // its pages and its count do not agree (H-02)
  | 'leaf' // a leaf contradicts itself, its shard or the order
  | 'limit' // more leaves or bytes than are taken
  | 'stalled' // did not answer in time, too often
  | 'gone' // the connection ended

export type PullEvent =
  /** First of all; `staged`: what an earlier run of the same target set aside. */
  | { readonly kind: 'start'; readonly staged: readonly StagedPage[] }
  | { readonly kind: 'peer'; readonly peer: string }
  | { readonly kind: 'gone'; readonly peer: string }
  | { readonly kind: 'answered'; readonly ask: number; readonly response: Uint8Array }
  /** The stream broke or was refused. */
  | { readonly kind: 'failed'; readonly ask: number; readonly reason: string }
  /** `reason` null: all trees have their roots. */
  | { readonly kind: 'checked'; readonly ask: number; readonly reason: string | null }
  /** Root of what was staged; null when the tree could not be built. Nothing is kept unless it is the target's. */
  | { readonly kind: 'rebuilt'; readonly root: Uint8Array | null }
  | { readonly kind: 'wake' }

export type PullEffect =
  /** One stream per peer for the whole pull: shard, phase and root never change on it (spec 22 section 3). */
  | { readonly kind: 'ask'; readonly ask: number; readonly peer: string; readonly query: Uint8Array }
  /** The answer is not wanted any more: close that peer's stream; other questions on it come back as `failed`. */
  | { readonly kind: 'abandon'; readonly ask: number; readonly peer: string }
  /** Run `checkBoundTrees` on a worker. */
  | { readonly kind: 'check'; readonly ask: number; readonly leaves: readonly ServedLeaf[] }
  /** Set aside, in any order, so that a restart can go on. */
  | { readonly kind: 'stage'; readonly page: StagedPage; readonly leaves: readonly ServedLeaf[] }
  /** Throw away everything set aside. */
  | { readonly kind: 'discard' }
  /** Build the tree from what is set aside, compare with the target, keep all or nothing. */
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'drop'; readonly peer: string; readonly code: DropCode; readonly reason: string }
  | { readonly kind: 'progress'; readonly progress: SyncProgress }
  /** No peer is left that could be asked: the pull waits for another. */
  | { readonly kind: 'starved' }
  | { readonly kind: 'wake'; readonly at: Millis }
  | { readonly kind: 'done'; readonly leaves: number }
  | { readonly kind: 'failed'; readonly code: 'timeout' | 'store'; readonly reason: string }

/** Local part of an incremental pull. */
export type LocalBranch = BranchInfo | null
