import { descriptionOf } from '@petal/core/light/made-up.ts'
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { DEFAULT_LIMITS } from '@petal/core/light/policy.ts'
import { loadSizes, putHeader, storePrefix } from '@petal/core/light/records.ts'
import type { Store, StoreOperation } from '@petal/core/platform/store.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { chooseStore, sharedStore, trim } from './choose-store.ts'

const put = (n: number): StoreOperation => ({ kind: 'put', key: Uint8Array.of(n), value: Uint8Array.of(n) })
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

/** Web Locks of one origin: one holder for each name, others wait in order. */
function fakeLocks() {
  let last: Promise<unknown> = Promise.resolve()
  return {
    request: (_name: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) => {
      const mine = last.then(async () => {
        signal.throwIfAborted()
        await run()
      })
      last = mine.catch(() => {})
      return mine
    },
  }
}

afterEach(() => vi.unstubAllGlobals())

describe('the store of a client', () => {
  test('without IndexedDB it is memory, and says that nothing is kept', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const { store, note } = await chooseStore('indexeddb', 'any')
    expect(store).toBeInstanceOf(MemoryStore)
    expect(note).toMatch(/^Nothing is kept after this tab closes: .*IndexedDB/)
    expect((await chooseStore('memory', 'any')).note).toBeNull()
  })

  test('of two tabs one writes headers, and the other takes over; evidence every tab writes', async () => {
    vi.stubGlobal('navigator', { locks: fakeLocks() })
    const store: Store = new MemoryStore()
    const elected: string[] = []
    const one = sharedStore(store, 'lock', async () => void elected.push('one'))
    const two = sharedStore(store, 'lock', async () => void elected.push('two'))
    await settled()
    await two.batch([put(1)], 'relaxed')
    expect(await one.get(Uint8Array.of(1))).toBeUndefined()
    await one.batch([put(2)], 'relaxed')
    expect(await two.get(Uint8Array.of(2))).toEqual(Uint8Array.of(2))
    await two.batch([put(3)], 'durable')
    expect(await one.get(Uint8Array.of(3))).toEqual(Uint8Array.of(3))
    one.resign()
    await settled()
    await two.batch([put(4)], 'relaxed')
    expect(await store.get(Uint8Array.of(4))).toEqual(Uint8Array.of(4))
    expect(elected).toEqual(['one', 'two'])
  })

  test('where there are no Web Locks every tab writes', async () => {
    vi.stubGlobal('navigator', {})
    const store = sharedStore(new MemoryStore(), 'lock', async () => {})
    await store.batch([put(1)], 'relaxed')
    expect(await store.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
  })

  test('who takes over deletes what is over the limits, oldest first', async () => {
    const store = new MemoryStore()
    const prefix = storePrefix(descriptionOf([], 0))
    const stored = { bytes: new Uint8Array(100), timeProof: true }
    await store.batch(Array.from({ length: 12 }, (_, n) => putHeader(prefix, BigInt(n), stored)))
    await trim(store, prefix, { ...DEFAULT_LIMITS, headers: 10 })
    expect((await loadSizes(store, prefix)).map(([n]) => Number(n))).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    await trim(store, prefix, { ...DEFAULT_LIMITS, bytes: 320 })
    expect((await loadSizes(store, prefix)).map(([n]) => Number(n))).toEqual([11, 10, 9])
  })
})
