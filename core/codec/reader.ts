import { CodecError } from './errors.ts'

/** A high half below this makes a 64-bit number that a double holds exactly. */
const EXACT_HIGH = 2 ** 21
const NOTHING = new Uint8Array()

/**
 * Reads big-endian fields from one byte string; never copies, never reads past the end (spec 40 section 1). Every nested message gets a
 * reader, so making one must cost little: there is no DataView, whose creation takes longer than most messages do.
 */
export class Reader {
  readonly bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.#position
  }

  u8(): number {
    return this.#byte(this.#advance(1))
  }

  u32(): number {
    return this.#u32(this.#advance(4))
  }

  u64(): bigint {
    const at = this.#advance(8)
    const [high, low] = [this.#u32(at), this.#u32(at + 4)]
    return high < EXACT_HIGH ? BigInt(high * 2 ** 32 + low) : (BigInt(high) << 32n) | BigInt(low)
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64())
  }

  /** A view of the next bytes. No bytes are always the same view: a list of empty strings must not cost a view for each. */
  raw(length: number): Uint8Array {
    if (length === 0) return NOTHING
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  #u32(at: number): number {
    const [a, b, c, d] = [this.#byte(at), this.#byte(at + 1), this.#byte(at + 2), this.#byte(at + 3)]
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  }

  #byte(at: number): number {
    return this.bytes[at] ?? 0
  }

  #advance(count: number): number {
    const start = this.#position
    if (count > this.bytes.length - start)
      throw new CodecError('short', `${count} bytes wanted at offset ${start}, ${this.bytes.length - start} left`)
    this.#position = start + count
    return start
  }
}
