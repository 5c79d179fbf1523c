import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArgsDef, CommandDef } from 'citty'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UsageError } from '../bin/arguments.ts'
import { dispatchWithin } from '../bin/main.ts'
import { keysCommand } from './command.ts'
import { createNodeDirectory } from './node-directory.ts'
import { CHEAP, engine, fresh } from './testing.ts'

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
  ['verify'],
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
