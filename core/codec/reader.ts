import { CodecError } from './errors.ts'

/** Reads big-endian fields from one byte string; never copies, never reads past the end (spec 40 section 1). */
export class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.#position
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8))
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8))
  }

  /** A view of the next bytes. */
  raw(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  #advance(count: number): number {
    const start = this.#position
    if (count > this.bytes.length - start)
      throw new CodecError('short', `${count} bytes wanted at offset ${start}, ${this.bytes.length - start} left`)
    this.#position = start + count
    return start
  }
}
