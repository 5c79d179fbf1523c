import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostKeyOfSeed } from '@petal/p2p/host-keys.ts'
import type { ArgsDef, CommandDef } from 'citty'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UsageError } from '../bin/arguments.ts'
import { dispatchWithin } from '../bin/main.ts'
import { lockDirectory } from '../data/lock.ts'
import { Secrets } from '../data/secrets.ts'
import { keysCommand } from './command.ts'
import { WELL_KNOWN_IDS } from './key-types.ts'
import { createNodeDirectory, readNodeDirectory } from './node-directory.ts'
import { openAll } from './read-back.ts'
import { CHEAP, engine, fresh, ids, ringOf } from './testing.ts'

let directory: string
const printed: string[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
  printed.length = 0
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((text) => void printed.push(text))
  vi.stubEnv('PETAL_BACKUP_PASSPHRASE', 'of the backup')
  vi.stubEnv('PETAL_PASSPHRASE', 'of the node')
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await rm(directory, { recursive: true })
})

const run = async (...rawArgs: string[]): Promise<number | string | null | undefined> => {
  await dispatchWithin(keysCommand(CHEAP) as CommandDef<ArgsDef>, rawArgs)
  return process.exitCode
}

test('keys backup, restore and verify by the command line; no private key is printed', async () => {
  const [old, file, young] = [join(directory, 'old'), join(directory, 'backup.json'), join(directory, 'young')]
  await createNodeDirectory(old, fresh(), engine)
  expect(await run('backup', '--data-dir', old, '--to', file)).toBe(0)
  expect(await run('verify', '--file', file)).toBe(0)
  expect(await run('restore', '--from', file, '--data-dir', young)).toBe(0)
  expect(await run('verify', '--data-dir', young, '--json')).toBe(0)
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ form: 'petal', refused: [] })
  expect(printed[0]).toContain('5 keys are good, 0 refused')
  for (const { privateKey } of fresh())
    expect(printed.join()).not.toContain(Buffer.from(privateKey.subarray(0, 8)).toString('hex'))
})

describe('the data directory of a node', () => {
  const data = () => join(directory, 'data')
  const content = async (name: string) => readFile(join(data(), name), 'utf8')
  let peerId: string

  beforeEach(async () => {
    await mkdir(data())
    const ring = await ringOf(data())
    peerId = hostKeyOfSeed(ring.get('q-peer-key').privateKey).publicKey.toString()
    await (await Secrets.open(data())).put('certificate', Uint8Array.of(1))
    vi.stubEnv('PETAL_PASSPHRASE', undefined)
    vi.stubEnv('PETAL_NEW_PASSPHRASE', 'a new one')
  })

  test('OPS-03 show says who the node is on the network, and nothing private', async () => {
    expect(await run('show', '--data-dir', data(), '--json')).toBe(0)
    const shown = JSON.parse(printed.at(-1) ?? '')
    const keys = await openAll(join(data(), 'keys.json'), (await content('keys.passphrase')).trim(), engine)
    const prover = keys.find(({ id }) => id === 'q-prover-key')?.publicKey ?? new Uint8Array(0)
    const proverAddress = Buffer.from(engine.poseidonHashBytes(prover)).toString('hex')
    expect(shown).toMatchObject({ form: 'petal', protection: 'file', peerId, proverAddress, refused: [] })
    expect(ids(shown.keys)).toEqual(ids(keys))
    expect(await run('show', '--data-dir', data())).toBe(0)
    expect(printed.at(-1)).toContain(`peer id         ${peerId}`)
    expect(printed.at(-1)).toContain('only against who cannot read that file')
    for (const { privateKey } of keys)
      expect(printed.join()).not.toContain(Buffer.from(privateKey.subarray(0, 8)).toString('hex'))
  })

  test('show answers also before a start has taken a new passphrase over', async () => {
    vi.stubEnv('PETAL_PASSPHRASE', 'of the next start')
    expect(await run('show', '--data-dir', data(), '--json')).toBe(0)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ protection: 'file', peerId })
  })

  test('OPS-04 export-node writes what other nodes read, without the local network, and overwrites nothing', async () => {
    const to = join(directory, 'exported')
    expect(await run('export-node', '--data-dir', data(), '--to', to, '--json')).toBe(0)
    expect(ids(JSON.parse(printed.at(-1) ?? '').keys)).toEqual([...WELL_KNOWN_IDS.keys()])
    const own = await openAll(join(data(), 'keys.json'), (await content('keys.passphrase')).trim(), engine)
    expect((await readNodeDirectory(to, engine)).keys).toEqual(own.filter(({ id }) => WELL_KNOWN_IDS.has(id)))
    expect(await run('show', '--data-dir', to, '--json')).toBe(0)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ form: 'config.yml', protection: 'none', peerId })
    const before = await readFile(join(to, 'keys.yml'), 'utf8')
    expect(await run('export-node', '--data-dir', data(), '--to', to)).toBe(1)
    expect(printed.at(-1)).toContain('is there already')
    expect(await readFile(join(to, 'keys.yml'), 'utf8')).toBe(before)
  })

  test('a backup carries the committee too, and a restored directory opens', async () => {
    const [backup, restored] = [join(directory, 'backup.json'), join(directory, 'restored')]
    const before = await ringOf(data())
    expect(await run('backup', '--data-dir', data(), '--to', backup)).toBe(0)
    vi.stubEnv('PETAL_PASSPHRASE', 'mine')
    expect(await run('restore', '--from', backup, '--data-dir', restored)).toBe(0)
    const after = await openAll(join(restored, 'keys.json'), 'mine', engine)
    expect(after).toEqual(before.ids.map((id) => before.get(id)))
  })

  test('passphrase: from the stored one to one, to another; keys and secrets go together, and again is no harm', async () => {
    const before = await ringOf(data())
    const keys = before.ids.map((id) => before.get(id))
    expect(await run('passphrase', '--data-dir', data())).toBe(0)
    expect(await readdir(data())).toEqual(['keys.json', 'lock', 'secrets.json'])
    vi.stubEnv('PETAL_PASSPHRASE', 'a new one')
    vi.stubEnv('PETAL_NEW_PASSPHRASE', 'another')
    for (let time = 0; time < 2; time++) expect(await run('passphrase', '--data-dir', data(), '--json')).toBe(0)
    expect(await readdir(data())).toEqual(['keys.json', 'lock', 'secrets.json'])
    expect(await openAll(join(data(), 'keys.json'), 'another', engine)).toEqual(keys)
    expect((await Secrets.open(data(), 'another')).get('certificate')).toEqual(Uint8Array.of(1))
    await expect(Secrets.open(data(), 'a new one')).rejects.toMatchObject({ code: 'passphrase' })
  })

  test('passphrase: a wrong one, a directory in use or without keys change nothing', async () => {
    vi.stubEnv('PETAL_PASSPHRASE', 'mine')
    vi.stubEnv('PETAL_NEW_PASSPHRASE', 'mine')
    expect(await run('passphrase', '--data-dir', data())).toBe(0)
    const before = [await content('keys.json'), await content('secrets.json')]
    vi.stubEnv('PETAL_PASSPHRASE', 'wrong')
    vi.stubEnv('PETAL_NEW_PASSPHRASE', 'other')
    expect(await run('passphrase', '--data-dir', data())).toBe(1)
    vi.stubEnv('PETAL_PASSPHRASE', 'mine')
    const lock = await lockDirectory(data(), engine)
    expect(await run('passphrase', '--data-dir', data(), '--json')).toBe(1)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ error: 'dataInUse' })
    lock.release()
    expect(await run('passphrase', '--data-dir', join(directory, 'none'), '--json')).toBe(1)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ error: 'missing' })
    expect(await readdir(directory)).toEqual(['data'])
    expect([await content('keys.json'), await content('secrets.json')]).toEqual(before)
  })
})

test('a refused key, a wrong passphrase and a file that is there give exit code 1', async () => {
  const [old, file] = [join(directory, 'old'), join(directory, 'backup.json')]
  await createNodeDirectory(old, fresh(), engine)
  expect(await run('backup', '--data-dir', old, '--to', file)).toBe(0)
  expect(await run('backup', '--data-dir', old, '--to', file)).toBe(1)
  vi.stubEnv('PETAL_BACKUP_PASSPHRASE', 'another')
  expect(await run('verify', '--file', file, '--json')).toBe(1)
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ error: 'passphrase' })
  await writeFile(join(old, 'keys.yml'), 'broken: {}\n')
  expect(await run('verify', '--data-dir', old)).toBe(1)
  expect(printed.at(-1)).toContain('refused  broken  form')
})

test.each([
  [],
  ['burn'],
  ['backup'],
  ['backup', '--data-dir', 'x'],
  ['restore', '--from', 'x'],
  ['export-node', '--data-dir', 'x'],
  ['show', '--data-dir', ''],
  ['show', '--file', 'x'],
  ['passphrase', '--data-dir', 'x'],
  ['verify', '--file', 'x', '--data-dir', 'y'],
  ['restore', '--from', 'x', '--data-dir', 'y', '--form', 'z'],
  ['verify', '--unknown', 'x'],
])('wrong use is said: keys %s', async (...rawArgs) => {
  await expect(run(...rawArgs)).rejects.toBeInstanceOf(UsageError)
})

test('without a passphrase for the backup nothing begins', async () => {
  vi.stubEnv('PETAL_BACKUP_PASSPHRASE', '')
  await expect(run('backup', '--data-dir', directory, '--to', join(directory, 'b'))).rejects.toBeInstanceOf(UsageError)
})
