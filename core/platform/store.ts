/**
 * `Store`: ordered byte keys with atomic batches. Implementations: memory (`core/light/memory-store.ts` and tests), IndexedDB (`web/client`),
 * later native. One compliance suite (`core/platform/store-compliance.ts`) runs on all.
 *
 * Keys are compared bytewise; a shorter key that is a prefix of a longer one comes first. Keys are 1 to 512 bytes, values up to
 * 16 MiB; longer is the programming mistake `arguments`.
 */

export interface StoreEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export type StoreOperation =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array }

/** `durable`: on disk when the promise resolves. `relaxed`: ordered and atomic, may be lost in a crash. */
export type Durability = 'durable' | 'relaxed'

export interface RangeOptions {
  /** Inclusive lower end; absent = from the first key. */
  readonly from?: Uint8Array
  /** Exclusive upper end; absent = to the last key. */
  readonly to?: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

export type StoreErrorCode =
  | 'arguments' // key or value out of bounds
  | 'unavailable' // no storage here (private mode), or blocked
  | 'full' // quota or disk
  | 'closed' // after close(), or another context deleted the database
  | 'corrupt' // what is stored cannot be read back
  | 'failed' // anything else; see cause

export class StoreError extends Error {
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

/** A consistent view; later batches do not change it. `release()` it soon. */
export interface StoreReader {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  range(options?: RangeOptions): AsyncIterable<StoreEntry>
}

export interface Store extends StoreReader {
  /** All operations or none, in order (a later operation on the same key wins). */
  batch(operations: readonly StoreOperation[], durability: Durability): Promise<void>
  snapshot(): Promise<StoreReader & { release(): void }>
  close(): Promise<void>
}
