/** The keys of a node over its life: first start, later starts, passphrases, data of earlier versions, the directory of another node. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMITTEE_KEY_IDS, openMembers } from '../chain/committee.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { Secrets } from '../data/secrets.ts'
import type { KeyRing } from './key-ring.ts'
import { KeyStore } from './key-store.ts'
import { KEY_TYPES, type StoredKey, WELL_KNOWN_IDS } from './key-types.ts'
import { createNodeDirectory } from './node-directory.ts'
import { openRing, type RingOptions } from './open-ring.ts'
import { openAll } from './read-back.ts'
import { CHEAP, engine, fresh, ids, stored } from './testing.ts'

let root: string
let directory: string
let notices: string[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'petal-ring-'))
  directory = await mkdtemp(join(root, 'data-'))
  notices = []
})
afterEach(() => rm(root, { recursive: true }))

const open = async (options: Partial<RingOptions> = {}): Promise<KeyRing> => {
  const notice = (message: string) => void notices.push(message)
  return (await openRing({ directory, committee: true, engine, notice, ...CHEAP, ...options })).keys
}
const all = (ring: KeyRing): StoredKey[] => ring.ids.map((id) => ring.get(id))
const file = (name: string): string => join(directory, name)
const content = (name: string): Promise<string> => readFile(file(name), 'utf8')
const EVERY_ID = [...WELL_KNOWN_IDS.keys(), ...COMMITTEE_KEY_IDS]

describe('first and later starts', () => {
  test('OPS-03 OPS-H2 all keys are made once, encrypted, for their owner alone; a later start has the same and writes nothing', async () => {
    const made = all(await open())
    expect(ids(made)).toEqual(EVERY_ID)
    expect(await readdir(directory)).toEqual(['keys.json', 'keys.passphrase'])
    for (const name of ['keys.json', 'keys.passphrase']) expect((await stat(file(name))).mode & 0o777).toBe(0o600)
    const before = await content('keys.json')
    for (const { privateKey } of made)
      expect(before).not.toContain(Buffer.from(privateKey.subarray(0, 40)).toString('hex'))
    expect(notices).toEqual([expect.stringContaining('only against who cannot read that file: set PETAL_PASSPHRASE')])
    expect(all(await open())).toEqual(made)
    expect(await content('keys.json')).toBe(before)
    expect(notices).toHaveLength(1)
    expect(notices.join()).not.toContain((await content('keys.passphrase')).trim())
  })

  test('under a passphrase of the owner nothing is beside the keys, and only it opens them', async () => {
    const made = all(await open({ passphrase: 'mine' }))
    expect(await readdir(directory)).toEqual(['keys.json', 'secrets.json'])
    expect(notices).toEqual([expect.stringContaining('encrypted under PETAL_PASSPHRASE')])
    // Secrets in the clear would be encrypted under whatever comes first.
    await rm(file('secrets.json'))
    await (await Secrets.open(directory)).put('certificate', Uint8Array.of(1))
    const before = [await content('keys.json'), await content('secrets.json')]
    for (const passphrase of [undefined, 'Mine'])
      await expect(open({ passphrase })).rejects.toMatchObject({ name: 'NodeError', code: 'passphrase' })
    expect([await content('keys.json'), await content('secrets.json')]).toEqual(before)
    expect(all(await open({ passphrase: 'mine' }))).toEqual(made)
  })

  test('a replay needs no committee; a network that begins later in its directory gets one, and the rest stays', async () => {
    const first = all(await open({ committee: false }))
    expect(ids(first)).toEqual([...WELL_KNOWN_IDS.keys()])
    const later = await open()
    expect(later.ids).toEqual(EVERY_ID)
    expect(all(later).slice(0, first.length)).toEqual(first)
  })

  test('what a kill left half written is cleared away, and a passphrase without keys is used', async () => {
    await open()
    const passphrase = await content('keys.passphrase')
    await rm(file('keys.json'))
    for (const name of ['keys.json', 'keys.passphrase', 'secrets.json'])
      await writeFile(file(`${name}.0123456789ab.tmp`), 'x')
    await writeFile(file('mine.0123456789ab.tmp'), 'not ours')
    await open()
    expect(await readdir(directory)).toEqual(['keys.json', 'keys.passphrase', 'mine.0123456789ab.tmp'])
    expect(await content('keys.passphrase')).toBe(passphrase)
  })

  test('a closed ring holds no private keys', async () => {
    const ring = await open()
    const keys = all(ring)
    ring.close()
    expect(keys.every(({ privateKey }) => privateKey.every((byte) => byte === 0))).toBe(true)
    expect(() => ring.get('q-other-key')).toThrow(expect.objectContaining({ code: 'missing' }))
  })
})

describe('OPS-H14 keys are never made anew or overwritten', () => {
  test('one damaged byte anywhere in the keys is an error, and the file stays as it is', async () => {
    await open()
    const good = JSON.parse(await content('keys.json'))
    for (const [index, member] of good.keys.flatMap((_: unknown, at: number) => [
      [at, 'box'],
      [at, 'publicKey'],
    ])) {
      const bad = structuredClone(good)
      bad.keys[index][member] = bad.keys[index][member].replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))
      const text = JSON.stringify(bad)
      await writeFile(file('keys.json'), text)
      await expect(open()).rejects.toMatchObject({ name: 'NodeError', code: 'corrupt' })
      expect(await content('keys.json')).toBe(text)
    }
  })

  test('OPS-04 a key sealed with the public half of another one is an error', async () => {
    const [one, other] = [1, 2].map((byte) =>
      stored('q-view-key', KEY_TYPES.decaf448, new Uint8Array(57).fill(byte, 0, 56)),
    )
    if (one === undefined || other === undefined) throw new Error('two keys are needed')
    const careless = { ...engine, decafMultiplyGenerator: () => other.publicKey }
    await KeyStore.create(file('keys.json'), 'p', [{ ...one, publicKey: other.publicKey }], careless, CHEAP)
    await expect(open({ passphrase: 'p' })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('does not belong to its public key'),
    })
  })

  test('keys of a network that has begun are lost when they are gone, not missing', async () => {
    const made = all(await open())
    await writeFile(file('genesis.json'), '{}')
    await rename(file('keys.json'), join(root, 'elsewhere'))
    await expect(open()).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('restore keys.json'),
    })
    expect(await readdir(directory)).not.toContain('keys.json')
    await rename(join(root, 'elsewhere'), file('keys.json'))
    expect(all(await open())).toEqual(made)
  })

  test('a file that is gone while its .bak is there is not replaced by new keys', async () => {
    await open({ committee: false })
    await open()
    await rm(file('keys.json'))
    await expect(open()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('.bak') })
    expect(await readdir(directory)).toEqual(['keys.json.bak', 'keys.passphrase'])
  })

  test('a stored passphrase of another form is refused, not replaced', async () => {
    await open()
    for (const text of ['', 'short\n', `${'a'.repeat(43)}`, `${'é'.repeat(43)}\n`]) {
      await writeFile(file('keys.passphrase'), text)
      await expect(open()).rejects.toMatchObject({ code: 'corrupt' })
      expect(await content('keys.passphrase')).toBe(text)
    }
  })
})

describe('a passphrase that is given later', () => {
  test('takes the place of the stored one: the keys stay, what the stored one opens is gone', async () => {
    const made = all(await open())
    const old = (await content('keys.passphrase')).trim()
    expect(all(await open({ passphrase: 'mine' }))).toEqual(made)
    expect(await readdir(directory)).toEqual(['keys.json', 'secrets.json'])
    expect(notices.at(-1)).toContain('under PETAL_PASSPHRASE now')
    await expect(openAll(file('keys.json'), old, engine)).rejects.toMatchObject({ code: 'passphrase' })
    expect(all(await open({ passphrase: 'mine' }))).toEqual(made)
  })

  test('killed at any step of the change, the next start finishes it', async () => {
    const made = all(await open())
    const before = { keys: await content('keys.json'), passphrase: await content('keys.passphrase') }
    const steps: [name: string, text: string][][] = [
      [['keys.json.bak', before.keys]],
      [
        ['keys.json.bak', before.keys],
        ['keys.json', 'new'],
      ],
      [['keys.json', 'new']],
    ]
    await open({ passphrase: 'mine' })
    const changed = await content('keys.json')
    for (const [index, step] of steps.entries()) {
      const at = join(root, `step-${index}`)
      await cp(directory, at, { recursive: true })
      await writeFile(join(at, 'keys.json'), before.keys)
      await writeFile(join(at, 'keys.passphrase'), before.passphrase)
      for (const [name, text] of step) await writeFile(join(at, name), text === 'new' ? changed : text)
      expect(all(await open({ directory: at, passphrase: 'mine' }))).toEqual(made)
      expect(await readdir(at)).toEqual(['keys.json', 'secrets.json'])
    }
  })

  test('one that does not open the keys changes nothing when no stored one does', async () => {
    await open({ passphrase: 'mine' })
    await writeFile(file('keys.passphrase'), `${'a'.repeat(43)}\n`)
    const before = await content('keys.json')
    await expect(open({ passphrase: 'other' })).rejects.toMatchObject({ code: 'passphrase' })
    await expect(open()).rejects.toMatchObject({ code: 'passphrase' })
    expect(await content('keys.json')).toBe(before)
    expect(await readdir(directory)).toContain('keys.passphrase')
  })
})

describe('data of a version that kept the committee in secrets.json', () => {
  const IDENTITY = new Uint8Array(40).fill(9)
  const materials = Array.from({ length: 4 }, () => new Uint8Array(randomBytes(64)))

  async function oldDirectory(passphrase?: string, count = 4): Promise<Secrets> {
    const secrets = await Secrets.open(directory, passphrase)
    for (const [index, material] of materials.slice(0, count).entries())
      await secrets.put(`committee-${index}`, material)
    await secrets.put('peer-identity', IDENTITY)
    await secrets.put('webtransport-certificates', Uint8Array.of(1, 2, 3))
    await writeFile(file('genesis.json'), '{}')
    return secrets
  }

  const expected = () =>
    materials.map((material) => JSON.parse(engine.blsGenerateKey(material)) as { address: string; secretKey: string })

  async function expectMoved(ring: KeyRing, passphrase?: string): Promise<void> {
    const crypto = new NodeCrypto({ threads: 1 })
    const members = await openMembers(crypto, ring).finally(() => crypto.close())
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    expect(members.map(({ address, secretKey }) => ({ address: hex(address), secretKey: hex(secretKey) }))).toEqual(
      expected()
        .map(({ address, secretKey }) => ({ address, secretKey }))
        .sort((a, b) => (a.address < b.address ? -1 : 1)),
    )
    const secrets = await Secrets.open(directory, passphrase)
    for (const index of [0, 1, 2, 3]) expect(secrets.get(`committee-${index}`)).toBeUndefined()
    expect(secrets.get('peer-identity')).toEqual(IDENTITY)
    expect(secrets.get('webtransport-certificates')).toEqual(Uint8Array.of(1, 2, 3))
  }

  test.each([
    ['in the clear', undefined],
    ['encrypted', 'mine'],
  ])('%s: the committee moves, the old identity stays', async (_, passphrase) => {
    await oldDirectory(passphrase)
    const ring = await open({ passphrase })
    expect(ring.ids).toEqual(EVERY_ID)
    await expectMoved(ring, passphrase)
    for (const told of ['new identity (Ed448)', 'moved from secrets.json to keys.json'])
      expect(notices).toContainEqual(expect.stringContaining(told))
    const text = await content('secrets.json')
    for (const material of materials) expect(text).not.toContain(Buffer.from(material).toString('base64'))
  })

  test('killed after the new file and before the old entries are out: the next start takes them out', async () => {
    await oldDirectory()
    const before = await content('secrets.json')
    const made = all(await open())
    await writeFile(file('secrets.json'), before)
    const ring = await open()
    expect(all(ring)).toEqual(made)
    await expectMoved(ring)
  })

  test('killed at any moment, no key is lost, and a start that is not killed ends the move', {
    timeout: 120_000,
  }, async () => {
    const modules = Object.entries({
      ring: './open-ring.ts',
      addon: '../crypto/addon.ts',
    })
    const loads = modules.map(
      ([name, path]) => `const ${name} = await import(${JSON.stringify(new URL(path, import.meta.url))})`,
    )
    const program = `${loads.join('\n')}
      const [directory] = process.argv.slice(1)
      const options = { directory, committee: true, engine: addon.loadAddon(), notice: () => undefined }
      console.log('begins')
      await ring.openRing(options)`
    // The first one is left alone, and says how long the move takes here.
    let moveMillis = 0
    for (let round = 0; round < 8; round++) {
      await rm(directory, { recursive: true })
      await mkdir(directory)
      await oldDirectory()
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const closed = once(child, 'close')
      await Promise.race([once(child.stdout, 'data'), closed])
      const begin = performance.now()
      if (round === 0) {
        await closed
        moveMillis = performance.now() - begin
      } else await sleep(Math.random() * moveMillis)
      child.kill('SIGKILL')
      await closed
      if (round === 0) expect(child.exitCode).toBe(0)
      await expectMoved(await open())
      expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    }
  })

  test('killed before the new file: nothing is lost', async () => {
    await oldDirectory()
    await writeFile(file('keys.passphrase'), `${'a'.repeat(43)}\n`)
    await writeFile(file('keys.json.0123456789ab.tmp'), 'half')
    await expectMoved(await open())
  })

  test('two keys under one name are a mismatch: both files stay as they are', async () => {
    const secrets = await oldDirectory()
    await open()
    await secrets.put('committee-0', new Uint8Array(64).fill(1))
    const before = [await content('secrets.json'), await content('keys.json')]
    await expect(open()).rejects.toMatchObject({
      name: 'NodeError',
      code: 'corrupt',
      message: expect.stringContaining('local-committee-1'),
    })
    expect([await content('secrets.json'), await content('keys.json')]).toEqual(before)
  })

  test('a committee of which a part is gone is not filled up', async () => {
    await oldDirectory(undefined, 2)
    const before = await content('secrets.json')
    await expect(open()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('is gone') })
    expect(await content('secrets.json')).toBe(before)
    expect(await readdir(directory)).not.toContain('keys.json')
  })

  test('a replay in its directory leaves the committee where it is', async () => {
    await oldDirectory()
    await open({ committee: false })
    await expectMoved(await open())
  })
})

describe('the directory of another node', () => {
  const nodeDirectory = () => join(root, 'node')

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
    const ring = await open({ nodeDirectory: nodeDirectory() })
    expect(ring.get('q-peer-key')).toEqual(fresh()[0])
    expect(ring.get('q-prover-key').privateKey).toEqual(new Uint8Array(73).fill(7, 40))
    expect([...ring.ids].sort()).toEqual(
      ['q-peer-key', 'q-prover-key', 'q-onion-key', 'q-view-key', ...COMMITTEE_KEY_IDS].sort(),
    )
    expect(await texts()).toEqual(before)
    const own = await openAll(file('keys.json'), (await content('keys.passphrase')).trim(), engine)
    expect(ids(own)).toEqual(COMMITTEE_KEY_IDS)
  })

  test('its keys are used for this run only', async () => {
    await createNodeDirectory(nodeDirectory(), fresh(), engine)
    const own = await open()
    const run = await open({ nodeDirectory: nodeDirectory() })
    expect(run.get('q-peer-key')).toEqual(fresh()[0])
    expect(all(await open())).toEqual(all(own))
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
      await expect(open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject({ name: 'NodeError', code: 'keys' })
      expect([await readFile(config, 'utf8'), await readFile(keys, 'utf8')]).toEqual([configText, keysText])
    }
    expect(await readdir(directory)).toEqual([])
  })

  test('OPS-H4 an agreement key of an older node stays the scalar that it is', async () => {
    const scalar = stored('q-onion-key', KEY_TYPES.agreement, new Uint8Array(56).fill(3))
    const rest = fresh().filter(({ id }) => id !== 'q-onion-key')
    await createNodeDirectory(nodeDirectory(), [...rest, scalar], engine)
    expect((await open({ nodeDirectory: nodeDirectory() })).get('q-onion-key')).toEqual(scalar)
  })

  test('a key that is needed and not there or not usable is said; another one is left alone', async () => {
    await createNodeDirectory(nodeDirectory(), fresh(), engine)
    const path = join(nodeDirectory(), 'keys.yml')
    const good = await readFile(path, 'utf8')
    await writeFile(path, good.replace('id: q-view-key', 'id: q-spend-key'))
    await open({ nodeDirectory: nodeDirectory() })
    expect(notices[0]).toContain('q-view-key')
    await writeFile(path, good.replace('id: q-prover-key', 'id: q-other-key'))
    const refused = { name: 'NodeError', code: 'keys', message: expect.stringContaining('q-prover-key') }
    await expect(open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject(refused)
    await rm(path)
    await expect(open({ nodeDirectory: nodeDirectory() })).rejects.toMatchObject(refused)
    await expect(open({ nodeDirectory: join(root, 'nowhere') })).rejects.toMatchObject({
      name: 'NodeError',
      code: 'keys',
    })
  })
})
