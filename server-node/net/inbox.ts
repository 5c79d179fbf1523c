/** Reads a libp2p stream by pulling: between two calls of `next` the stream is paused and the peer's window fills. */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import type { NetLimits } from './limits.ts'

/** Most unread bytes of a paused stream; a peer that sends more of requests of at most 1 KiB is not one of ours. */
const MAX_UNREAD_BYTES = 64 << 10

export class Inbox {
  readonly #stream: Stream
  readonly #limits: NetLimits
  readonly #closing = new AbortController()
  #chunks: Uint8Array[] = []
  #ended = false
  #failed: Error | undefined
  #wake: () => void = () => undefined
  /** When the first byte of a request that is not complete yet came. */
  #partialSince: number | undefined

  constructor(stream: Stream, limits: NetLimits, signal: AbortSignal) {
    this.#stream = stream
    this.#limits = limits
    stream.maxReadBufferLength = MAX_UNREAD_BYTES
    const options = { signal: this.#closing.signal }
    stream.addEventListener('message', (event: StreamMessageEvent) => this.#onMessage(event), options)
    stream.addEventListener('end', () => this.#end(undefined), options)
    stream.addEventListener('close', (event) => this.#end(event.error), options)
    signal.addEventListener('abort', () => this.#end(new Error('the node stops')), options)
    if (signal.aborted) this.#end(new Error('the node stops'))
    if (stream.readableEnded) this.#ended = true
  }

  /**
   * Next bytes, or undefined at the end of the stream. Rejects when the stream was reset, when a request does not get complete in
   * time and, if `mayIdleOut`, when none comes for too long.
   */
  async next(mayIdleOut: boolean): Promise<Uint8Array | undefined> {
    if (this.#chunks.length === 0 && !this.#ended) {
      // Throws when the readable side is closing; `end` or `close` has come or comes.
      if (this.#stream.readStatus === 'paused') this.#stream.resume()
      if (this.#chunks.length === 0 && !this.#ended) await this.#arrival(mayIdleOut)
    }
    if (this.#failed !== undefined) throw this.#failed
    return this.#chunks.shift()
  }

  /** Says whether the last chunk completed a request. */
  taken(complete: boolean): void {
    this.#partialSince = complete ? undefined : (this.#partialSince ?? performance.now())
  }

  close(): void {
    this.#closing.abort()
    this.#chunks = []
  }

  async #arrival(mayIdleOut: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#wake = resolve
    const partial = this.#partialSince
    const millis =
      partial !== undefined
        ? Math.max(partial + this.#limits.requestMillis - performance.now(), 0)
        : mayIdleOut
          ? this.#limits.idleStreamMillis
          : undefined
    const timer =
      millis === undefined
        ? undefined
        : setTimeout(() => reject(new Error(partial === undefined ? 'no request came' : 'request too slow')), millis)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#wake = () => undefined
    }
  }

  #onMessage(event: StreamMessageEvent): void {
    this.#chunks.push(event.data.subarray())
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
    this.#wake()
  }

  #end(error: Error | undefined): void {
    this.#ended = true
    this.#failed ??= error
    this.#wake()
  }
}
