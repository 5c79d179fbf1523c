/** Upkeep of a store, and its keys and values, as the state thread does them: plain values that cross threads. */
import { hexToBytes } from '@noble/hashes/utils.js'
import type { TreeName } from '@petal/core/platform/state.ts'
import type { StoreEntry, StoreOperation } from '@petal/core/platform/store.ts'
import type {
  AddonKvTable,
  AddonRefused,
  AddonStateInfo,
  AddonStateStore,
  AddonStats,
  AddonTreeName,
  AddonVerified,
  AddonVoting,
  DiskLevel,
} from './addon.ts'

export interface StateInfo {
  readonly head: bigint | null
  readonly generation: bigint | null
  readonly identity: string
  readonly disk: DiskLevel
}

/** Part of a range of the table of keys and values. */
export interface KvPage {
  readonly entries: readonly StoreEntry[]
  readonly more: boolean
}

export interface KvRange {
  readonly from: Uint8Array | undefined
  readonly to: Uint8Array | undefined
  readonly reverse: boolean
  readonly limit: number
}

/** About so many bytes cross the threads at a time. */
const KV_PAGE_BYTES = 4 << 20

/** What the voters of this node have said, and whether its store is at least as new (spec 30 section 10). */
export interface Voting {
  readonly standing: AddonVoting['standing']
  readonly voteRank: bigint | null
  readonly recordedHead: bigint | null
}

/** A tree that a repair dropped. */
export interface MissingTree extends TreeName {
  /** The root that this store had for it; null when that is lost too. */
  readonly root: Uint8Array | null
}

/** Hears how much of a long call is done. */
export type Tell = (done: number, all: number) => void

export class StoreHost {
  protected readonly store: AddonStateStore
  readonly #kv: AddonKvTable

  constructor(store: AddonStateStore) {
    this.store = store
    this.#kv = store.kv()
  }

  describe(): StateInfo {
    const { head, generation, identity, disk } = JSON.parse(this.store.describe()) as AddonStateInfo
    return { head: numberOf(head), generation: numberOf(generation), identity, disk }
  }

  kvGet(view: number, key: Uint8Array): Uint8Array | undefined {
    return this.#kv.get(view, key) ?? undefined
  }

  kvRange(view: number, range: KvRange): KvPage {
    const { from, to, reverse, limit } = range
    const page = this.#kv.range(view, from ?? null, to ?? null, reverse, limit, KV_PAGE_BYTES)
    const entries = page.keys.map((key, index) => ({ key, value: page.values[index] ?? new Uint8Array(0) }))
    return { entries, more: page.more }
  }

  kvBatch(operations: readonly StoreOperation[], durable: boolean): void {
    this.#kv.batch(
      Uint8Array.from(operations, ({ kind }) => (kind === 'put' ? 1 : 0)),
      operations.map(({ key }) => key),
      operations.map((operation) => (operation.kind === 'put' ? operation.value : new Uint8Array(0))),
      durable,
    )
  }

  kvSnapshot(): number {
    return this.#kv.snapshot()
  }

  kvRelease(view: number): void {
    this.#kv.release(view)
  }

  /** Fill of the disk; free pages of the file are counted once it is not normal. */
  disk(): DiskLevel {
    const { disk } = this.describe()
    return disk === 'normal' ? disk : this.stats().disk
  }

  stats(): AddonStats {
    return JSON.parse(this.store.stats())
  }

  verify(tell: Tell): AddonVerified {
    return JSON.parse(this.store.verify(tell))
  }

  trees(): readonly TreeName[] {
    return treesOf(this.store.trees())
  }

  /** Trees that a repair dropped and that are not there again. */
  refused(): readonly MissingTree[] {
    const trees = JSON.parse(this.store.refused()) as readonly AddonRefused[]
    return trees.map(({ shardKey, phase, root }) => ({
      shardKey: hexToBytes(shardKey),
      phase,
      root: root === null ? null : hexToBytes(root),
    }))
  }

  voting(): Voting {
    const { standing, voteRank, recordedHead } = JSON.parse(this.store.voting()) as AddonVoting
    return { standing, voteRank: numberOf(voteRank), recordedHead: numberOf(recordedHead) }
  }

  recordVote(rank: bigint): void {
    this.store.recordVote(rank)
  }

  acceptRollback(rank: bigint): void {
    this.store.acceptRollback(rank)
  }

  verifyCommitments({ shardKey, phase }: TreeName): boolean {
    return this.store.verifyCommitments(shardKey, phase)
  }

  prune(): void {
    this.store.prune()
  }

  backup(directory: string): string {
    return this.store.backup(directory)
  }

  close(): void {
    this.store.close()
  }
}

const numberOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text))

function treesOf(json: string): readonly TreeName[] {
  const trees = JSON.parse(json) as readonly AddonTreeName[]
  return trees.map(({ shardKey, phase }) => ({ shardKey: hexToBytes(shardKey), phase }))
}
