/** `Store` in IndexedDB: one object store of byte keys and byte values. */
import { checkKey, checkOperations, MemoryStore } from '@petal/core/light/memory-store.ts'
import {
  type Durability,
  type RangeOptions,
  type Store,
  type StoreEntry,
  StoreError,
  type StoreOperation,
  type StoreReader,
} from '@petal/core/platform/store.ts'
import { deleteDB, type IDBPDatabase, openDB } from 'idb'

const VERSION = 1
const NAME = 'entries'
/** Entries read at once while a range is walked: a transaction does not live while the reader does something else. */
const PAGE = 64

/** Opens (and creates) the database of that name. Rejects with `StoreError` `unavailable` where there is no storage. */
export async function openIdbStore(name: string): Promise<Store> {
  if (typeof indexedDB === 'undefined') throw new StoreError('unavailable', 'this browser has no IndexedDB here')
  let store: IdbStore | null = null
  try {
    const db = await openDB(name, VERSION, {
      upgrade: (fresh) => {
        fresh.createObjectStore(NAME)
      },
      // Another tab wants a newer version or deletes the database: this connection must not stand in its way.
      blocking: () => store?.lost('another tab replaced the storage of this client'),
      terminated: () => store?.lost('the browser closed the storage of this client'),
    })
    store = new IdbStore(db)
    return store
  } catch (cause) {
    throw new StoreError('unavailable', `storage is not available: ${textOf(cause)}`, { cause })
  }
}

/** Removes the database of that name, once nobody has it open. */
export async function deleteIdbStore(name: string): Promise<void> {
  await deleteDB(name)
}

class IdbStore implements Store {
  readonly #db: IDBPDatabase
  #closed: string | null = null
  #queue: Promise<unknown> = Promise.resolve()

  constructor(db: IDBPDatabase) {
    this.#db = db
  }

  lost(reason: string): void {
    this.#closed ??= reason
    this.#db.close()
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#check()
    checkKey(key)
    return await attempt(async () => bytesOf(await this.#db.get(NAME, idbKey(key))))
  }

  range(options: RangeOptions = {}): AsyncIterable<StoreEntry> {
    return { [Symbol.asyncIterator]: () => this.#walk(options) }
  }

  async batch(operations: readonly StoreOperation[], durability: Durability): Promise<void> {
    this.#check()
    checkOperations(operations)
    const copies = operations.map((operation) => structuredClone(operation))
    const written = this.#queue.then(() => attempt(() => this.#write(copies, durability)))
    this.#queue = written.catch(() => {})
    await written
  }

  async #write(operations: readonly StoreOperation[], durability: Durability): Promise<void> {
    const transaction = this.#db.transaction(NAME, 'readwrite', {
      durability: durability === 'durable' ? 'strict' : 'relaxed',
    })
    const { store } = transaction
    const requests = operations.map((operation) =>
      operation.kind === 'put'
        ? store.put(operation.value, idbKey(operation.key))
        : store.delete(idbKey(operation.key)),
    )
    // The transaction's own error says more (quota) than those of its requests.
    for (const request of requests) request.catch(() => {})
    await transaction.done
  }

  /** Everything at this moment, in memory: a tab keeps at most some megabytes. */
  async snapshot(): Promise<StoreReader & { release(): void }> {
    this.#check()
    const copy = new MemoryStore()
    await this.#queue
    const [keys, values] = await attempt(async () => {
      const { store } = this.#db.transaction(NAME)
      return await Promise.all([store.getAllKeys(), store.getAll()])
    })
    const operations = keys.map(
      (key, i): StoreOperation => ({ kind: 'put', key: keyOf(key), value: bytesOf(values[i]) ?? new Uint8Array(0) }),
    )
    await copy.batch(operations)
    return await copy.snapshot()
  }

  async close(): Promise<void> {
    if (this.#closed !== null) return
    this.#closed = 'the store was closed'
    await this.#queue
    this.#db.close()
  }

  async *#walk(options: RangeOptions): AsyncGenerator<StoreEntry> {
    let left = options.limit ?? Number.POSITIVE_INFINITY
    let { from, to } = options
    let openFrom = false
    while (left > 0) {
      this.#check()
      await this.#queue
      const page = await this.#page(from, to, openFrom, options.reverse ?? false, Math.min(PAGE, left))
      yield* page
      const last = page.at(-1)
      left -= page.length
      if (last === undefined || page.length < PAGE) return
      if (options.reverse) to = last.key
      else {
        from = last.key
        openFrom = true
      }
    }
  }

  #page(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    openFrom: boolean,
    reverse: boolean,
    count: number,
  ): Promise<StoreEntry[]> {
    const range = keyRange(from, to, openFrom)
    if (range === 'empty') return Promise.resolve([])
    return attempt(async () => {
      const page: StoreEntry[] = []
      const { store } = this.#db.transaction(NAME)
      let cursor = await store.openCursor(range, reverse ? 'prev' : 'next')
      while (cursor && page.length < count) {
        page.push({ key: keyOf(cursor.key), value: bytesOf(cursor.value) ?? new Uint8Array(0) })
        cursor = page.length < count ? await cursor.continue() : null
      }
      return page
    })
  }

  #check(): void {
    if (this.#closed !== null) throw new StoreError('closed', this.#closed)
  }
}

function keyRange(
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  openFrom: boolean,
): IDBKeyRange | null | 'empty' {
  if (from !== undefined && to !== undefined) {
    if (indexedDB.cmp(from, to) >= 0) return 'empty'
    return IDBKeyRange.bound(from, to, openFrom, true)
  }
  if (from !== undefined) return IDBKeyRange.lowerBound(from, openFrom)
  return to === undefined ? null : IDBKeyRange.upperBound(to, true)
}

/** A copy in a buffer of its own, as IndexedDB wants its keys. */
function idbKey(key: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(key)
}

function keyOf(key: IDBValidKey): Uint8Array {
  if (key instanceof ArrayBuffer) return new Uint8Array(key)
  throw new StoreError('corrupt', 'a stored key is not a byte string')
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw new StoreError('corrupt', 'a stored value is not a byte string')
}

async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof StoreError) throw cause
    const name = cause instanceof DOMException ? cause.name : ''
    if (name === 'QuotaExceededError') throw new StoreError('full', 'the storage of this browser is full', { cause })
    if (name === 'InvalidStateError') throw new StoreError('closed', 'the storage was closed', { cause })
    throw new StoreError('failed', `the storage failed: ${textOf(cause)}`, { cause })
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
