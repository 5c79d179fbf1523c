import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FrameLog } from './frame-log.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-log-'))
  path = join(directory, 'frames.log')
})
afterEach(() => rm(directory, { recursive: true }))

/** Bytes that differ from frame to frame and do not deflate to nothing. */
const header = (number: bigint, length = 60): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Number(number) * 31 + i * i * 7) & 0xff)

async function filled(frames: bigint): Promise<Buffer> {
  const log = await FrameLog.open(path, 5n)
  for (let n = 5n; n < 5n + frames; n++) await log.append(n, header(n))
  await log.close()
  return readFile(path)
}

test('what was appended is read back, also after opening again', async () => {
  await filled(3n)
  const log = await FrameLog.open(path, 5n)
  expect(log.cutBytes).toBe(0)
  expect(log.next).toBe(8n)
  for (const n of [5n, 6n, 7n]) expect(await log.read(n)).toEqual(header(n))
  expect(await log.read(4n)).toBeUndefined()
  expect(await log.read(8n)).toBeUndefined()
  await log.close()
})

test('cut at every byte, the log keeps every whole record and goes on', async () => {
  const whole = await filled(3n)
  const starts = [...positions(whole, 'FRAM'), whole.length]
  expect(starts).toHaveLength(4)
  for (let size = 0; size < whole.length; size++) {
    await writeFile(path, whole)
    await truncate(path, size)
    const log = await FrameLog.open(path, 5n)
    const kept = starts.filter((start, index) => index > 0 && start <= size).length
    expect(log.length, `size ${size}`).toBe(kept)
    expect(log.cutBytes).toBe(size < 18 ? 0 : size - Math.max(...starts.filter((start) => start <= size), 18))
    await log.append(log.next, header(99n))
    await log.close()
    const again = await FrameLog.open(path, 5n)
    expect(again.cutBytes).toBe(0)
    for (let n = 5n; n < 5n + BigInt(kept); n++) expect(await again.read(n)).toEqual(header(n))
    expect(await again.read(5n + BigInt(kept))).toEqual(header(99n))
    await again.close()
  }
})

test('a torn record at the end, full length but wrong bytes, is cut off', async () => {
  const whole = await filled(3n)
  const torn = Buffer.from(whole)
  torn.fill(0, whole.length - 10)
  await writeFile(path, torn)
  const log = await FrameLog.open(path, 5n)
  expect(log.length).toBe(2)
  expect(log.cutBytes).toBeGreaterThan(0)
  await log.close()
})

test('a flipped bit anywhere before the last record is an error, not a shorter chain', async () => {
  const whole = await filled(3n)
  const last = positions(whole, 'FRAM').at(-1) ?? 0
  for (let at = 0; at < last; at++) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await writeFile(path, damaged)
    await expect(FrameLog.open(path, 5n), `byte ${at}`).rejects.toMatchObject({ code: 'corrupt' })
    expect(await readFile(path)).toEqual(damaged)
  }
})

test('a log of another first frame is refused', async () => {
  await filled(2n)
  await expect(FrameLog.open(path, 6n)).rejects.toMatchObject({ code: 'corrupt' })
})

test('records longer than one read are found', async () => {
  const log = await FrameLog.open(path, 0n)
  const random = (n: bigint) => crypto.getRandomValues(new Uint8Array(65_536)).fill(Number(n), 0, 4)
  const headers = Array.from({ length: 40 }, (_, n) => random(BigInt(n)))
  for (const [n, bytes] of headers.entries()) await log.append(BigInt(n), bytes)
  await log.close()
  const again = await FrameLog.open(path, 0n)
  expect(again.length).toBe(40)
  expect(await again.read(39n)).toEqual(headers[39])
  await again.close()
})

test('numbers are consecutive and headers bounded', async () => {
  const log = await FrameLog.open(path, 0n)
  await expect(log.append(1n, header(1n))).rejects.toThrow(RangeError)
  await expect(log.append(0n, new Uint8Array(65_537))).rejects.toThrow(RangeError)
  await log.append(0n, header(0n))
  await log.close()
})

function positions(bytes: Buffer, text: string): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found.push(at)
  return found
}
