import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scrypt } from '@noble/hashes/scrypt.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deriveKey, KeyStore } from './key-store.ts'
import { KEY_TYPES } from './key-types.ts'
import { openAll } from './read-back.ts'
import { CHEAP, engine, fresh, ids, stored } from './testing.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('key store', () => {
  const path = () => join(directory, 'keys.json')

  test('keys come back as they were, from a file that only its owner reads and that holds no private key', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    expect(store.get('q-view-key')).toEqual(fresh()[4])
    const opened = await KeyStore.open(path(), 'secret', engine)
    expect(opened.ids.map((id) => opened.get(id))).toEqual(fresh())
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    const text = await readFile(path(), 'utf8')
    for (const { privateKey } of fresh())
      expect(text).not.toContain(Buffer.from(privateKey.subarray(0, 40)).toString('hex'))
  })

  test('a wrong or empty passphrase opens nothing', async () => {
    await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    for (const wrong of ['', 'Secret', 'secret '])
      await expect(KeyStore.open(path(), wrong, engine)).rejects.toMatchObject({ code: 'passphrase' })
    await expect(KeyStore.create(join(directory, 'b'), '', [], engine, CHEAP)).rejects.toMatchObject({
      code: 'passphrase',
    })
  })

  test('OPS-H14 nothing is overwritten: neither a file nor an id', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    const before = await readFile(path(), 'utf8')
    await expect(KeyStore.create(path(), 'other', [], engine, CHEAP)).rejects.toMatchObject({ code: 'exists' })
    const second = stored('q-view-key', KEY_TYPES.decaf448, new Uint8Array(57).fill(9, 0, 56))
    await expect(store.add(second)).rejects.toMatchObject({ code: 'exists' })
    expect(await readFile(path(), 'utf8')).toBe(before)
    expect(await readdir(directory)).toEqual(['keys.json'])
  })

  test('an added key is durable, and the file before it is kept', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh().slice(0, 2), engine, CHEAP)
    const before = await readFile(path(), 'utf8')
    await store.add(...fresh().slice(2))
    expect((await KeyStore.open(path(), 'secret', engine)).ids).toEqual(ids(fresh()))
    expect(await readFile(`${path()}.bak`, 'utf8')).toBe(before)
    expect((await stat(`${path()}.bak`)).mode & 0o777).toBe(0o600)
  })

  test('under another passphrase the keys are the same, and the file before it is kept', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    const before = await readFile(path(), 'utf8')
    await expect(store.changePassphrase('', CHEAP)).rejects.toMatchObject({ code: 'passphrase' })
    expect(await readFile(path(), 'utf8')).toBe(before)
    await store.changePassphrase('other', CHEAP)
    expect(store.ids.map((id) => store.get(id))).toEqual(fresh())
    expect(await openAll(path(), 'other', engine)).toEqual(fresh())
    await expect(KeyStore.open(path(), 'secret', engine)).rejects.toMatchObject({ code: 'passphrase' })
    expect(await readFile(`${path()}.bak`, 'utf8')).toBe(before)
    expect(JSON.parse(await readFile(path(), 'utf8')).kdf.salt).not.toBe(JSON.parse(before).kdf.salt)
  })

  test('a file that another program changed meanwhile is not replaced', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh().slice(0, 2), engine, CHEAP)
    const other = await KeyStore.open(path(), 'secret', engine)
    await other.add(...fresh().slice(2, 3))
    await expect(store.add(...fresh().slice(3))).rejects.toMatchObject({ code: 'form' })
    expect((await KeyStore.open(path(), 'secret', engine)).ids).toEqual(ids(fresh().slice(0, 3)))
  })

  test('OPS-H3 entries cannot be swapped, renamed, given another public key or taken out', async () => {
    await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    const file = JSON.parse(await readFile(path(), 'utf8'))
    const [first, second, ...rest] = file.keys
    const changes = [
      [second, first, ...rest],
      [{ ...first, id: 'x' }, second, ...rest],
      [{ ...first, box: second.box, nonce: second.nonce }, second, ...rest],
      [{ ...first, publicKey: second.publicKey }, second, ...rest],
      [{ ...first, type: 1 }, second, ...rest],
      rest,
    ]
    for (const keys of changes) {
      await writeFile(path(), JSON.stringify({ ...file, keys }))
      await expect(KeyStore.open(path(), 'secret', engine)).rejects.toMatchObject({ code: 'form' })
    }
  })

  test('a file of another form is refused and not touched, costs beyond the limits included', async () => {
    const store = await KeyStore.create(path(), 'secret', fresh(), engine, CHEAP)
    store.close()
    const good = await readFile(path(), 'utf8')
    const file = JSON.parse(good)
    const wrong = ['', '{}', 'null', '[]', good.slice(0, -20), '{"format":"petal-keys","version":2}']
    const costs = [{ log2N: 30 }, { log2N: 9 }, { p: 1e9 }, { name: 'none' }, { salt: '' }]
    const twice = { ...file, keys: [...file.keys, file.keys[0]] }
    const texts = [
      ...wrong,
      ...costs.map((kdf) => JSON.stringify({ ...file, kdf: { ...file.kdf, ...kdf } })),
      JSON.stringify(twice),
    ]
    for (const text of texts) {
      await writeFile(path(), text)
      await expect(KeyStore.open(path(), 'secret', engine)).rejects.toMatchObject({ code: 'form' })
      expect(await readFile(path(), 'utf8')).toBe(text)
    }
    await expect(KeyStore.open(join(directory, 'none'), 'secret', engine)).rejects.toMatchObject({ code: 'missing' })
  })

  test('a file that is too long is not read', async () => {
    await writeFile(path(), '')
    await truncate(path(), 16 * 1024 * 1024 + 1)
    await expect(KeyStore.open(path(), 'secret', engine)).rejects.toMatchObject({
      code: 'form',
      message: expect.stringContaining('longer than'),
    })
  })

  test('a key whose halves do not belong together is not stored', async () => {
    const [a, b] = fresh()
    if (a === undefined || b === undefined) throw new Error('two keys are needed')
    const mixed = { ...a, publicKey: new Uint8Array(57) }
    await expect(KeyStore.create(path(), 's', [mixed], engine, CHEAP)).rejects.toMatchObject({ code: 'mismatch' })
    await expect(KeyStore.create(path(), 's', [{ ...a, type: 9 }], engine, CHEAP)).rejects.toMatchObject({
      code: 'type',
    })
    await expect(KeyStore.create(path(), 's', [a, b, a], engine, CHEAP)).rejects.toMatchObject({ code: 'exists' })
    expect(await readdir(directory)).toEqual([])
  })
})

test('a browser derives the same key from a passphrase as Node', async () => {
  const kdf = { name: 'scrypt', log2N: 10, p: 2, salt: '0f'.repeat(32) } as const
  const portable = scrypt('pässword', Buffer.from(kdf.salt, 'hex'), { N: 1024, r: 8, p: 2, dkLen: 32 })
  expect(await deriveKey('pässword', kdf)).toEqual(portable)
})
