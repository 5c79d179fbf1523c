import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identityOfSeed } from '@petal/core/identity/index.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigFile } from './config-file.ts'
import { KeyFile } from './key-file.ts'
import type { StoredKey } from './key-types.ts'
import { addToNodeDirectory, createNodeDirectory, readNodeDirectory } from './node-directory.ts'
import { engine, fresh, ids, stored } from './testing.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('keys.yml and config.yml', () => {
  const key = new Uint8Array(32).fill(7)
  const iv = () => new Uint8Array(randomBytes(12))

  test('OPS-03 what is written is read, also by hex of digits alone; the text before stays', () => {
    const text = '# mine\nold:\n  id: old\n  type: 2\n  publicKey: 00\n  privateKey: 1e5\nnull:\n  id: ""\n'
    const file = KeyFile.parse(text)
    for (const one of fresh().slice(1)) file.add(one, key, iv(), engine)
    expect(file.toString().startsWith(text)).toBe(true)
    const read = KeyFile.parse(file.toString()).open(key, engine)
    expect(read[0]).toEqual({ usable: false, id: 'old', reason: 'form' })
    expect(read.slice(1)).toEqual(
      fresh()
        .slice(1)
        .map((one) => ({ usable: true, ...one })),
    )
  })

  test('OPS-03 under a wrong key nothing opens, and the file is as it was', () => {
    const file = KeyFile.parse('')
    for (const one of fresh()) file.add(one, key, iv(), engine)
    const before = file.toString()
    const read = file.open(new Uint8Array(32).fill(8), engine)
    expect(read.map((entry) => entry.usable || entry.reason)).toEqual(fresh().map(() => 'authentication'))
    expect(file.toString()).toBe(before)
  })

  test('OPS-H14 an id that is there is not replaced, also when it does not open', () => {
    const file = KeyFile.parse('q-view-key: {}\n')
    const view = fresh()[4] as StoredKey
    expect(() => file.add(view, key, iv(), engine)).toThrow(expect.objectContaining({ code: 'exists' }))
  })

  test('OPS-H7 an empty encryption key is refused, and nothing is encrypted under zeros', () => {
    for (const hex of ['', '00', 'z'.repeat(64)])
      expect(() => ConfigFile.parse(`key:\n  keyManagerFile:\n    encryptionKey: "${hex}"\n`).encryptionKey()).toThrow(
        expect.objectContaining({ code: 'encryptionKey' }),
      )
    expect(() => ConfigFile.parse('p2p: {}\n').encryptionKey()).toThrow(
      expect.objectContaining({ code: 'encryptionKey' }),
    )
    const view = fresh()[4] as StoredKey
    expect(() => KeyFile.parse('').add(view, new Uint8Array(32), iv(), engine)).toThrow(
      expect.objectContaining({ code: 'encryptionKey' }),
    )
  })

  test('text that is no such file is refused, bombs of aliases included', () => {
    const bomb = `a: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(9)}]`)
      .join('\n')}\n`
    for (const text of ['- a', 'a: [', 'a: 1\na: 2', '"text"', 'a: {}\n---\nb: {}\n', bomb, `${'['.repeat(20_000)}`])
      expect(() => KeyFile.parse(text)).toThrow(expect.objectContaining({ code: 'form' }))
    for (const text of ['', '- a', 'a: [', 'p2p: {}\n---\nkey: {}\n'])
      expect(() => ConfigFile.parse(text)).toThrow(expect.objectContaining({ code: 'form' }))
    expect(KeyFile.parse('null\n').ids).toEqual([])
    expect(KeyFile.parse('null: {id: x}\n"": {}\n').ids).toEqual([])
  })

  test('OPS-03 a file without content takes keys, also where it says so', () => {
    for (const text of ['', 'null\n', '~\n', '---\n', '# nothing yet\n', 'null:\n']) {
      const file = KeyFile.parse(text)
      file.add(fresh()[4] as StoredKey, key, iv(), engine)
      expect(KeyFile.parse(file.toString()).open(key, engine)).toEqual([{ usable: true, ...fresh()[4] }])
    }
  })

  test('P2P-01 an identity is written once, and one whose halves disagree is refused', () => {
    const identity = identityOfSeed(new Uint8Array(57).fill(1), engine)
    const config = ConfigFile.parse('unknown: 1 # stays\n')
    expect(config.identity(engine)).toBeNull()
    config.setIdentity(identity)
    expect(config.toString()).toContain('unknown: 1 # stays')
    expect(ConfigFile.parse(config.toString()).identity(engine)).toEqual(identity)
    expect(() => config.setIdentity(identity)).toThrow(expect.objectContaining({ code: 'exists' }))
    const other = `p2p:\n  peerPrivKey: ${'11'.repeat(114)}\n`
    expect(() => ConfigFile.parse(other).identity(engine)).toThrow(expect.objectContaining({ code: 'mismatch' }))
    for (const text of ['p2p: []\n', 'p2p: text\n'])
      expect(() => ConfigFile.parse(text).setIdentity(identity)).toThrow(expect.objectContaining({ code: 'form' }))
    expect(() => ConfigFile.parse('p2p: {peerPrivKey: xyz}').identity(engine)).toThrow(
      expect.objectContaining({ code: 'form' }),
    )
  })

  test('OPS-04 an identity in keys.yml, where none is ever stored, does not take the place of that of config.yml', async () => {
    const target = join(directory, 'node')
    await createNodeDirectory(target, fresh().slice(0, 3), engine)
    await addToNodeDirectory(target, [stored('q-peer-key', 0, new Uint8Array(57).fill(66))], engine)
    const { keys, refused } = await readNodeDirectory(target, engine)
    expect(ids(keys)).toEqual(ids(fresh().slice(0, 3)))
    expect(keys[0]?.publicKey).toEqual(fresh()[0]?.publicKey)
    expect(refused).toEqual([{ id: 'q-peer-key', reason: 'identity' }])
  })

  test('OPS-H2 a directory is made for its owner alone, read back, and added to with the old file kept', async () => {
    const target = join(directory, 'node')
    await createNodeDirectory(target, fresh().slice(0, 3), engine)
    expect((await stat(target)).mode & 0o777).toBe(0o700)
    for (const name of ['config.yml', 'keys.yml']) expect((await stat(join(target, name))).mode & 0o777).toBe(0o600)
    const before = await readFile(join(target, 'keys.yml'), 'utf8')
    await addToNodeDirectory(target, fresh().slice(3), engine)
    expect(
      (await readNodeDirectory(target, engine)).keys.map(({ id, type, privateKey, publicKey }) => ({
        id,
        type,
        privateKey,
        publicKey,
      })),
    ).toEqual(fresh())
    expect(await readFile(join(target, 'keys.yml.bak'), 'utf8')).toBe(before)
    await expect(addToNodeDirectory(target, fresh().slice(3), engine)).rejects.toMatchObject({ code: 'exists' })
    await expect(createNodeDirectory(target, fresh(), engine)).rejects.toMatchObject({ code: 'exists' })
  })
})
