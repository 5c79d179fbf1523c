import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WELL_KNOWN_IDS } from './key-types.ts'
import { addToNodeDirectory, createNodeDirectory, readNodeDirectory } from './node-directory.ts'
import { missingStandardKeys } from './standard-keys.ts'
import { engine, ids } from './testing.ts'

const random = (count: number) => new Uint8Array(randomBytes(count))

test('all well-known keys are made once, each its own, and are read back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
  try {
    const keys = missingStandardKeys([], random, engine)
    expect(ids(keys)).toEqual([...WELL_KNOWN_IDS.keys()])
    expect(new Set(keys.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))).size).toBe(keys.length)
    await createNodeDirectory(directory, keys, engine)
    expect((await readNodeDirectory(directory, engine)).keys).toEqual(keys)
    expect(missingStandardKeys(ids(keys), random, engine)).toEqual([])
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('OPS-H14 a key that is there and does not open is neither made anew nor overwritten', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
  try {
    await createNodeDirectory(directory, missingStandardKeys([], random, engine), engine)
    const path = join(directory, 'config.yml')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/encryptionKey: "[0-9a-f]{64}"/, `encryptionKey: "${'11'.repeat(32)}"`))
    const before = await readFile(join(directory, 'keys.yml'), 'utf8')
    const { keys, refused } = await readNodeDirectory(directory, engine)
    expect(refused).toHaveLength(WELL_KNOWN_IDS.size - 1)
    expect(missingStandardKeys([...ids(keys), ...ids(refused)], random, engine)).toEqual([])
    const view = missingStandardKeys(
      [...WELL_KNOWN_IDS.keys()].filter((id) => id !== 'q-view-key'),
      random,
      engine,
    )
    await expect(addToNodeDirectory(directory, view, engine)).rejects.toMatchObject({ code: 'exists' })
    expect(await readFile(join(directory, 'keys.yml'), 'utf8')).toBe(before)
  } finally {
    await rm(directory, { recursive: true })
  }
})
