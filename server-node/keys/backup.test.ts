import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backup, restore, verifyBackup, verifyDirectory } from './backup.ts'
import { createNodeDirectory } from './node-directory.ts'
import { CHEAP, engine, fresh, ids } from './testing.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('backup', () => {
  const file = () => join(directory, 'backup.json')

  test.each(['petal', 'config.yml'] as const)(
    'from config.yml to a backup to %s: the same keys, proved at each step',
    async (form) => {
      const source = { directory: join(directory, 'old') }
      await createNodeDirectory(source.directory, fresh(), engine)
      const report = await backup(source, file(), 'b', engine, CHEAP)
      expect(ids(report.keys)).toEqual(ids(fresh()))
      expect((await verifyBackup(file(), 'b', engine)).keys).toEqual(report.keys)
      const target = { directory: join(directory, 'new'), form, passphrase: 'n' }
      const restored = await restore(file(), 'b', target, engine, CHEAP)
      expect(restored).toEqual({ form, keys: report.keys, refused: [] })
      expect((await verifyDirectory(target, engine)).keys).toEqual(report.keys)
    },
  )

  test('an unusable entry is reported and is not in the backup', async () => {
    const source = { directory: join(directory, 'old') }
    await createNodeDirectory(source.directory, fresh(), engine)
    const path = join(source.directory, 'keys.yml')
    await writeFile(path, (await readFile(path, 'utf8')).replace('id: q-view-key', 'id: q-spend-key'))
    const report = await backup(source, file(), 'b', engine, CHEAP)
    expect(report.refused).toEqual([{ id: 'q-view-key', reason: 'id' }])
    expect(ids(report.keys)).not.toContain('q-view-key')
  })

  test('neither a backup nor keys that are there are overwritten', async () => {
    const source = { directory: join(directory, 'old') }
    await createNodeDirectory(source.directory, fresh(), engine)
    await backup(source, file(), 'b', engine, CHEAP)
    await expect(backup(source, file(), 'b', engine, CHEAP)).rejects.toMatchObject({ code: 'exists' })
    const target = { ...source, form: 'petal', passphrase: 'n' } as const
    await expect(restore(file(), 'b', target, engine, CHEAP)).rejects.toMatchObject({ code: 'exists' })
    for (const left of ['keys.json.bak', 'keys.passphrase']) {
      const used = await mkdtemp(join(directory, 'used-'))
      await writeFile(join(used, left), 'what was there')
      const again = restore(file(), 'b', { ...target, directory: used }, engine, CHEAP)
      await expect(again).rejects.toMatchObject({ code: 'exists', message: expect.stringContaining(left) })
    }
  })

  test('a wrong passphrase or a damaged backup restores nothing', async () => {
    await createNodeDirectory(join(directory, 'old'), fresh(), engine)
    await backup({ directory: join(directory, 'old') }, file(), 'b', engine, CHEAP)
    const target = { directory: join(directory, 'new'), form: 'petal', passphrase: 'n' } as const
    await expect(restore(file(), 'c', target, engine, CHEAP)).rejects.toMatchObject({ code: 'passphrase' })
    await writeFile(file(), (await readFile(file(), 'utf8')).slice(0, -100))
    await expect(restore(file(), 'b', target, engine, CHEAP)).rejects.toMatchObject({ code: 'form' })
    await expect(stat(target.directory)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
