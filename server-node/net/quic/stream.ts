/** A QUIC stream as a libp2p stream, with back-pressure both ways. */
import { AbstractStream, type AbstractStreamInit, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { QuicStream } from './addon.ts'

/** Bytes handed to the connection and not yet taken by it; more wait in the libp2p stream. */
const MAX_PENDING_BYTES = 256 << 10

export interface QuicLibp2pStreamInit extends AbstractStreamInit {
  readonly stream: QuicStream
}

export class QuicLibp2pStream extends AbstractStream {
  readonly #stream: QuicStream
  /** Writes in order; never rejects. */
  #writing: Promise<void> = Promise.resolve()
  #pending = 0
  #paused: PromiseWithResolvers<void> | undefined

  constructor(init: QuicLibp2pStreamInit) {
    super(init)
    this.#stream = init.stream
    // Frees the stream's place with the peer. What was finished has been received by then.
    this.addEventListener('close', () => this.#release())
    void this.#read()
  }

  sendData(data: Uint8ArrayList): SendResult {
    const bytes = data.subarray()
    this.#pending += bytes.length
    this.#writing = this.#writing
      .then(() => this.#stream.write(bytes))
      .then(
        () => this.#written(bytes.length),
        (error: Error) => this.abort(error),
      )
    return { sentBytes: bytes.length, canSendMore: this.#pending < MAX_PENDING_BYTES }
  }

  sendReset(): void {
    this.#release()
  }

  async sendCloseWrite(): Promise<void> {
    await this.#writing
    await this.#stream.finish()
  }

  async sendCloseRead(): Promise<void> {
    this.sendResume()
    await this.#stream.stop(0)
  }

  sendPause(): void {
    this.#paused ??= Promise.withResolvers<void>()
  }

  sendResume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
  }

  /** Reads while the libp2p side wants more; otherwise the peer's window fills and it has to wait. */
  async #read(): Promise<void> {
    try {
      for (;;) {
        await this.#paused?.promise
        const bytes = await this.#stream.read()
        if (bytes === null) return this.onRemoteCloseWrite()
        this.onData(bytes)
      }
    } catch {
      if (this.status === 'open' || this.status === 'closing') this.onRemoteReset()
    }
  }

  #written(bytes: number): void {
    const wasFull = this.#pending >= MAX_PENDING_BYTES
    this.#pending -= bytes
    if (wasFull && this.#pending < MAX_PENDING_BYTES) this.safeDispatchEvent('drain')
  }

  #release(): void {
    this.sendResume()
    // Rejects only when the session is already gone.
    this.#stream.reset(0).catch(() => undefined)
  }
}
