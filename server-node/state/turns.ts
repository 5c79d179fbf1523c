/**
 * Takes work in turns: so many at once, so many waiting, the rest is refused. The store has one thread, which also commits frames: what
 * peers ask for must not make it wait for long.
 */
import { StateError } from '@petal/core/platform/state.ts'

export class Turns {
  readonly #atOnce: number
  readonly #waitingMost: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number, waitingMost: number) {
    this.#atOnce = atOnce
    this.#waitingMost = waitingMost
  }

  /** Rejects with `StateError` `failed` when too many wait already, else as `work` does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await this.#wait()
    try {
      return await work()
    } finally {
      // A turn passes from one to the next without being free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMost) {
      throw new StateError('failed', 'too many questions about state wait already: ask again in a while')
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
