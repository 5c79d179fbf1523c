/** Upkeep of a store, and its keys and values, as the state thread does them: plain values that cross threads. */
import { hexToBytes } from '@noble/hashes/utils.js'
import type { Phase, TreeName } from '@petal/core/platform/state.ts'
import type { StoreEntry, StoreOperation } from '@petal/core/platform/store.ts'
import type { AddonKvTable, AddonStateInfo, AddonStateStore, AddonStats, AddonVerified, DiskLevel } from './addon.ts'

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

export class StoreHost {
  protected readonly store: AddonStateStore
  readonly #kv: AddonKvTable

  constructor(store: AddonStateStore) {
    this.store = store
    this.#kv = store.kv()
  }

  describe(): StateInfo {
    const { head, generation, identity, disk } = JSON.parse(this.store.describe()) as AddonStateInfo
    const number = (text: string | null) => (text === null ? null : BigInt(text))
    return { head: number(head), generation: number(generation), identity, disk }
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

  verify(): AddonVerified {
    return JSON.parse(this.store.verify())
  }

  trees(): readonly TreeName[] {
    const trees = JSON.parse(this.store.trees()) as { readonly shardKey: string; readonly phase: Phase }[]
    return trees.map(({ shardKey, phase }) => ({ shardKey: hexToBytes(shardKey), phase }))
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
