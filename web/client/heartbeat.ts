/**
 * Notices that the client's worker does not answer any more: a worker that ends tells nobody. It is asked from time to time, and at once when
 * something looks wrong.
 */
export const HEARTBEAT_MILLIS = 10_000
/** Beats without an answer to the first question. A worker may be busy, and a device that wakes up answers late. */
const MOST_MISSED = 3
/** After something looked wrong. */
const SUSPECT_MILLIS = 3_000

export class Heartbeat {
  readonly #ask: () => Promise<unknown>
  readonly #dead: (why: string) => void
  readonly #timer: ReturnType<typeof setInterval>
  #asked = false
  #missed = 0
  #stopped = false

  /** `ask` resolves when the worker answers; `dead` is called once, when it does not. */
  constructor(ask: () => Promise<unknown>, dead: (why: string) => void, millis: number = HEARTBEAT_MILLIS) {
    this.#ask = ask
    this.#dead = dead
    this.#timer = setInterval(() => this.#beat(), millis)
  }

  /** An error of the worker that may or may not have ended it. */
  async suspect(why: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), SUSPECT_MILLIS)
    })
    const answer = await Promise.race([this.#ask().catch(() => 'late'), late])
    clearTimeout(timer)
    if (answer === 'late') this.#end(why)
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  #beat(): void {
    if (this.#asked) {
      if (++this.#missed >= MOST_MISSED) this.#end('it does not answer')
      return
    }
    this.#asked = true
    const answered = (): void => {
      this.#asked = false
      this.#missed = 0
    }
    this.#ask().then(answered, () => {})
  }

  #end(why: string): void {
    if (this.#stopped) return
    this.stop()
    this.#dead(why)
  }
}
