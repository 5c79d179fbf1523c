/**
 * Append-only log of frame headers: what was appended is on disk before `append` resolves, and kill -9 at any moment loses at
 * most the record that was being written.
 *
 *   file   = "petal frame log 1\n" record*
 *   record = "FRAM" || length u32 || crc32 u32 || number u64 || deflated header       (big endian)
 *
 * `length` counts the deflated bytes; the checksum covers length, number and bytes. Headers are deflated because the 256 commitments of an
 * empty state are 16 KiB of zeros. Numbers are consecutive. On opening, an incomplete record at the end is cut off; damage anywhere
 * else is an error, because frames that were announced must not silently disappear.
 */
import { constants as flags } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { syncDirectory } from '../data/files.ts'
import { NodeError } from '../errors.ts'

const MAGIC = Buffer.from('petal frame log 1\n')
const RECORD = Buffer.from('FRAM')
const PREFIX_BYTES = 20
/** Longest header that is logged (the same as on the wire), and what deflating can add to it at most. */
const MAX_HEADER_BYTES = 64 << 10
const MAX_BODY_BYTES = MAX_HEADER_BYTES + 64
const SCAN_BYTES = 1 << 20

export class FrameLog {
  /** Bytes cut off when the log was opened: an append that did not finish. */
  readonly cutBytes: number
  readonly #file: FileHandle
  readonly #first: bigint
  /** Start of each record; the last element is the end of the file. */
  readonly #offsets: number[]
  #failed: unknown

  private constructor(file: FileHandle, first: bigint, offsets: number[], cutBytes: number) {
    this.#file = file
    this.#first = first
    this.#offsets = offsets
    this.cutBytes = cutBytes
  }

  /** Opens or creates a log whose first record is frame `first`. Throws `NodeError` `corrupt`. */
  static async open(path: string, first: bigint): Promise<FrameLog> {
    const file = await open(path, flags.O_RDWR | flags.O_CREAT, 0o644)
    try {
      const { size } = await file.stat()
      const start = await readAt(file, 0, Math.min(size, MAGIC.length))
      if (!MAGIC.subarray(0, start.length).equals(start)) {
        throw new NodeError('corrupt', `${path} is not a frame log`)
      }
      if (start.length < MAGIC.length) {
        await file.truncate(0)
        await writeAt(file, MAGIC, 0)
        await file.sync()
        await syncDirectory(dirname(path))
        return new FrameLog(file, first, [MAGIC.length], 0)
      }
      const offsets = await scan(path, file, size, first)
      const end = offsets.at(-1) ?? MAGIC.length
      if (end < size) {
        await file.truncate(end)
        await file.sync()
      }
      return new FrameLog(file, first, offsets, size - end)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Number of frames in the log. */
  get length(): number {
    return this.#offsets.length - 1
  }

  /** Number of the next frame. */
  get next(): bigint {
    return this.#first + BigInt(this.length)
  }

  /** Resolves when the header is on disk. One call at a time. */
  async append(number: bigint, header: Uint8Array): Promise<void> {
    if (this.#failed !== undefined) throw new NodeError('data', 'the frame log failed before', { cause: this.#failed })
    if (number !== this.next) throw new RangeError(`frame ${number} appended where frame ${this.next} is next`)
    if (header.length > MAX_HEADER_BYTES) throw new RangeError(`header of ${header.length} bytes`)
    const record = encode(number, header)
    const end = this.#offsets.at(-1) ?? MAGIC.length
    try {
      await writeAt(this.#file, record, end)
      await this.#file.datasync()
    } catch (error) {
      // What is on disk now is unknown: cut it off, and do not go on even if that works.
      this.#failed = error
      await this.#file.truncate(end).catch(() => undefined)
      throw new NodeError('data', `frame ${number} could not be written to disk`, { cause: error })
    }
    this.#offsets.push(end + record.length)
  }

  /** Header of a frame, or undefined when it is not in the log. Throws `NodeError` `corrupt`. */
  async read(number: bigint): Promise<Uint8Array | undefined> {
    const index = number - this.#first
    if (index < 0n || index >= BigInt(this.length)) return undefined
    const start = this.#offsets[Number(index)] ?? 0
    const end = this.#offsets[Number(index) + 1] ?? start
    const record = await readAt(this.#file, start, end - start)
    const decoded = decode(record)
    if (decoded === undefined || decoded.number !== number) {
      throw new NodeError('corrupt', `the record of frame ${number} is damaged`)
    }
    return new Uint8Array(inflateRawSync(decoded.body, { maxOutputLength: MAX_HEADER_BYTES }))
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function encode(number: bigint, header: Uint8Array): Buffer {
  const body = deflateRawSync(header, { level: constants.Z_DEFAULT_COMPRESSION })
  const record = Buffer.alloc(PREFIX_BYTES + body.length)
  RECORD.copy(record, 0)
  record.writeUInt32BE(body.length, 4)
  record.writeBigUInt64BE(number, 12)
  body.copy(record, PREFIX_BYTES)
  record.writeUInt32BE(checksum(record), 8)
  return record
}

function checksum(record: Buffer): number {
  return crc32(record.subarray(12), crc32(record.subarray(4, 8)))
}

/** The record at the start of `bytes`, or undefined when there is no whole and undamaged one. */
function decode(bytes: Buffer): { number: bigint; body: Buffer; length: number } | undefined {
  if (bytes.length < PREFIX_BYTES || !bytes.subarray(0, 4).equals(RECORD)) return undefined
  const bodyLength = bytes.readUInt32BE(4)
  const length = PREFIX_BYTES + bodyLength
  if (bodyLength > MAX_BODY_BYTES || bytes.length < length) return undefined
  const record = bytes.subarray(0, length)
  if (checksum(record) !== record.readUInt32BE(8)) return undefined
  return { number: record.readBigUInt64BE(12), body: record.subarray(PREFIX_BYTES), length }
}

/** Offsets of all whole records and of the end of the last one. */
async function scan(path: string, file: FileHandle, size: number, first: bigint): Promise<number[]> {
  const offsets = [MAGIC.length]
  let chunk: Buffer = Buffer.alloc(0)
  let chunkAt = 0
  for (let at = MAGIC.length; at < size; ) {
    let rest = chunk.subarray(at - chunkAt)
    if (rest.length < PREFIX_BYTES + MAX_BODY_BYTES && chunkAt + chunk.length < size) {
      chunk = await readAt(file, at, Math.min(SCAN_BYTES, size - at))
      chunkAt = at
      rest = chunk
    }
    const record = decode(rest)
    if (record === undefined) {
      await expectUnfinished(path, file, at, size)
      break
    }
    const expected = first + BigInt(offsets.length - 1)
    if (record.number !== expected) {
      throw new NodeError('corrupt', `${path} has frame ${record.number} where frame ${expected} belongs`)
    }
    at += record.length
    offsets.push(at)
  }
  return offsets
}

/** What follows the last good record must be one unfinished append: shorter than a record can be, and no whole record in it. */
async function expectUnfinished(path: string, file: FileHandle, at: number, size: number): Promise<void> {
  const damaged = () =>
    new NodeError(
      'corrupt',
      `${path} is damaged at byte ${at} of ${size}, with more behind it: restore it from a copy, or choose another --data-dir`,
    )
  if (size - at > PREFIX_BYTES + MAX_BODY_BYTES) throw damaged()
  const tail = await readAt(file, at, size - at)
  for (let next = tail.indexOf(RECORD, 1); next !== -1; next = tail.indexOf(RECORD, next + 1)) {
    if (decode(tail.subarray(next)) !== undefined) throw damaged()
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  }
}
