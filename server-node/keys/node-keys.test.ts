/** A start with the keys of another node's directory. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMITTEE_KEY_IDS } from '../chain/committee.ts'
import { KEY_TYPES } from './key-types.ts'
import { createNodeDirectory } from './node-directory.ts'
import { openAll } from './read-back.ts'
import { all, engine, fresh, ids, RingDirectory, stored } from './testing.ts'

let at: RingDirectory
beforeEach(async () => {
  at = await RingDirectory.make()
})
afterEach(() => at.remove())

describe('the directory of another node', () => {
  const nodeDirectory = () => join(at.root, 'node')

  test('gives identity and prover key, whatever the prover key is called there; nothing is written', async () => {
    await createNodeDirectory(
      nodeDirectory(),
      [...fresh(), stored('default-proving-key', KEY_TYPES.blsG1, new Uint8Array(73).fill(7, 40))],
      engine,
    )
    const config = join(nodeDirectory(), 'config.yml')
    await writeFile(config, `${await readFile(config, 'utf8')}engine:\n  provingKeyId: default-proving-key\n`)
    const texts = async () =>
      Promise.all((await readdir(nodeDirectory())).map((name) => readFile(join(nodeDirectory(), name), 'utf8')))
    const before = await texts()
    const ring = await at.open({ nodeDirectory: nodeDirectory() })
    expect(ring.get('q-peer-key')).toEqual(fresh()[0])
    expect(ring.get('q-prover-key').privateKey).toEqual(new Uint8Array(73).fill(7, 40))
    expect([...ring.ids].sort()).toEqual(
      ['q-peer-key', 'q-prover-key', 'q-onion-key', 'q-view-key', ...COMMITTEE_KEY_IDS].sort(),
    )
    expect(await texts()).toEqual(before)
    const own = await openAll(at.file('keys.json'), (await at.content('keys.passphrase')).trim(), engine)
    expect(ids(own)).toEqual(COMMITTEE_KEY_IDS)
  })

  test('its keys are used for this run only', async () => {
    await createNodeDirectory(nodeDirectory(), fresh(), engine)
    const own = await at.open()
    const run = await at.open({ nodeDirectory: nodeDirectory() })
    expect(run.get('q-peer-key')).toEqual(fresh()[0])
    expect(all(await at.open())).toEqual(all(own))
  })

  test('OPS-03 OPS-04 OPS-H7 a wrong or empty encryption key and swapped entries are refused, and no file is altered', async () => {
    const [config, keys] = ['config.yml', 'keys.yml'].map((name) => join(nodeDirectory(), name))
    if (config === undefined || keys === undefined) throw new Error('two files are needed')
    const second = stored('q-second-key', KEY_TYPES.blsG1, new Uint8Array(73).fill(5, 40))
    await createNodeDirectory(nodeDirectory(), [...fresh(), second], engine)
    const [goodConfig, goodKeys] = [await readFile(config, 'utf8'), await readFile(keys, 'utf8')]
    const encryptionKey = /encryptionKey: "[0-9a-f]{64}"/
    const [, first, other] = /privateKey: "(\w+)".*q-second-key.*privateKey: "(\w+)"/s.exec(goodKeys) ?? []
    const swapped = goodKeys
      .replace(String(first), '-')
      .replace(String(other), String(first))
      .replace('"-"', `"${other}"`)
    expect(swapped).toHaveLength(goodKeys.length)
    const wrong: [string, string][] = [
      [goodConfig.replace(encryptionKey, `encryptionKey: "${'11'.repeat(32)}"`), goodKeys],
      [goodConfig.replace(encryptionKey, 'encryptionKey: ""'), goodKeys],
      [goodConfig, swapped],
    ]
    for (const [configText, keysText] of wrong) {
      await writeFile(config, configText)
      await writeFile(keys, keysText)
      await expect(at.open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject({
        name: 'NodeError',
        code: 'keys',
      })
      expect([await readFile(config, 'utf8'), await readFile(keys, 'utf8')]).toEqual([configText, keysText])
    }
    expect(await readdir(at.path)).toEqual([])
  })

  test('OPS-H4 an agreement key of an older node stays the scalar that it is', async () => {
    const scalar = stored('q-onion-key', KEY_TYPES.agreement, new Uint8Array(56).fill(3))
    const rest = fresh().filter(({ id }) => id !== 'q-onion-key')
    await createNodeDirectory(nodeDirectory(), [...rest, scalar], engine)
    expect((await at.open({ nodeDirectory: nodeDirectory() })).get('q-onion-key')).toEqual(scalar)
  })

  test('a key that is needed and not there or not usable is said; another one is left alone', async () => {
    await createNodeDirectory(nodeDirectory(), fresh(), engine)
    const path = join(nodeDirectory(), 'keys.yml')
    const good = await readFile(path, 'utf8')
    await writeFile(path, good.replace('id: q-view-key', 'id: q-spend-key'))
    await at.open({ nodeDirectory: nodeDirectory() })
    expect(at.notices[0]).toContain('q-view-key')
    await writeFile(path, good.replace('id: q-prover-key', 'id: q-other-key'))
    const refused = { name: 'NodeError', code: 'keys', message: expect.stringContaining('q-prover-key') }
    await expect(at.open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject(refused)
    await rm(path)
    await expect(at.open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject(refused)
    await expect(at.open({ nodeDirectory: join(at.root, 'nowhere') })).rejects.toMatchObject({
      name: 'NodeError',
      code: 'keys',
    })
  })
})
