/** `Store` (core/platform/store.ts) on the table of keys and values of the state store. */
import {
  type Durability,
  type RangeOptions,
  type Store,
  type StoreEntry,
  StoreError,
  type StoreOperation,
  type StoreReader,
} from '@petal/core/platform/store.ts'
import type { StateThread } from './thread.ts'

/** The newest commit, in the numbers that the addon gives to views. */
const NEWEST = 0
/** Entries of a page of a range. */
const PAGE = 1000

/** A view of the table. A range reads page by page; over the newest commit later pages show later batches. */
class KvReader implements StoreReader {
  protected readonly thread: StateThread
  readonly #view: number
  #closed = false

  constructor(thread: StateThread, view: number) {
    this.thread = thread
    this.#view = view
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.checkOpen()
    return this.thread.call('kvGet', this.#view, key)
  }

  async *range(options: RangeOptions = {}): AsyncIterable<StoreEntry> {
    const { reverse = false } = options
    let { from, to } = options
    let left = options.limit ?? Number.POSITIVE_INFINITY
    for (let more = true; more && left > 0; ) {
      this.checkOpen()
      const page = await this.thread.call('kvRange', this.#view, { from, to, reverse, limit: Math.min(left, PAGE) })
      yield* page.entries
      left -= page.entries.length
      const last = page.entries.at(-1)?.key
      more = page.more && last !== undefined
      if (last === undefined) continue
      if (reverse) to = last
      else from = Uint8Array.of(...last, 0)
    }
  }

  protected checkOpen(): void {
    if (this.#closed || this.thread.closed) throw new StoreError('closed', 'the store was closed')
  }

  protected end(): void {
    this.#closed = true
  }
}

class KvSnapshot extends KvReader {
  readonly #release: () => void

  constructor(thread: StateThread, view: number) {
    super(thread, view)
    this.#release = () => {
      // A thread that has ended has no views any more.
      if (!thread.closed) void thread.call('kvRelease', view).catch(() => undefined)
    }
  }

  /** Idempotent. A view that is not released ends by itself after 30 s. */
  release(): void {
    this.#release()
    this.end()
  }
}

export class KvStore extends KvReader implements Store {
  constructor(thread: StateThread) {
    super(thread, NEWEST)
  }

  async batch(operations: readonly StoreOperation[], durability: Durability): Promise<void> {
    this.checkOpen()
    await this.thread.call('kvBatch', operations, durability === 'durable')
  }

  async snapshot(): Promise<StoreReader & { release(): void }> {
    this.checkOpen()
    return new KvSnapshot(this.thread, await this.thread.call('kvSnapshot'))
  }

  /** Ends this access; the state below goes on. Idempotent. */
  async close(): Promise<void> {
    this.end()
  }
}
