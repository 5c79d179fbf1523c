/**
 * The state store as the addon exposes it: synchronous calls, made in the thread of `worker.ts` only. A call that cannot answer throws an
 * `Error` whose `code` is a `StateErrorCode`, `NodeErrorCode` or `full`.
 *
 * A generation is the number of the frame whose commit made it; `LIVE` reads what is not committed yet. Phases are 0 to 3 in the order of
 * `state_roots`; sets 0 vertex, 1 hyperedge; an atom id is 64 bytes, a shard key 35.
 */

import type { Phase } from '@petal/core/platform/state.ts'

/** The newest state, uncommitted changes included. */
export const LIVE = 0xffff_ffff_ffff_ffffn

/** How a store is opened; what is left out has the store's own default. */
export interface AddonStateOptions {
  /** Room held back for a clean stop on a full disk; 0 for none. Default 64 MiB. */
  readonly ballastBytes?: number
  /** Newest generations that are kept. Default 64. */
  readonly generations?: number
  /** Checks every page at the opening: reads the whole file. */
  readonly checkOnOpen?: boolean
  /** Reads what is left of a damaged store: only to verify it. */
  readonly salvage?: boolean
  /** Percent of the disk in use from which each level holds. Default 70, 90, 95. */
  readonly levels?: { readonly notice: number; readonly warning: number; readonly readOnly: number }
}

/** Fill of the disk; at `readOnly` frames are refused. */
export type DiskLevel = 'normal' | 'notice' | 'warning' | 'readOnly'

/** JSON of `describe`. */
export interface AddonStateInfo {
  /** Newest frame on disk, decimal; null in a new store. */
  readonly head: string | null
  /** Newest committed generation on disk, decimal; null in a new store. */
  readonly generation: string | null
  /** Random name of the store, hex. */
  readonly identity: string
  readonly disk: DiskLevel
}

/** JSON of `stats`. */
export interface AddonStats {
  readonly head: string | null
  readonly oldestGeneration: string
  readonly fileBytes: number
  /** Bytes of the file that hold nothing. */
  readonly reusableBytes: number
  readonly storedBytes: number
  /** Records by table. */
  readonly records: Readonly<Record<string, number>>
  readonly shards: number
  readonly disk: DiskLevel
  readonly diskBytes: number
  readonly diskFreeBytes: number
}

/** A record by its table and key, hex. */
export interface RecordName {
  readonly table: string
  readonly key: string
}

/** JSON of `verify`. */
export interface AddonVerified {
  readonly sound: boolean
  /** Whether the sums of the pages are right. */
  readonly pagesSound: boolean
  readonly records: number
  readonly bytes: number
  /** Trees whose links were followed. */
  readonly trees: number
  readonly damaged: readonly RecordName[]
  /** Records that another one promises and that are not there. */
  readonly missing: readonly RecordName[]
  /** Records that are not what leads to them says: of another path or kind, with other counts or sizes. */
  readonly wrong: readonly RecordName[]
  /** Records to which no kept generation leads. */
  readonly orphans: number
}

/** A tree by its shard key, hex, and its phase. */
export interface AddonTreeName {
  readonly shardKey: string
  readonly phase: Phase
}

/** A tree that a repair dropped, with the root that this store had for it when that is known. */
export interface AddonRefused extends AddonTreeName {
  readonly root: string | null
}

/** JSON of `repairStateStore`. */
export interface AddonRepaired {
  readonly head: string | null
  /** What could be read of a damaged file, and where that is kept; null when nothing was wrong. */
  readonly salvaged: { readonly copied: number; readonly unreadable: number; readonly kept: string } | null
  /** Trees built again from their leaves. */
  readonly rebuilt: readonly AddonTreeName[]
  /** Trees built again whose root was lost: right when the newest header commits to the state. */
  readonly unconfirmed: readonly AddonTreeName[]
  /** Trees that lack leaves: they have to come from a peer. */
  readonly refused: readonly AddonTreeName[]
  /** Records beside trees and frames that are gone. */
  readonly lostRecords: number
  /** Headers between the oldest and the newest frame that are gone. */
  readonly lostFrames: number
  /** Whether the newest frame has its header. */
  readonly headFrame: boolean
}

/** JSON of `voting`. */
export interface AddonVoting {
  /** `current`: may vote. `behind`: the store is older than what was said with it. `lost`, `foreign`: what was said is not known. */
  readonly standing: 'current' | 'behind' | 'lost' | 'foreign'
  /** Highest rank voted in, decimal. */
  readonly voteRank: string | null
  /** Newest frame that a store of this node had, decimal. */
  readonly recordedHead: string | null
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
  /** Sum of the sizes of the leaves, decimal. */
  readonly size: string
}

/** Parallel lists: one entry a leaf. */
export interface AddonLeafLists {
  readonly keys: Uint8Array[]
  readonly values: Uint8Array[]
  readonly hashTargets: Uint8Array[]
  /** Decimal. */
  readonly sizes: string[]
  readonly underlying: Uint8Array[]
}

export interface AddonLeaves extends AddonLeafLists {
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
  /** JSON `AddonCommitted` of the last commit, made again from the stored roots; nothing is listed as changed. */
  committed(): string
  /** One durable batch: the last commit, which is that of this frame, and its header unless that is null. */
  persist(frame: bigint, header: Uint8Array | null): void
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
  /** Replaces a tree by leaves in the order of their keys; the root that they make. Nothing changes unless it is expected. */
  replace(shardKey: Uint8Array, phase: number, leaves: AddonLeafLists, expected: Uint8Array): Uint8Array
  /** The same for single leaves: deletes, then puts. */
  patch(
    shardKey: Uint8Array,
    phase: number,
    deletes: Uint8Array[],
    puts: AddonLeafLists,
    expected: Uint8Array,
  ): Uint8Array
  /** Keys and values beside the state. */
  kv(): AddonKvTable
  /** JSON `AddonStats`. */
  stats(): string
  /** Reads everything and follows every link; JSON `AddonVerified`. Calls back with numbers of records: looked at, and all. */
  verify(progress?: (done: number, all: number) => void): string
  /** JSON list of `AddonRefused`: trees that a repair dropped and that are not there again. Nothing is applied or committed while there are any. */
  refused(): string
  /** Puts a tree in its place, as the newest generation has it; the root that the leaves make. Nothing changes unless it is expected. */
  restore(shardKey: Uint8Array, phase: number, leaves: AddonLeafLists, expected: Uint8Array): Uint8Array
  /** JSON `AddonVoting`. */
  voting(): string
  /** Records a vote, on disk when it returns. Throws `frame` unless the rank is above all recorded ones, `corrupt` unless the standing is `current`. */
  recordVote(rank: bigint): void
  /** Lets the store vote again, above this rank and all recorded ones. */
  acceptRollback(rank: bigint): void
  /** JSON list of `{shardKey, phase}`: the trees of the newest generation. */
  trees(): string
  /** Whether the leaves of a tree of the newest generation make its root. */
  verifyCommitments(shardKey: Uint8Array, phase: number): boolean
  /** Path of the copy. */
  backup(directory: string): string
  close(): void
}

/** Codes of errors are those of `StoreErrorCode`. View 0 is the newest commit. */
export interface AddonKvTable {
  get(view: number, key: Uint8Array): Uint8Array | null
  /** A page of the keys from `from`, included, to `to`, excluded. */
  range(
    view: number,
    from: Uint8Array | null,
    to: Uint8Array | null,
    reverse: boolean,
    limit: number,
    maxBytes: number,
  ): { readonly keys: Uint8Array[]; readonly values: Uint8Array[]; readonly more: boolean }
  /** Puts (1) and deletes (0) in order, all or none. */
  batch(puts: Uint8Array, keys: Uint8Array[], values: Uint8Array[], durable: boolean): void
  /** Holds a view of the newest commit; its number. */
  snapshot(): number
  release(view: number): void
}

export interface StateAddon {
  /** Opens or creates the store in a directory. `identity`: 16 random bytes that name a new one; `options`: JSON `AddonStateOptions`. */
  readonly StateStore: new (
    directory: string,
    identity: Uint8Array,
    options: string,
  ) => AddonStateStore
  /**
   * Looks at everything in a closed store and makes again what can be made again, in a thread of its own; JSON `AddonRepaired`. `options`: JSON
   * `AddonStateOptions`. Rejects with an `Error` whose message is a code, a colon and the reason.
   */
  repairStateStore(directory: string, options: string): Promise<string>
}
