/**
 * `Trees` and `State`: what core asks of the crates that hold and commit world state (docs/protocol/20, 21, 22). Core decides which leaves
 * are written; the implementation holds the trees, commits them and proves. Implementations: one over the engine's trees and a `Store`
 * (Node), one in memory (tests, small networks).
 */

/** What a tree keeps for one key (spec 20 section 8.1). */
export interface TreeLeaf {
  /** 1 to 64 bytes; keys of one tree are prefix-free as paths (spec 20 section 7). */
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Hashed instead of the value when not empty. */
  readonly hashTarget: Uint8Array
  /** Bytes this leaf counts for; not bound by any commitment. */
  readonly size: bigint
}

export interface BuiltTree {
  /** `ser(tree)` (spec 20 section 8.5). */
  readonly blob: Uint8Array
  /** 64 bytes for no or one leaf, 74 otherwise. Computed also when the blob is written without a commit. */
  readonly root: Uint8Array
  /** Sum of the leaf sizes. */
  readonly size: bigint
}

/** Trees built from leaves at once. Synchronous and heavy: a worker or the Node program calls it. */
export interface Trees {
  /**
   * Inserts the leaves in the given order into an empty tree. With `commit` the blob is serialised after a commit, without it before:
   * empty branch commitments and the sizes of Variant R (spec 20 section 8.4), which leaf rule B makes visible in roots.
   * Throws an `Error` whose code is `empty`, `length`, `range` or `arguments` for a key that cannot be in a tree with the others, a field
   * that is too long, or a negative size.
   */
  build(leaves: readonly TreeLeaf[], options: { readonly commit: boolean }): BuiltTree
}

/** The four trees of a shard in the order of `state_roots` (spec 21 section 4); also `HypergraphPhaseSet` on the wire. */
export type Phase = 0 | 1 | 2 | 3
export const VERTEX_ADDS: Phase = 0
export const VERTEX_REMOVES: Phase = 1
export const HYPEREDGE_ADDS: Phase = 2
export const HYPEREDGE_REMOVES: Phase = 3
export const PHASES: readonly Phase[] = [VERTEX_ADDS, VERTEX_REMOVES, HYPEREDGE_ADDS, HYPEREDGE_REMOVES]

/** Where one atom lives (spec 21 section 1). */
export interface Location {
  /** 32-byte application address; one shard. */
  readonly domain: Uint8Array
  /** 32-byte data address. */
  readonly address: Uint8Array
  readonly set: 'vertex' | 'hyperedge'
}

/** One write to the phase sets (spec 21 section 4.2), under leaf rule B. */
export type Change =
  | { readonly kind: 'add'; readonly location: Location; readonly value: Uint8Array }
  | { readonly kind: 'remove'; readonly location: Location }

/** Changes in the order in which they are applied. */
export type ChangeList = readonly Change[]

/** Names one tree of one shard. */
export interface TreeName {
  /** 35 bytes: L1 || L2 (spec 21 section 1). */
  readonly shardKey: Uint8Array
  readonly phase: Phase
}

/** Four roots of one shard, 64 or 74 bytes each. */
export interface ShardRoots {
  readonly shardKey: Uint8Array
  readonly roots: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
}

/** What `commit` made: the content of the next header. */
export interface Committed {
  readonly frame: bigint
  /** 256 values, 64 or 74 bytes each (spec 21 section 6, frame rule). */
  readonly globalCommitments: readonly Uint8Array[]
  /** Root of the registry's vertex adds. */
  readonly proverRoot: Uint8Array
  /** Shards whose roots differ from the commit before. */
  readonly changed: readonly ShardRoots[]
}

export interface BranchChild {
  /** 0 to 63. */
  readonly index: number
  /** The child's own commitment, without its prefix. */
  readonly commitment: Uint8Array
}

/** The node at a path (spec 20 section 8.6, spec 22 section 3). */
export interface BranchInfo {
  /** Path of the node, its prefix included; of a leaf, the requested path. */
  readonly fullPath: readonly number[]
  readonly commitment: Uint8Array
  readonly children: readonly BranchChild[]
  readonly isLeaf: boolean
  readonly leafCount: bigint
}

/** A leaf as it is kept and served: `underlyingData` is `ser(data tree)` of a rule A vertex, empty otherwise (spec 22 section 3). */
export interface ServedLeaf extends TreeLeaf {
  readonly underlyingData: Uint8Array
}

/** Which leaves below a node are wanted. */
export interface LeafRange {
  /** Index of the first one. */
  readonly from: number
  readonly max: number
  /** About as many bytes; one leaf may be longer. */
  readonly maxBytes: number
}

export interface LeavesPage {
  readonly leaves: readonly ServedLeaf[]
  /** Index of the first leaf after the page; absent on the last page. */
  readonly next?: number
  /** Leaves below the node. */
  readonly total: bigint
}

export type StateErrorCode =
  | 'arguments' // a key, path or location that no state can have
  | 'removed' // an add to a location that was removed: removals are for ever
  | 'frame' // a commit of a frame that is not newer than the last one
  | 'notFound' // no node at the path
  | 'unavailable' // no such generation (any more)
  | 'closed'
  | 'corrupt' // what is stored does not fit together
  | 'failed' // anything else; see cause

export class StateError extends Error {
  readonly code: StateErrorCode
  constructor(code: StateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StateError'
    this.code = code
  }
}

/** A committed state that later commits do not change; `release()` it soon. */
export interface Generation {
  readonly frame: bigint
  /** Roots of a shard in this generation; 64 zero bytes each for a shard that does not exist. */
  roots(shardKey: Uint8Array): Promise<ShardRoots['roots']>
  /** Value of an atom that is in adds and not in removes. */
  get(location: Location): Promise<Uint8Array | undefined>
  /** The node at `path` (elements 0 to 63); `notFound` when there is none. An empty tree answers path [] with no children and count 0. */
  branch(tree: TreeName, path: readonly number[]): Promise<BranchInfo>
  /** Leaves below the node at `path` in path order from index `from`; at most `max` leaves and about `maxBytes` bytes, at least one leaf. */
  leaves(tree: TreeName, path: readonly number[], range: LeafRange): Promise<LeavesPage>
  /** Traversal proof (spec 20 section 9) of keys of one tree; `notFound` names a missing key: absence has no proof. */
  prove(tree: TreeName, keys: readonly Uint8Array[]): Promise<Uint8Array>
  release(): void
}

/** World state. Methods may be called concurrently; `apply` and `commit` take effect in the order of the calls. */
export interface State {
  /** Newest value, uncommitted changes included; `undefined` when absent or removed. */
  get(location: Location): Promise<Uint8Array | undefined>
  /** Whether the location is in a removes tree, for ever. */
  isRemoved(location: Location): Promise<boolean>
  /** All changes or none. */
  apply(changes: ChangeList): Promise<void>
  /** Commits what was applied since the last commit and publishes a generation; durable when the promise resolves. */
  commit(frame: bigint): Promise<Committed>
  /**
   * The newest generation, or the newest one in which the vertex adds of the shard had that root (spec 22 section 4: 64 are kept);
   * `unavailable` when there is none.
   */
  generation(wanted?: { readonly shardKey: Uint8Array; readonly root: Uint8Array }): Promise<Generation>
  /** Replaces one tree by leaves that sync has pulled and checked. Returns the root they make; unless it is the expected one nothing changes. */
  replace(tree: TreeName, leaves: AsyncIterable<ServedLeaf>, expectedRoot: Uint8Array): Promise<Uint8Array>
  /** The same for single leaves of one tree: deletes, then inserts or overwrites. */
  patch(
    tree: TreeName,
    changes: { readonly deletes: readonly Uint8Array[]; readonly puts: readonly ServedLeaf[] },
    expectedRoot: Uint8Array,
  ): Promise<Uint8Array>
  close(): Promise<void>
}
