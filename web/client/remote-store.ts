/** The embedder's own store, which lives in the page, used by the worker. */
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { type RangeOptions, type Store, type StoreEntry, StoreError } from '@petal/core/platform/store.ts'
import type { Remote } from 'comlink'
import type { PageServices, StoreReply } from './page-services.ts'

export function remoteStore(page: Remote<PageServices>): Store {
  async function* walk(options: RangeOptions): AsyncGenerator<StoreEntry> {
    yield* unpack(await page.range(options))
  }
  return {
    get: async (key) => unpack(await page.get(key)),
    range: (options = {}) => walk(options),
    batch: async (operations, durability) => unpack(await page.batch(operations, durability)),
    snapshot: async () => {
      const copy = new MemoryStore()
      const entries = unpack(await page.range({}))
      await copy.batch(entries.map((entry) => ({ kind: 'put', ...entry })))
      return await copy.snapshot()
    },
    close: async () => {},
  }
}

function unpack<T>(reply: StoreReply<T>): T {
  if (reply.ok) return reply.value
  throw new StoreError(reply.code, reply.message)
}
