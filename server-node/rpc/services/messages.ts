/** Messages of gossip as a stream for one reader; a reader that lags loses messages (spec 51 section 5). */
import type { GossipMessage } from './global.ts'

/** Messages that wait for a reader. */
const QUEUED = 256

export class Messages {
  readonly #queue: GossipMessage[] = []
  readonly #listen: (listener: (message: GossipMessage) => void) => () => void
  #wake: () => void = () => undefined

  constructor(listen: (listener: (message: GossipMessage) => void) => () => void) {
    this.#listen = listen
  }

  /** Messages from now on until the signal fires. */
  async *until(signal: AbortSignal): AsyncGenerator<GossipMessage, void> {
    const stop = this.#listen((message) => {
      if (this.#queue.length >= QUEUED) this.#queue.shift()
      this.#queue.push(message)
      this.#wake()
    })
    const end = () => this.#wake()
    signal.addEventListener('abort', end)
    try {
      while (!signal.aborted) {
        const message = this.#queue.shift()
        if (message !== undefined) yield message
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      signal.removeEventListener('abort', end)
      stop()
    }
  }
}
