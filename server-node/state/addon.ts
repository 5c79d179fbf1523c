/**
 * The state store as the addon exposes it: synchronous calls, made in the thread of `worker.ts` only. A call that cannot answer throws an
 * `Error` whose `code` is a `StateErrorCode` or `NodeErrorCode`.
 *
 * A generation is the number of the frame whose commit made it; `LIVE` reads what is not committed yet. Phases are 0 to 3 in the order of
 * `state_roots`; sets 0 vertex, 1 hyperedge; an atom id is 64 bytes, a shard key 35.
 */

/** The newest state, uncommitted changes included. */
export const LIVE = 0xffff_ffff_ffff_ffffn

/** JSON of `describe`. */
export interface AddonStateInfo {
  /** Newest frame on disk, decimal; null in a new store. */
  readonly head: string | null
  /** Newest committed generation on disk, decimal; null in a new store. */
  readonly generation: string | null
  /** Random name of the store, hex. */
  readonly identity: string
  /** `normal` | `notice` | `warning` | `readOnly` (70, 90, 95 % of the disk). */
  readonly disk: string
}

/** JSON of `commit`. Byte strings are hex. */
export interface AddonCommitted {
  readonly globalCommitments: readonly string[]
  readonly proverRoot: string
  readonly changed: readonly { readonly shardKey: string; readonly roots: readonly string[] }[]
}

/** JSON of `branch`. */
export interface AddonBranch {
  readonly fullPath: readonly number[]
  readonly commitment: string
  readonly children: readonly { readonly index: number; readonly commitment: string }[]
  readonly isLeaf: boolean
  readonly leafCount: string
}

/** Parallel lists: one entry a leaf. */
export interface AddonLeaves {
  readonly keys: readonly Uint8Array[]
  readonly values: readonly Uint8Array[]
  readonly hashTargets: readonly Uint8Array[]
  /** Decimal. */
  readonly sizes: readonly string[]
  readonly underlying: readonly Uint8Array[]
  /** Index of the next leaf, -1 on the last page. */
  readonly next: number
  readonly total: number
}

export interface AddonShardProof {
  readonly tree: number
  readonly proof: Uint8Array
}

export interface AddonStateStore {
  describe(): string
  /** Operations in order: bit 0 of a kind = remove, bit 1 = hyperedge. All or nothing. */
  apply(kinds: Uint8Array, ids: Uint8Array[], values: Uint8Array[]): void
  /** Commits in memory what was applied; durable with `persist`. JSON `AddonCommitted`. */
  commit(generation: bigint): string
  /** One durable batch: the last commit, if it is not on disk yet, and a frame. */
  persist(frame: bigint, header: Uint8Array): void
  /** Back to what is on disk. */
  discard(): void
  frame(number: bigint): Uint8Array | null
  get(set: number, id: Uint8Array, generation: bigint): Uint8Array | null
  /** Whether a tree of a generation holds the key. */
  holds(shardKey: Uint8Array, phase: number, key: Uint8Array, generation: bigint): boolean
  isRemoved(set: number, id: Uint8Array): boolean
  roots(shardKey: Uint8Array, generation: bigint): Uint8Array[]
  /** Newest generation at which the tree had this root; null when none is kept. */
  generationOf(shardKey: Uint8Array, phase: number, root: Uint8Array): bigint | null
  branch(shardKey: Uint8Array, phase: number, path: Uint8Array, generation: bigint): string
  leaves(
    shardKey: Uint8Array,
    phase: number,
    path: Uint8Array,
    generation: bigint,
    from: number,
    max: number,
    maxBytes: number,
  ): AddonLeaves
  /** Traversal proof, plain form. */
  prove(shardKey: Uint8Array, phase: number, keys: Uint8Array[], generation: bigint): Uint8Array
  /** Proof of the four roots of a shard in one global tree; null for a shard that is in none. */
  proveShard(shardKey: Uint8Array, generation: bigint): AddonShardProof | null
  /** Removes what is older than the kept generations. */
  prune(): void
  /** Reads everything; throws `corrupt` with what is wrong. JSON of what was read. */
  verify(): string
  /** Path of the copy. */
  backup(directory: string): string
  close(): void
}

export interface StateAddon {
  /** Opens or creates the store in a directory. `identity`: 16 random bytes that name a new one. */
  readonly StateStore: new (
    directory: string,
    identity: Uint8Array,
  ) => AddonStateStore
}
