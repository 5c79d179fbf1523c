/**
 * Messages in a byte stream: each is prefixed by its length as an unsigned varint. The length is checked before anything is
 * allocated, and memory grows only with bytes that arrived, so that a peer that announces much and sends little costs little.
 */
import { WIRE_LIMITS, WireError } from './wire-limits.ts'

const FIRST_ALLOCATION = 32 << 10

/** The message behind its length. Throws `WireError` `limit`. */
export function frame(message: Uint8Array, maxBytes: number = WIRE_LIMITS.messageBytes): Uint8Array {
  if (message.length > maxBytes) {
    throw new WireError('limit', `message of ${message.length} bytes, at most ${maxBytes} are sent`)
  }
  const prefix: number[] = []
  let rest = message.length
  for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80)
  prefix.push(rest)
  const framed = new Uint8Array(prefix.length + message.length)
  framed.set(prefix)
  framed.set(message, prefix.length)
  return framed
}

/** Cuts chunks of any size, down to single bytes, into messages of at most `maxBytes`. */
export class FrameDecoder {
  readonly #maxBytes: number
  /** Bytes of a length prefix that has not ended yet, and its value so far. */
  #prefixBytes = 0
  #prefixValue = 0
  /** Length of the message being read; null while its prefix is read. */
  #length: number | null = null
  #body: Uint8Array = new Uint8Array(0)
  #filled = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Messages that `chunk` completes, in order. Iterate to the end; after a `WireError` drop the decoder with its stream. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    let at = 0
    while (at < chunk.length) {
      if (this.#length === null) {
        this.#readPrefix(chunk[at++] ?? 0)
      } else {
        const taken = Math.min(this.#length - this.#filled, chunk.length - at)
        this.#reserve(this.#filled + taken)
        this.#body.set(chunk.subarray(at, at + taken), this.#filled)
        this.#filled += taken
        at += taken
      }
      if (this.#length !== null && this.#filled === this.#length) yield this.#take()
    }
  }

  /** Call at the end of the stream: throws `WireError` `truncated` when it ends inside a message. */
  finish(): void {
    if (this.#length !== null || this.#prefixBytes > 0) {
      throw new WireError('truncated', `stream ended after ${this.#filled} of ${this.#length ?? 'unknown'} bytes`)
    }
  }

  #readPrefix(byte: number): void {
    this.#prefixValue += (byte & 0x7f) * 2 ** (7 * this.#prefixBytes)
    this.#prefixBytes++
    if (this.#prefixValue > this.#maxBytes) {
      throw new WireError('limit', `message longer than ${this.#maxBytes} bytes announced`)
    }
    if (byte >= 0x80) {
      if (2 ** (7 * this.#prefixBytes) > this.#maxBytes) {
        throw new WireError('varint', 'length prefix goes on after its largest possible value')
      }
      return
    }
    if (byte === 0 && this.#prefixBytes > 1) throw new WireError('varint', 'length prefix is longer than needed')
    this.#length = this.#prefixValue
    this.#prefixBytes = 0
    this.#prefixValue = 0
    this.#body = new Uint8Array(Math.min(this.#length, FIRST_ALLOCATION))
    this.#filled = 0
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#body.length || this.#length === null) return
    const grown = new Uint8Array(Math.min(this.#length, Math.max(bytes, 2 * this.#body.length)))
    grown.set(this.#body.subarray(0, this.#filled))
    this.#body = grown
  }

  #take(): Uint8Array {
    const message = this.#body
    this.#length = null
    this.#body = new Uint8Array(0)
    this.#filled = 0
    return message
  }
}

/** Messages of a byte stream until it ends. Throws `WireError`, and whatever the stream throws. */
export async function* readFrames(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  const decoder = new FrameDecoder(maxBytes)
  for await (const chunk of source) yield* decoder.push(chunk)
  decoder.finish()
}
