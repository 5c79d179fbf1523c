import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lockDirectory } from './lock.ts'
import { Secrets } from './secrets.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-data-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('lock', () => {
  test('a directory is locked once, and free again after release', async () => {
    const lock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'dataInUse' })
    await expect(lockDirectory(directory)).rejects.toThrow(String(process.pid))
    await lock.release()
    const again = await lockDirectory(directory)
    expect(again.stale).toBe(false)
    await again.release()
    expect(await readdir(directory)).toEqual([])
  })

  test('the lock of a process that is gone is taken over and said', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid: child.pid, started: '1' }))
    const lock = await lockDirectory(directory)
    expect(lock.stale).toBe(true)
    await lock.release()
  })

  test.runIf(process.platform === 'linux')('a process id that is used again does not keep the lock', async () => {
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
    const lock = await lockDirectory(directory)
    expect(lock.stale).toBe(true)
    await lock.release()
  })

  test('a lock of no meaning is stale', async () => {
    for (const content of ['', 'null', '{"pid":-1}', '[]']) {
      await writeFile(join(directory, 'lock'), content)
      await (await lockDirectory(directory)).release()
    }
  })

  test('of many at the same time exactly one gets the lock', async () => {
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a directory that cannot be made is said plainly', async () => {
    await writeFile(join(directory, 'file'), '')
    await expect(lockDirectory(join(directory, 'file', 'data'))).rejects.toMatchObject({ code: 'data' })
  })
})

describe('secrets', () => {
  const secret = Buffer.from('a secret of the committee')
  const path = () => join(directory, 'secrets.json')

  test('without a passphrase only the owner can read the file', async () => {
    const secrets = await Secrets.open(directory)
    await secrets.put('key', secret)
    expect(secrets.encrypted).toBe(false)
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect((await Secrets.open(directory)).get('key')).toEqual(new Uint8Array(secret))
    expect((await Secrets.open(directory)).get('toString')).toBeUndefined()
  })

  test('with a passphrase nothing readable is on disk', async () => {
    const secrets = await Secrets.open(directory, 'correct horse')
    await secrets.put('key', secret)
    expect(secrets.encrypted).toBe(true)
    const content = await readFile(path(), 'utf8')
    expect(content).not.toContain(secret.toString('base64'))
    expect((await Secrets.open(directory, 'correct horse')).get('key')).toEqual(new Uint8Array(secret))
    await expect(Secrets.open(directory, 'wrong horse')).rejects.toMatchObject({ code: 'passphrase' })
    await expect(Secrets.open(directory)).rejects.toMatchObject({ code: 'passphrase' })
  })

  test('a passphrase given later encrypts what was there', async () => {
    await (await Secrets.open(directory)).put('key', secret)
    expect((await Secrets.open(directory, 'late')).get('key')).toEqual(new Uint8Array(secret))
    expect(await readFile(path(), 'utf8')).not.toContain(secret.toString('base64'))
    await expect(Secrets.open(directory)).rejects.toMatchObject({ code: 'passphrase' })
  })

  test('another passphrase opens the same entries; the change is no harm when it is made already', async () => {
    await (await Secrets.open(directory, 'first')).put('key', secret)
    await expect(Secrets.changePassphrase(directory, 'wrong', 'second')).rejects.toMatchObject({ code: 'passphrase' })
    for (let time = 0; time < 2; time++) await Secrets.changePassphrase(directory, 'first', 'second')
    expect((await Secrets.open(directory, 'second')).get('key')).toEqual(new Uint8Array(secret))
    await expect(Secrets.open(directory, 'first')).rejects.toMatchObject({ code: 'passphrase' })
  })

  test('what is taken out is gone from the file, the rest stays', async () => {
    const secrets = await Secrets.open(directory)
    await secrets.put('key', secret)
    await secrets.put('other', Uint8Array.of(1))
    await secrets.remove(['key', 'unknown'])
    expect(secrets.get('key')).toBeUndefined()
    expect(await readFile(path(), 'utf8')).not.toContain(secret.toString('base64'))
    expect((await Secrets.open(directory)).get('other')).toEqual(Uint8Array.of(1))
  })

  test('an entry moved under another name does not open', async () => {
    await (await Secrets.open(directory, 'p')).put('one', secret)
    const file = JSON.parse(await readFile(path(), 'utf8'))
    file.entries.two = file.entries.one
    await writeFile(path(), JSON.stringify(file))
    const secrets = await Secrets.open(directory, 'p')
    expect(() => secrets.get('two')).toThrow(expect.objectContaining({ code: 'passphrase' }))
  })

  test('a file of another form is refused, not overwritten', async () => {
    for (const content of ['', '{}', 'null', '{"format":1,"salt":null,"entries":[]}', '{"format":2}']) {
      await writeFile(path(), content)
      await expect(Secrets.open(directory)).rejects.toMatchObject({ code: 'corrupt' })
      expect(await readFile(path(), 'utf8')).toBe(content)
    }
  })
})
