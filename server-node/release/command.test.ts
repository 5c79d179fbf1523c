import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArgsDef, CommandDef } from 'citty'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UsageError } from '../bin/arguments.ts'
import { dispatchWithin } from '../bin/main.ts'
import { createNodeDirectory } from '../keys/node-directory.ts'
import { engine, fresh } from '../keys/testing.ts'
import { release } from './command.ts'

let directory: string
let printed: string[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-release-'))
  printed = []
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((text) => void printed.push(text))
})
afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  await rm(directory, { recursive: true })
})

const run = async (...rawArgs: string[]): Promise<number | string | null | undefined> => {
  await dispatchWithin(release as CommandDef<ArgsDef>, rawArgs)
  return process.exitCode
}

/** A directory of keys that signs as the first signatory, and the file of all signatories. */
async function signatories(others = 0): Promise<{ home: string; file: string }> {
  const home = join(directory, 'keys')
  const keys = fresh()
  await createNodeDirectory(home, keys, engine)
  const own = keys.find(({ id }) => id === 'q-peer-key')?.publicKey ?? new Uint8Array(0)
  const more = Array.from({ length: others }, (_, index) => engine.ed448PublicKey(new Uint8Array(57).fill(200 + index)))
  const lines = [own, ...more].map((key) => Buffer.from(key).toString('hex'))
  const file = join(directory, 'signatories')
  await writeFile(file, ['# signatories of a test', ...lines].join('\n'))
  return { home, file }
}

describe('OPS-07 petal-node release', () => {
  test('a file: digest, signatures, check; one altered byte is refused', async () => {
    const { home, file } = await signatories()
    const artefact = join(directory, 'petal.node')
    await writeFile(artefact, 'content')
    expect(await run('digest', '--of', artefact, '--name', 'petal-0.1.0')).toBe(0)
    expect(await run('check', '--of', artefact, '--signatories', file)).toBe(1)
    expect(await run('sign', '--of', artefact, '--number', '1', '--data-dir', home)).toBe(0)
    expect(await run('check', '--of', artefact, '--signatories', file, '--json')).toBe(0)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ valid: true, signers: [1], quorum: 1 })
    expect(await run('check', '--of', artefact, '--signatories', file, '--name', 'petal-0.1.0')).toBe(0)
    expect(await run('check', '--of', artefact, '--signatories', file, '--name', 'petal-0.2.0')).toBe(1)
    await writeFile(artefact, 'contenT')
    expect(await run('check', '--of', artefact, '--signatories', file)).toBe(1)
    expect(printed.at(-1)).toContain('refused: digest')
  })

  test('a signature is not overwritten, one by another key fails the whole check, a quorum is a quorum', async () => {
    const { home, file } = await signatories(1)
    const artefact = join(directory, 'page')
    await writeFile(artefact, 'content')
    await run('digest', '--of', artefact)
    await run('sign', '--of', artefact, '--number', '1', '--data-dir', home)
    expect(await run('sign', '--of', artefact, '--number', '1', '--data-dir', home)).toBe(1)
    expect(printed.at(-1)).toContain('not overwritten')
    expect(await run('check', '--of', artefact, '--signatories', file, '--quorum', '2')).toBe(1)
    await run('sign', '--of', artefact, '--number', '2', '--data-dir', home)
    expect(await run('check', '--of', artefact, '--signatories', file)).toBe(1)
    expect(printed.at(-1)).toContain('signature 2 does not verify')
  })

  test('a directory: changed, missing and surplus files are named', async () => {
    const { home, file } = await signatories()
    const page = join(directory, 'web')
    await mkdir(join(page, 'assets'), { recursive: true })
    for (const name of ['index.html', 'assets/a.js', 'assets/b.js']) await writeFile(join(page, name), name)
    await run('digest', '--of', page)
    await run('sign', '--of', page, '--number', '1', '--data-dir', home)
    expect(await run('check', '--of', page, '--signatories', file)).toBe(0)
    await writeFile(join(page, 'index.html'), 'another')
    await rm(join(page, 'assets/a.js'))
    await writeFile(join(page, 'assets/c.js'), 'more')
    expect(await run('check', '--of', page, '--signatories', file)).toBe(1)
    expect(printed.at(-1)?.split('\n').slice(0, 3)).toEqual([
      'changed  index.html',
      'missing  assets/a.js',
      'surplus  assets/c.js',
    ])
  })

  test('wrong use is told apart from what fails', async () => {
    await expect(run('check')).rejects.toThrow(UsageError)
    await expect(run('sign', '--of', 'x', '--number', '0')).rejects.toThrow(UsageError)
    expect(await run('check', '--of', join(directory, 'nothing'), '--json')).toBe(1)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ error: 'access' })
    expect(await run('digest', '--of', '/dev/null')).toBe(1)
    expect(printed.at(-1)).toContain('no plain file')
    const artefact = join(directory, 'a')
    await writeFile(artefact, 'a')
    expect(await run('check', '--of', artefact)).toBe(1)
    expect(printed.at(-1)).toContain('a.dgst')
    await truncate(artefact, (1 << 30) + 1)
    expect(await run('digest', '--of', artefact, '--json')).toBe(1)
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ error: 'size' })
    await truncate(artefact, 1)
    await writeFile(join(directory, 's'), 'zz')
    await run('digest', '--of', artefact)
    expect(await run('check', '--of', artefact, '--signatories', join(directory, 's'))).toBe(1)
  })
})
