/** What happens to the jobs of a thread that dies: threads run a stand-in for the addon that ends or traps when told. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NodeCrypto } from './node-crypto.ts'

let directory: string
let addonPath: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-pool-'))
  addonPath = join(directory, 'addon.cjs')
  await writeFile(
    addonPath,
    `const fs = require('node:fs')
    exports.describe = () => JSON.stringify({ module: 'full', build: 'test', kernel: 'none' })
    exports.poseidonHashBytes = (bytes) => {
      const mark = ${JSON.stringify(directory)} + '/died-' + bytes[1]
      if (bytes[0] === 1) process.exit(9)
      if (bytes[0] === 2 && !fs.existsSync(mark)) { fs.writeFileSync(mark, ''); process.exit(9) }
      if (bytes[0] === 3) throw new Error('unreachable')
      return new Uint8Array(bytes)
    }`,
  )
})
afterAll(() => rm(directory, { recursive: true }))

test('a job whose thread dies is tried once more', async () => {
  const crypto = new NodeCrypto({ threads: 2, addonPath })
  const others = Array.from({ length: 8 }, (_, i) => crypto.hashBytes(Uint8Array.of(0, i)))
  expect(await crypto.hashBytes(Uint8Array.of(2, 7))).toEqual(Uint8Array.of(2, 7))
  expect(await Promise.all(others)).toHaveLength(8)
  expect(crypto.description).toBe('native test none, 2 threads')
  await crypto.close()
})

test('a job that kills thread after thread fails with a typed error, and the pool lives', async () => {
  const crypto = new NodeCrypto({ threads: 1, addonPath })
  await expect(crypto.hashBytes(Uint8Array.of(1))).rejects.toMatchObject({ name: 'CryptoError', code: 'crashed' })
  expect(await crypto.hashBytes(Uint8Array.of(0, 1))).toEqual(Uint8Array.of(0, 1))
  await crypto.close()
})

test('an engine that traps says so, and the next job has a new one', async () => {
  const crypto = new NodeCrypto({ threads: 1, addonPath })
  await expect(crypto.hashBytes(Uint8Array.of(3))).rejects.toMatchObject({ code: 'crashed', message: 'unreachable' })
  expect(await crypto.hashBytes(Uint8Array.of(0, 1))).toEqual(Uint8Array.of(0, 1))
  await crypto.close()
})

test('a waiting job is cancelled without running', async () => {
  const crypto = new NodeCrypto({ threads: 1, addonPath })
  const controller = new AbortController()
  const first = crypto.hashBytes(Uint8Array.of(0))
  const second = crypto.hashBytes(Uint8Array.of(1), { signal: controller.signal })
  controller.abort()
  await expect(second).rejects.toMatchObject({ code: 'cancelled' })
  expect(await first).toEqual(Uint8Array.of(0))
  await crypto.close()
})
