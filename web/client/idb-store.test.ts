import 'fake-indexeddb/auto'
import { storeCompliance } from '@petal/core/platform/store-compliance.ts'
import { describe, expect, test } from 'vitest'
import { deleteIdbStore, openIdbStore } from './idb-store.ts'

let count = 0
storeCompliance(
  'IndexedDB (fake)',
  () => openIdbStore(`suite-${++count}`),
  () => openIdbStore(`suite-${count}`),
)

describe('IndexedDB', () => {
  test('a database that another tab deletes is closed, and nothing blocks', async () => {
    const store = await openIdbStore('shared')
    const other = await openIdbStore('shared')
    await store.batch([{ kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) }], 'durable')
    expect(await other.get(Uint8Array.of(1))).toEqual(Uint8Array.of(2))
    await deleteIdbStore('shared')
    await expect(store.get(Uint8Array.of(1))).rejects.toMatchObject({ code: 'closed' })
    await expect(other.batch([], 'relaxed')).rejects.toMatchObject({ code: 'closed' })
  })

  test('without IndexedDB it is unavailable', async () => {
    const { indexedDB: held } = globalThis
    Reflect.deleteProperty(globalThis, 'indexedDB')
    await expect(openIdbStore('none')).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    globalThis.indexedDB = held
  })

  test('a database that refuses to open (private mode) is unavailable', async () => {
    const open = indexedDB.open
    indexedDB.open = () => {
      throw new DOMException('denied', 'SecurityError')
    }
    await expect(openIdbStore('private')).rejects.toMatchObject({ code: 'unavailable' })
    indexedDB.open = open
  })

  test('a full disk is full', async () => {
    const store = await openIdbStore('quota')
    const put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('no space', 'QuotaExceededError')
    }
    const batch = store.batch([{ kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) }], 'relaxed')
    await expect(batch).rejects.toMatchObject({ name: 'StoreError', code: 'full' })
    IDBObjectStore.prototype.put = put
    await store.batch([{ kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(3) }], 'relaxed')
    expect(await store.get(Uint8Array.of(1))).toEqual(Uint8Array.of(3))
    await store.close()
  })
})
