import { CodecError } from './errors.ts'

const FIRST_CAPACITY = 256

/** Writes big-endian fields into one growing buffer (spec 40 section 1). */
export class Writer {
  #bytes = new Uint8Array(FIRST_CAPACITY)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  u8(value: number): void {
    this.#check(value, 0xff)
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
  }

  u32(value: number): void {
    this.#check(value, 0xffffffff)
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
  }

  u64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new CodecError('range', `${value} is no unsigned 64-bit integer`)
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value)
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new CodecError('range', `${value} is no signed 64-bit integer`)
    const at = this.#reserve(8)
    this.#view.setBigInt64(at, value)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Writes what `content` writes behind its own u32 length; answers that length. */
  prefixed(content: () => void): number {
    const start = this.#reserve(4)
    content()
    const length = this.#length - start - 4
    this.#view.setUint32(start, length)
    return length
  }

  /** Everything written so far; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #check(value: number, most: number): void {
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new CodecError('range', `${value} is no unsigned integer of at most ${most}`)
  }

  #reserve(count: number): number {
    const start = this.#length
    this.#length = start + count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length))
      grown.set(this.#bytes.subarray(0, start))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return start
  }
}
