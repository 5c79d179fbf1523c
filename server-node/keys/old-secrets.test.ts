/** Data of a version that kept the committee in `secrets.json`, moved to the key store by whole and by killed starts. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMITTEE_KEY_IDS, openMembers } from '../chain/committee.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { Secrets } from '../data/secrets.ts'
import type { KeyRing } from './key-ring.ts'
import { WELL_KNOWN_IDS } from './key-types.ts'
import { all, engine, RingDirectory } from './testing.ts'

let at: RingDirectory
beforeEach(async () => {
  at = await RingDirectory.make()
})
afterEach(() => at.remove())

const EVERY_ID = [...WELL_KNOWN_IDS.keys(), ...COMMITTEE_KEY_IDS]

describe('data of a version that kept the committee in secrets.json', () => {
  const IDENTITY = new Uint8Array(40).fill(9)
  const materials = Array.from({ length: 4 }, () => new Uint8Array(randomBytes(64)))

  async function oldDirectory(passphrase?: string, count = 4): Promise<Secrets> {
    const secrets = await Secrets.open(at.path, passphrase)
    for (const [index, material] of materials.slice(0, count).entries())
      await secrets.put(`committee-${index}`, material)
    await secrets.put('peer-identity', IDENTITY)
    await secrets.put('webtransport-certificates', Uint8Array.of(1, 2, 3))
    await writeFile(at.file('genesis.json'), '{}')
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
    const secrets = await Secrets.open(at.path, passphrase)
    for (const index of [0, 1, 2, 3]) expect(secrets.get(`committee-${index}`)).toBeUndefined()
    expect(secrets.get('peer-identity')).toEqual(IDENTITY)
    expect(secrets.get('webtransport-certificates')).toEqual(Uint8Array.of(1, 2, 3))
  }

  test.each([
    ['in the clear', undefined],
    ['encrypted', 'mine'],
  ])('%s: the committee moves, the old identity stays', async (_, passphrase) => {
    await oldDirectory(passphrase)
    const ring = await at.open({ passphrase })
    expect(ring.ids).toEqual(EVERY_ID)
    await expectMoved(ring, passphrase)
    for (const told of ['new identity (Ed448)', 'moved from secrets.json to keys.json'])
      expect(at.notices).toContainEqual(expect.stringContaining(told))
    const text = await at.content('secrets.json')
    for (const material of materials) expect(text).not.toContain(Buffer.from(material).toString('base64'))
  })

  test('killed after the new file and before the old entries are out: the next start takes them out', async () => {
    await oldDirectory()
    const before = await at.content('secrets.json')
    const made = all(await at.open())
    await writeFile(at.file('secrets.json'), before)
    const ring = await at.open()
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
      await rm(at.path, { recursive: true })
      await mkdir(at.path)
      await oldDirectory()
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program, at.path], {
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
      await expectMoved(await at.open())
      expect((await readdir(at.path)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    }
  })

  test('killed before the new file: nothing is lost', async () => {
    await oldDirectory()
    await writeFile(at.file('keys.passphrase'), `${'a'.repeat(43)}\n`)
    await writeFile(at.file('keys.json.0123456789ab.tmp'), 'half')
    await expectMoved(await at.open())
  })

  test('two keys under one name are a mismatch: both files stay as they are', async () => {
    const secrets = await oldDirectory()
    await at.open()
    await secrets.put('committee-0', new Uint8Array(64).fill(1))
    const before = [await at.content('secrets.json'), await at.content('keys.json')]
    await expect(at.open()).rejects.toMatchObject({
      name: 'NodeError',
      code: 'corrupt',
      message: expect.stringContaining('local-committee-1'),
    })
    expect([await at.content('secrets.json'), await at.content('keys.json')]).toEqual(before)
  })

  test('a committee of which a part is gone is not filled up', async () => {
    await oldDirectory(undefined, 2)
    const before = await at.content('secrets.json')
    await expect(at.open()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('is gone') })
    expect(await at.content('secrets.json')).toBe(before)
    expect(await readdir(at.path)).not.toContain('keys.json')
  })

  test('a replay in its directory leaves the committee where it is', async () => {
    await oldDirectory()
    await at.open({ committee: false })
    await expectMoved(await at.open())
  })
})
