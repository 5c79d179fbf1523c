import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADDON_PATH, loadAddon } from '../crypto/addon.ts'
import { lockDirectory } from './lock.ts'
import { Secrets } from './secrets.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-data-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('lock', () => {
  const addon = loadAddon()
  const content = () => readFile(join(directory, 'lock'), 'utf8')

  test('a directory is locked once, and free again after release', async () => {
    const lock = await lockDirectory(directory, addon)
    expect(lock.stale).toBe(false)
    expect(await content()).toBe(String(process.pid))
    expect((await stat(join(directory, 'lock'))).mode & 0o777).toBe(0o600)
    const second = lockDirectory(directory, addon)
    await expect(second).rejects.toMatchObject({
      code: 'dataInUse',
      message: expect.stringContaining(`process ${process.pid}:`),
    })
    for (let time = 0; time < 2; time++) lock.release()
    expect(await content()).toBe('')
    const again = await lockDirectory(directory, addon)
    expect(again.stale).toBe(false)
    again.release()
  })

  test('the lock of a process that is killed is free at once, and said to be stale', async () => {
    const take = `globalThis.held = require(process.argv[1]).DirectoryLock.take(process.argv[2], String(process.pid)); console.log(held.holder); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', take, ADDON_PATH, directory])
    try {
      expect(String((await once(child.stdout, 'data'))[0]).trim()).toBe('null')
      const refused = lockDirectory(directory, addon)
      await expect(refused).rejects.toMatchObject({
        code: 'dataInUse',
        message: expect.stringContaining(`process ${child.pid}:`),
      })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const lock = await lockDirectory(directory, addon)
    expect(lock.stale).toBe(true)
    lock.release()
  })

  test('whatever is in the file means a stale lock, and is not repeated unless it is a process id', async () => {
    for (const found of ['null', '{"pid":1}', '\u001b[2J', '12345678901', 'x'.repeat(1 << 20)]) {
      await writeFile(join(directory, 'lock'), found)
      const lock = await lockDirectory(directory, addon)
      expect(lock.stale).toBe(true)
      await writeFile(join(directory, 'lock'), found)
      const said = 'is in use by another process: stop it'
      await expect(lockDirectory(directory, addon)).rejects.toThrow(said)
      lock.release()
    }
  })

  test('of many at the same time exactly one gets the lock', async () => {
    await writeFile(join(directory, 'lock'), '1')
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory, addon)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) if (result.status === 'fulfilled') result.value.release()
  })

  test('a directory that cannot be made is said plainly', async () => {
    await writeFile(join(directory, 'file'), '')
    await expect(lockDirectory(join(directory, 'file', 'data'), addon)).rejects.toMatchObject({ code: 'data' })
  })

  test('a lock that cannot be made is said plainly', async () => {
    await mkdir(join(directory, 'lock'))
    const message = expect.stringMatching(/cannot be used: .*directory/i)
    await expect(lockDirectory(directory, addon)).rejects.toMatchObject({ code: 'data', message })
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
