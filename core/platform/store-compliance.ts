/** What every `Store` must do, whatever is below it. Call it inside a Vitest file, in Node or in a browser. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RangeOptions, Store, StoreEntry, StoreOperation, StoreReader } from './store.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const put = (key: Uint8Array, value: Uint8Array): StoreOperation => ({ kind: 'put', key, value })
const del = (key: Uint8Array): StoreOperation => ({ kind: 'delete', key })

async function list(reader: StoreReader, options?: RangeOptions): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = []
  for await (const entry of reader.range(options)) entries.push(entry)
  return entries
}
const keysOf = async (reader: StoreReader, options?: RangeOptions) =>
  (await list(reader, options)).map((e) => [...e.key])

/** `makeStore` opens a fresh, empty store at each call; `reopen`, where the store outlives its process, opens the same one again. */
export function storeCompliance(name: string, makeStore: () => Promise<Store>, reopen?: () => Promise<Store>): void {
  describe(`Store: ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await makeStore()
    })
    afterEach(async () => {
      await store.close()
    })

    test('gives back what was put, and nothing for other keys', async () => {
      await store.batch([put(bytes(1), bytes(9, 8)), put(bytes(2), bytes())], 'durable')
      expect(await store.get(bytes(1))).toEqual(bytes(9, 8))
      expect(await store.get(bytes(2))).toEqual(bytes())
      expect(await store.get(bytes(3))).toBeUndefined()
      expect(await store.get(bytes(1, 0))).toBeUndefined()
    })

    test('operations of a batch apply in order: the last one on a key wins', async () => {
      await store.batch(
        [put(bytes(1), bytes(1)), put(bytes(1), bytes(2)), del(bytes(2)), put(bytes(2), bytes(3))],
        'relaxed',
      )
      await store.batch([put(bytes(3), bytes(1)), del(bytes(3)), del(bytes(7))], 'relaxed')
      expect(await list(store)).toEqual([
        { key: bytes(1), value: bytes(2) },
        { key: bytes(2), value: bytes(3) },
      ])
      await store.batch([], 'durable')
    })

    test('keys are in the order of their bytes, a prefix first', async () => {
      const keys = [bytes(255), bytes(0), bytes(1, 255), bytes(1), bytes(1, 0), bytes(128), bytes(127, 3)]
      await store.batch(
        keys.map((key) => put(key, key)),
        'relaxed',
      )
      expect(await keysOf(store)).toEqual([[0], [1], [1, 0], [1, 255], [127, 3], [128], [255]])
    })

    test('ranges: from is included, to is not; reversed and limited', async () => {
      await store.batch(
        [1, 2, 3, 4, 5].map((n) => put(bytes(n), bytes(n))),
        'relaxed',
      )
      expect(await keysOf(store, { from: bytes(2), to: bytes(4) })).toEqual([[2], [3]])
      expect(await keysOf(store, { from: bytes(4) })).toEqual([[4], [5]])
      expect(await keysOf(store, { to: bytes(2) })).toEqual([[1]])
      expect(await keysOf(store, { reverse: true, limit: 2 })).toEqual([[5], [4]])
      expect(await keysOf(store, { from: bytes(2), to: bytes(5), reverse: true })).toEqual([[4], [3], [2]])
      expect(await keysOf(store, { limit: 0 })).toEqual([])
      expect(await keysOf(store, { from: bytes(4), to: bytes(4) })).toEqual([])
      expect(await keysOf(store, { from: bytes(5), to: bytes(2) })).toEqual([])
    })

    test('a range can be left early, and read while batches go on', async () => {
      await store.batch(
        Array.from({ length: 300 }, (_, n) => put(bytes(n >> 8, n & 255), bytes(n & 255))),
        'relaxed',
      )
      let seen = 0
      for await (const { key } of store.range()) {
        if (seen++ === 3) break
        await store.batch([put(key, bytes(77))], 'relaxed')
      }
      expect(await store.get(bytes(0, 1))).toEqual(bytes(77))
      expect(await list(store)).toHaveLength(300)
    })

    test('what is handed in or out is a copy', async () => {
      const key = bytes(1)
      const value = bytes(2)
      const done = store.batch([put(key, value)], 'relaxed')
      await done
      key[0] = 9
      value[0] = 9
      const got = await store.get(bytes(1))
      expect(got).toEqual(bytes(2))
      if (got) got[0] = 7
      expect(await store.get(bytes(1))).toEqual(bytes(2))
    })

    test('a snapshot does not see later batches', async () => {
      await store.batch([put(bytes(1), bytes(1)), put(bytes(2), bytes(2))], 'relaxed')
      const snapshot = await store.snapshot()
      await store.batch([put(bytes(1), bytes(9)), del(bytes(2)), put(bytes(3), bytes(3))], 'relaxed')
      expect(await snapshot.get(bytes(1))).toEqual(bytes(1))
      expect(await list(snapshot)).toEqual([
        { key: bytes(1), value: bytes(1) },
        { key: bytes(2), value: bytes(2) },
      ])
      expect(await keysOf(snapshot, { reverse: true, limit: 1 })).toEqual([[2]])
      snapshot.release()
      await expect(snapshot.get(bytes(1))).rejects.toMatchObject({ code: 'closed' })
      expect(await store.get(bytes(1))).toEqual(bytes(9))
    })

    test('a batch with one wrong operation changes nothing', async () => {
      const wrong = [put(bytes(1), bytes(1)), put(bytes(), bytes(1))]
      await expect(store.batch(wrong, 'durable')).rejects.toMatchObject({ name: 'StoreError', code: 'arguments' })
      const long = [put(bytes(1), bytes(1)), put(new Uint8Array(513), bytes(1))]
      await expect(store.batch(long, 'durable')).rejects.toMatchObject({ code: 'arguments' })
      const large = [put(bytes(1), bytes(1)), put(bytes(2), new Uint8Array((16 << 20) + 1))]
      await expect(store.batch(large, 'durable')).rejects.toMatchObject({ code: 'arguments' })
      expect(await list(store)).toEqual([])
      await expect(store.get(bytes())).rejects.toMatchObject({ code: 'arguments' })
      await store.batch([put(new Uint8Array(512).fill(5), bytes(1))], 'durable')
      expect(await list(store)).toHaveLength(1)
    })

    test('batches that are not waited for apply in the order of their calls', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => store.batch([put(bytes(1), bytes(n))], n % 2 ? 'durable' : 'relaxed')),
      )
      expect(await store.get(bytes(1))).toEqual(bytes(19))
    })

    test('after close everything is refused as closed', async () => {
      await store.close()
      await store.close()
      await expect(store.get(bytes(1))).rejects.toMatchObject({ name: 'StoreError', code: 'closed' })
      await expect(store.batch([put(bytes(1), bytes(1))], 'durable')).rejects.toMatchObject({ code: 'closed' })
      await expect(list(store)).rejects.toMatchObject({ code: 'closed' })
      await expect(store.snapshot()).rejects.toMatchObject({ code: 'closed' })
    })

    if (reopen)
      test('what was durable is there when it is opened again', async () => {
        await store.batch([put(bytes(1), bytes(5))], 'durable')
        await store.close()
        if (reopen) store = await reopen()
        expect(await store.get(bytes(1))).toEqual(bytes(5))
      })

    test('behaves like a sorted map', async () => {
      const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 })
      const operation = fc.oneof(
        fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 3 }) }),
        fc.record({ kind: fc.constant('delete' as const), key }),
      )
      const model = new Map<string, StoreEntry>()
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { maxLength: 8 }),
          key,
          key,
          fc.boolean(),
          async (batch, from, to, reverse) => {
            await store.batch(batch, 'relaxed')
            for (const op of batch) {
              if (op.kind === 'put') model.set(`${op.key}`, { key: op.key, value: op.value })
              else model.delete(`${op.key}`)
            }
            const order = (a: Uint8Array, b: Uint8Array) => compare(a, b)
            const expected = [...model.values()]
              .filter((entry) => order(entry.key, from) >= 0 && order(entry.key, to) < 0)
              .sort((a, b) => (reverse ? -1 : 1) * order(a.key, b.key))
            expect(await list(store, { from, to, reverse })).toEqual(expected)
          },
        ),
        { numRuns: 40, seed: 4 },
      )
    })
  })
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
