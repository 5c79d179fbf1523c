import 'fake-indexeddb/auto'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { openDB } from 'idb'
import { afterEach, expect, test, vi } from 'vitest'
import { loadNativeEngine } from '../../../test/engines/native.ts'
import { ClientError } from '../errors.ts'
import { openSealedIdentity, sealIdentity } from './exported.ts'
import { browserIdentityStore } from './identity-store.ts'
import type { StoredIdentity } from './identity-types.ts'
import { IdentityKeeper } from './keeper.ts'
import { newBrowserKey, wrapSeed } from './wrapping.ts'

const engine = loadNativeEngine()
const keeper = (store = browserIdentityStore()) =>
  new IdentityKeeper(
    store,
    async () => engine,
    () => 1_700_000_000_000,
  )
/** Cost of the derivation in tests. */
const LOG2_N = 10

afterEach(() => void indexedDB.deleteDatabase('petal-identity'))

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  return error instanceof ClientError ? error.code : String(error)
}

async function withRecord(change: (record: StoredIdentity) => unknown): Promise<void> {
  const db = await openDB('petal-identity', 1)
  await db.put('identity', change(await db.get('identity', 'own')), 'own')
  db.close()
}

test('an identity is made once, and two tabs that make it at the same time have the same one', async () => {
  const [a, b] = [keeper(), keeper()]
  expect(await a.current()).toBe(null)
  const [first, second] = await Promise.all([a.identity(), b.identity()])
  expect(second).toEqual(first)
  expect(first).toMatchObject({ protection: 'browser', created: 1_700_000_000_000 })
  expect(first.peerId).toMatch(/^Qm\w{44}$/)
  expect(await keeper().identity()).toEqual(first)
  const { seed, publicKey } = await keeper().open()
  expect(bytesToHex(engine.ed448PublicKey(seed))).toBe(first.publicKey)
  expect(bytesToHex(publicKey)).toBe(first.publicKey)
})

test('OPS-H3 what is stored holds no key in the clear, is bound to its name, and its wrapping key cannot be exported', async () => {
  await keeper().identity()
  const { seed } = await keeper().open()
  let stored: StoredIdentity | undefined
  await withRecord((record) => {
    stored = record
    return record
  })
  if (stored?.lock.kind !== 'browser') throw new Error('no key of the browser')
  expect(stored.lock.key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('raw', stored.lock.key)).rejects.toThrow()
  expect(bytesToHex(stored.box)).not.toContain(bytesToHex(seed).slice(0, 16))
  const original = stored
  const other = engine.ed448PublicKey(new Uint8Array(57).fill(1))
  for (const changed of [
    { ...original, publicKey: other },
    { ...original, id: 'q-prover-key' },
    { ...original, type: 1 },
    { ...original, box: original.box.map((byte, at) => (at === 5 ? byte ^ 1 : byte)) },
    { ...original, nonce: new Uint8Array(12) },
  ]) {
    await withRecord(() => changed)
    expect(await codeOf(keeper().open())).toBe('identity')
  }
  for (const broken of [{ ...original, version: 2 }, { ...original, box: 'text' }, 7]) {
    await withRecord(() => broken)
    expect(await codeOf(keeper().identity())).toBe('identity')
  }
})

test('OPS-H3 keys of a wrong length are told as what they are: a damaged record, a file that is no use', async () => {
  const made = await keeper().identity()
  let original: StoredIdentity | undefined
  await withRecord((record) => {
    original = record
    return record
  })
  if (original?.lock.kind !== 'browser') throw new Error('no key of the browser')
  const { publicKey, lock } = original
  const head = { version: 1, id: original.id, type: original.type, publicKey } as const
  for (const bytes of [0, 56, 58, 114]) {
    const box = await wrapSeed(lock.key, head, new Uint8Array(bytes))
    await withRecord(() => ({ ...original, ...box }))
    await expect(keeper().open()).rejects.toMatchObject({ code: 'identity', message: expect.stringContaining('57') })
  }
  for (const changed of [{ publicKey: new Uint8Array(56) }, { nonce: new Uint8Array(11) }]) {
    await withRecord(() => ({ ...original, ...changed }))
    expect(await codeOf(keeper().current())).toBe('identity')
  }
  await withRecord(() => original)
  const key = hexToBytes(made.publicKey)
  for (const [seed, half] of [
    [56, key],
    [58, key],
    [57, key.slice(1)],
  ] as const) {
    const taking = keeper().take({ seed: new Uint8Array(seed), publicKey: half }, true)
    await expect(taking).rejects.toMatchObject({ code: 'import', message: expect.stringContaining('57') })
    const file = await sealIdentity(new Uint8Array(seed), half, 'correct horse', LOG2_N)
    expect(await codeOf(openSealedIdentity(file, 'correct horse').then((o) => keeper().take(o, true)))).toBe('import')
  }
  expect(await keeper().current()).toEqual(made)
})

test('reading the identity waits for no other tab: only what writes takes the store for itself', async () => {
  const one = keeper()
  const modes = vi.spyOn(IDBDatabase.prototype, 'transaction')
  const taken = () => modes.mock.calls.splice(0).map(([, mode]) => mode)
  await one.identity()
  expect(taken()).toContain('readwrite')
  const { peerId } = await one.identity()
  await one.lock()
  ;(await one.open()).seed.fill(0)
  expect(new Set(taken())).toEqual(new Set(['readonly']))
  await one.forget(peerId)
  expect(taken()).toContain('readwrite')
  modes.mockRestore()
})

test('export and import give the same identity; wrong passphrases and changed files are told apart', async () => {
  const made = await keeper().identity()
  const { seed, publicKey } = await keeper().open()
  const file = await sealIdentity(seed, publicKey, 'correct horse', LOG2_N)
  expect(new TextDecoder().decode(file)).not.toContain(bytesToHex(seed))
  expect(await codeOf(openSealedIdentity(file, 'wrong horse'))).toBe('passphrase')
  const opened = await openSealedIdentity(file, 'correct horse')
  expect(opened.seed).toEqual(seed)
  await keeper().forget(made.peerId)
  expect(await keeper().current()).toBe(null)
  const taken = await keeper().take(opened, false)
  expect(taken).toEqual(made)
  expect(opened.seed.every((byte) => byte === 0)).toBe(true)
  const text = new TextDecoder().decode(file)
  const cases = [
    new Uint8Array(0),
    Uint8Array.of(0xff, 0xfe),
    utf8ToBytes('{}'),
    utf8ToBytes(text.replace('q-peer-key', 'q-peer-kex')),
    utf8ToBytes(text.replace(made.publicKey, '11'.repeat(57))),
    utf8ToBytes(text.replace('"log2N": 10', '"log2N": 30')),
  ]
  for (const bytes of cases) expect(await codeOf(openSealedIdentity(bytes, 'correct horse'))).toBe('import')
})

test('OPS-H2 an identity is never overwritten unless it is said, and halves of a key that disagree are refused', async () => {
  const made = await keeper().identity()
  const seed = () => new Uint8Array(57).fill(3)
  const publicKey = engine.ed448PublicKey(seed())
  expect(await codeOf(keeper().take({ seed: seed(), publicKey }, false))).toBe('exists')
  expect(await codeOf(keeper().take({ seed: seed(), publicKey: hexToBytes(made.publicKey) }, true))).toBe('import')
  expect(await keeper().current()).toEqual(made)
  const taken = await keeper().take({ seed: seed(), publicKey }, true)
  expect(taken.publicKey).toBe(bytesToHex(publicKey))
  expect(await keeper().current()).toEqual(taken)
  expect(await codeOf(keeper().forget(made.peerId))).toBe('arguments')
  expect(await keeper().current()).toEqual(taken)
})

test('OPS-H2 an identity that another tab makes during an import is not overwritten', async () => {
  const store = browserIdentityStore()
  if (store === null) throw new Error('nothing is kept')
  const slow = keeper({
    ...store,
    get: async () => {
      const held = await store.get()
      await keeper().identity()
      return held
    },
  })
  const seed = new Uint8Array(57).fill(3)
  const publicKey = engine.ed448PublicKey(seed)
  expect(await codeOf(slow.take({ seed, publicKey }, false))).toBe('identity')
  expect((await keeper().identity()).publicKey).not.toBe(bytesToHex(publicKey))
})

test('behind a passkey the identity opens with its key only, once for each client', async () => {
  const made = await keeper().identity()
  const key = await newBrowserKey()
  const lock = { kind: 'passkey', credential: Uint8Array.of(1, 2, 3), salt: new Uint8Array(32) } as const
  const protecting = keeper()
  expect(await protecting.protect({ key, lock })).toEqual({ ...made, protection: 'passkey' })
  expect(bytesToHex((await protecting.open()).publicKey)).toBe(made.publicKey)
  const later = keeper()
  expect(await later.lock()).toEqual(lock)
  expect(await codeOf(later.open())).toBe('locked')
  expect(await codeOf(later.unlock(await newBrowserKey()))).toBe('passkey')
  expect(await later.unlock(key)).toEqual({ ...made, protection: 'passkey' })
  expect(await later.lock()).toBe(null)
  expect(await later.protect(null)).toEqual(made)
  expect(bytesToHex((await keeper().open()).publicKey)).toBe(made.publicKey)
})

test('a key that another tab wraps anew is locked here, not damaged', async () => {
  const made = await keeper().identity()
  const lock = { kind: 'passkey', credential: Uint8Array.of(1, 2, 3), salt: new Uint8Array(32) } as const
  const [key, newer] = [await newBrowserKey(), await newBrowserKey()]
  const [here, there] = [keeper(), keeper()]
  await here.protect({ key, lock })
  expect(await there.unlock(key)).toEqual({ ...made, protection: 'passkey' })
  await here.protect({ key: newer, lock: { ...lock, salt: new Uint8Array(32).fill(1) } })
  expect(await there.lock()).toMatchObject({ kind: 'passkey' })
  expect(await codeOf(there.open())).toBe('locked')
  await there.unlock(newer)
  expect(bytesToHex((await there.open()).publicKey)).toBe(made.publicKey)
})

test('where nothing is kept the identity lasts as long as its client, and is wiped then', async () => {
  const one = keeper(null)
  const made = await one.identity()
  expect(made.protection).toBe('memory')
  expect(await one.identity()).toEqual(made)
  expect(bytesToHex((await one.open()).publicKey)).toBe(made.publicKey)
  expect(await codeOf(one.protect(null))).toBe('identity')
  one.close()
  expect(await one.current()).toBe(null)
  expect((await one.identity()).peerId).not.toBe(made.peerId)
})
