/** Where a client keeps what it verified, and what a person must know about it. */
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import type { LightLimits } from '@petal/core/light/policy.ts'
import { deleteHeader, loadSizes } from '@petal/core/light/records.ts'
import type { Store } from '@petal/core/platform/store.ts'
import { openIdbStore } from './idb-store.ts'

export interface ChosenStore {
  readonly store: Store
  /** Sentence for the state; null when all is as wished. */
  readonly note: string | null
}

/** IndexedDB, or memory where there is none: then it says so. */
export async function chooseStore(wish: 'memory' | 'indexeddb', name: string): Promise<ChosenStore> {
  if (wish === 'memory') return { store: new MemoryStore(), note: null }
  try {
    return { store: await openIdbStore(name), note: null }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { store: new MemoryStore(), note: `Nothing is kept after this tab closes: ${why}.` }
  }
}

/**
 * Two tabs verify the same network: one of them, elected by a Web Lock, writes the headers, the other only reads. When the writer closes, another
 * takes over. What must not be lost (`durable`: evidence) every tab writes.
 */
export function sharedStore(store: Store, lock: string, onElected: () => Promise<void>): Store & { resign(): void } {
  let writes = false
  let resign: () => void = () => {}
  const term = new Promise<void>((resolve) => {
    resign = resolve
  })
  const given = new AbortController()
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  if (locks === undefined) writes = true
  else {
    const elected = async () => {
      await onElected().catch(() => {})
      writes = true
      await term
    }
    locks.request(lock, { signal: given.signal }, elected).catch(() => {})
  }
  return {
    get: (key) => store.get(key),
    range: (options) => store.range(options),
    snapshot: () => store.snapshot(),
    batch: async (operations, durability) => {
      if (writes || durability === 'durable') await store.batch(operations, durability)
    },
    close: () => store.close(),
    resign: () => {
      given.abort()
      resign()
    },
  }
}

/** Whether nothing is kept of any network; true for a store that cannot be read. */
export async function isEmpty(store: Store): Promise<boolean> {
  try {
    for await (const _ of store.range({ limit: 1 })) return false
  } catch {
    return true
  }
  return true
}

/** Deletes the oldest headers that are over the limits, for instance of a tab that wrote before. */
export async function trim(store: Store, prefix: Uint8Array, limits: LightLimits): Promise<void> {
  const sizes = await loadSizes(store, prefix)
  let bytes = 0
  const surplus = sizes.filter(([, size], i) => {
    bytes += size
    return i >= limits.headers || bytes > limits.bytes
  })
  if (surplus.length > 0)
    await store.batch(
      surplus.map(([number]) => deleteHeader(prefix, number)),
      'relaxed',
    )
}
