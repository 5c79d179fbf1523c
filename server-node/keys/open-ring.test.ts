/** The keys of a node over its life: first start, later starts, a passphrase that is given later. */
import { cp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMITTEE_KEY_IDS } from '../chain/committee.ts'
import { Secrets } from '../data/secrets.ts'
import { KeyStore } from './key-store.ts'
import { KEY_TYPES, WELL_KNOWN_IDS } from './key-types.ts'
import { openAll } from './read-back.ts'
import { all, CHEAP, engine, ids, RingDirectory, stored } from './testing.ts'

let at: RingDirectory
beforeEach(async () => {
  at = await RingDirectory.make()
})
afterEach(() => at.remove())

const EVERY_ID = [...WELL_KNOWN_IDS.keys(), ...COMMITTEE_KEY_IDS]

describe('first and later starts', () => {
  test('OPS-03 OPS-H2 all keys are made once, encrypted, for their owner alone; a later start has the same and writes nothing', async () => {
    const made = all(await at.open())
    expect(ids(made)).toEqual(EVERY_ID)
    expect(await readdir(at.path)).toEqual(['keys.json', 'keys.passphrase'])
    for (const name of ['keys.json', 'keys.passphrase']) expect((await stat(at.file(name))).mode & 0o777).toBe(0o600)
    const before = await at.content('keys.json')
    for (const { privateKey } of made)
      expect(before).not.toContain(Buffer.from(privateKey.subarray(0, 40)).toString('hex'))
    expect(at.notices).toEqual([
      expect.stringContaining('only against who cannot read that file: set PETAL_PASSPHRASE'),
    ])
    expect(all(await at.open())).toEqual(made)
    expect(await at.content('keys.json')).toBe(before)
    expect(at.notices).toHaveLength(1)
    expect(at.notices.join()).not.toContain((await at.content('keys.passphrase')).trim())
  })

  test('under a passphrase of the owner nothing is beside the keys, and only it opens them', async () => {
    const made = all(await at.open({ passphrase: 'mine' }))
    expect(await readdir(at.path)).toEqual(['keys.json', 'secrets.json'])
    expect(at.notices).toEqual([expect.stringContaining('encrypted under PETAL_PASSPHRASE')])
    // Secrets in the clear would be encrypted under whatever comes first.
    await rm(at.file('secrets.json'))
    await (await Secrets.open(at.path)).put('certificate', Uint8Array.of(1))
    const before = [await at.content('keys.json'), await at.content('secrets.json')]
    for (const passphrase of [undefined, 'Mine'])
      await expect(at.open({ passphrase })).rejects.toMatchObject({ name: 'NodeError', code: 'passphrase' })
    expect([await at.content('keys.json'), await at.content('secrets.json')]).toEqual(before)
    expect(all(await at.open({ passphrase: 'mine' }))).toEqual(made)
  })

  test('a replay needs no committee; a network that begins later in its directory gets one, and the rest stays', async () => {
    const first = all(await at.open({ committee: false }))
    expect(ids(first)).toEqual([...WELL_KNOWN_IDS.keys()])
    const later = await at.open()
    expect(later.ids).toEqual(EVERY_ID)
    expect(all(later).slice(0, first.length)).toEqual(first)
  })

  test('what a kill left half written is cleared away, and a passphrase without keys is used', async () => {
    await at.open()
    const passphrase = await at.content('keys.passphrase')
    await rm(at.file('keys.json'))
    for (const name of ['keys.json', 'keys.passphrase', 'secrets.json'])
      await writeFile(at.file(`${name}.0123456789ab.tmp`), 'x')
    await writeFile(at.file('mine.0123456789ab.tmp'), 'not ours')
    await at.open()
    expect(await readdir(at.path)).toEqual(['keys.json', 'keys.passphrase', 'mine.0123456789ab.tmp'])
    expect(await at.content('keys.passphrase')).toBe(passphrase)
  })

  test('a closed ring holds no private keys', async () => {
    const ring = await at.open()
    const keys = all(ring)
    ring.close()
    expect(keys.every(({ privateKey }) => privateKey.every((byte) => byte === 0))).toBe(true)
    expect(() => ring.get('q-other-key')).toThrow(expect.objectContaining({ code: 'missing' }))
  })
})

describe('OPS-H14 keys are never made anew or overwritten', () => {
  test('one damaged byte anywhere in the keys is an error, and the file stays as it is', async () => {
    await at.open()
    const good = JSON.parse(await at.content('keys.json'))
    for (const [index, member] of good.keys.flatMap((_: unknown, at: number) => [
      [at, 'box'],
      [at, 'publicKey'],
    ])) {
      const bad = structuredClone(good)
      bad.keys[index][member] = bad.keys[index][member].replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))
      const text = JSON.stringify(bad)
      await writeFile(at.file('keys.json'), text)
      await expect(at.open()).rejects.toMatchObject({ name: 'NodeError', code: 'corrupt' })
      expect(await at.content('keys.json')).toBe(text)
    }
  })

  test('OPS-04 a key sealed with the public half of another one is an error', async () => {
    const [one, other] = [1, 2].map((byte) =>
      stored('q-view-key', KEY_TYPES.decaf448, new Uint8Array(57).fill(byte, 0, 56)),
    )
    if (one === undefined || other === undefined) throw new Error('two keys are needed')
    const careless = { ...engine, decafMultiplyGenerator: () => other.publicKey }
    await KeyStore.create(at.file('keys.json'), 'p', [{ ...one, publicKey: other.publicKey }], careless, CHEAP)
    await expect(at.open({ passphrase: 'p' })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('does not belong to its public key'),
    })
  })

  test('keys of a network that has begun are lost when they are gone, not missing', async () => {
    const made = all(await at.open())
    await writeFile(at.file('genesis.json'), '{}')
    await rename(at.file('keys.json'), join(at.root, 'elsewhere'))
    await expect(at.open()).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('restore keys.json'),
    })
    expect(await readdir(at.path)).not.toContain('keys.json')
    await rename(join(at.root, 'elsewhere'), at.file('keys.json'))
    expect(all(await at.open())).toEqual(made)
  })

  test('a file that is gone while its .bak is there is not replaced by new keys', async () => {
    await at.open({ committee: false })
    await at.open()
    await rm(at.file('keys.json'))
    await expect(at.open()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('.bak') })
    expect(await readdir(at.path)).toEqual(['keys.json.bak', 'keys.passphrase'])
  })

  test('a stored passphrase of another form is refused, not replaced', async () => {
    await at.open()
    for (const text of ['', 'short\n', `${'a'.repeat(43)}`, `${'é'.repeat(43)}\n`]) {
      await writeFile(at.file('keys.passphrase'), text)
      await expect(at.open()).rejects.toMatchObject({ code: 'corrupt' })
      expect(await at.content('keys.passphrase')).toBe(text)
    }
  })
})

describe('a passphrase that is given later', () => {
  test('takes the place of the stored one: the keys stay, what the stored one opens is gone', async () => {
    const made = all(await at.open())
    const old = (await at.content('keys.passphrase')).trim()
    expect(all(await at.open({ passphrase: 'mine' }))).toEqual(made)
    expect(await readdir(at.path)).toEqual(['keys.json', 'secrets.json'])
    expect(at.notices.at(-1)).toContain('under PETAL_PASSPHRASE now')
    await expect(openAll(at.file('keys.json'), old, engine)).rejects.toMatchObject({ code: 'passphrase' })
    expect(all(await at.open({ passphrase: 'mine' }))).toEqual(made)
  })

  test('killed at any step of the change, the next start finishes it', async () => {
    const made = all(await at.open())
    const before = { keys: await at.content('keys.json'), passphrase: await at.content('keys.passphrase') }
    const steps: [name: string, text: string][][] = [
      [['keys.json.bak', before.keys]],
      [
        ['keys.json.bak', before.keys],
        ['keys.json', 'new'],
      ],
      [['keys.json', 'new']],
    ]
    await at.open({ passphrase: 'mine' })
    const changed = await at.content('keys.json')
    for (const [index, step] of steps.entries()) {
      const copy = join(at.root, `step-${index}`)
      await cp(at.path, copy, { recursive: true })
      await writeFile(join(copy, 'keys.json'), before.keys)
      await writeFile(join(copy, 'keys.passphrase'), before.passphrase)
      for (const [name, text] of step) await writeFile(join(copy, name), text === 'new' ? changed : text)
      expect(all(await at.open({ directory: copy, passphrase: 'mine' }))).toEqual(made)
      expect(await readdir(copy)).toEqual(['keys.json', 'secrets.json'])
    }
  })

  test('one that does not open the keys changes nothing when no stored one does', async () => {
    await at.open({ passphrase: 'mine' })
    await writeFile(at.file('keys.passphrase'), `${'a'.repeat(43)}\n`)
    const before = await at.content('keys.json')
    await expect(at.open({ passphrase: 'other' })).rejects.toMatchObject({ code: 'passphrase' })
    await expect(at.open()).rejects.toMatchObject({ code: 'passphrase' })
    expect(await at.content('keys.json')).toBe(before)
    expect(await readdir(at.path)).toContain('keys.passphrase')
  })
})
