import {
  type RangeOptions,
  type Store,
  type StoreEntry,
  StoreError,
  type StoreOperation,
  type StoreReader,
} from '../platform/store.ts'

/** Longest key and value of every store (`core/platform/store.ts`). */
export const STORE_LIMITS = { keyBytes: 512, valueBytes: 16 << 20 } as const

/** Throws `StoreError` `arguments` for an operation that no store takes. */
export function checkOperations(operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    checkKey(operation.key)
    if (operation.kind === 'put' && operation.value.length > STORE_LIMITS.valueBytes) {
      throw new StoreError(
        'arguments',
        `value of ${operation.value.length} bytes, at most ${STORE_LIMITS.valueBytes} are kept`,
      )
    }
  }
}

/** Throws `StoreError` `arguments` for a key that no store takes. */
export function checkKey(key: Uint8Array): void {
  if (key.length < 1 || key.length > STORE_LIMITS.keyBytes) {
    throw new StoreError('arguments', `key of ${key.length} bytes, it has 1 to ${STORE_LIMITS.keyBytes}`)
  }
}

/** Bytewise order; a prefix comes first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

type Entries = readonly StoreEntry[]

/** A `Store` that lives as long as the program: for tests, and where nothing else is available. */
export class MemoryStore implements Store {
  /** Ascending by key; replaced as a whole by each batch, so that readers keep theirs. */
  #entries: Entries = []
  #closed = false

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return get(this.#open(), key)
  }

  range(options: RangeOptions = {}): AsyncIterable<StoreEntry> {
    return { [Symbol.asyncIterator]: () => range(this.#open(), options) }
  }

  async batch(operations: readonly StoreOperation[]): Promise<void> {
    checkOperations(operations)
    const entries = [...this.#open()]
    for (const operation of operations) {
      const at = position(entries, operation.key)
      const found = entries[at] !== undefined && compareKeys(entries[at].key, operation.key) === 0
      if (operation.kind === 'delete') entries.splice(at, found ? 1 : 0)
      else entries.splice(at, found ? 1 : 0, { key: operation.key.slice(), value: operation.value.slice() })
    }
    this.#entries = entries
  }

  async snapshot(): Promise<StoreReader & { release(): void }> {
    let entries: Entries | null = this.#open()
    const held = (): Entries => {
      if (entries === null) throw new StoreError('closed', 'the snapshot was released')
      return entries
    }
    return {
      get: async (key) => get(held(), key),
      range: (options = {}) => ({ [Symbol.asyncIterator]: () => range(held(), options) }),
      release: () => {
        entries = null
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#entries = []
  }

  #open(): Entries {
    if (this.#closed) throw new StoreError('closed', 'the store was closed')
    return this.#entries
  }
}

/** Where `key` is, or would be. */
function position(entries: Entries, key: Uint8Array): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && compareKeys(entry.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function get(entries: Entries, key: Uint8Array): Uint8Array | undefined {
  checkKey(key)
  const entry = entries[position(entries, key)]
  return entry !== undefined && compareKeys(entry.key, key) === 0 ? entry.value.slice() : undefined
}

async function* range(entries: Entries, options: RangeOptions): AsyncGenerator<StoreEntry> {
  const from = options.from === undefined ? 0 : position(entries, options.from)
  const to = options.to === undefined ? entries.length : position(entries, options.to)
  const selected = entries.slice(from, Math.max(from, to))
  if (options.reverse) selected.reverse()
  for (const { key, value } of selected.slice(0, options.limit)) yield { key: key.slice(), value: value.slice() }
}
