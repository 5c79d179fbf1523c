import type { Millis } from '../platform/machine.ts'
import { type Chain, type Frame, findingOf } from './chain.ts'
import type { LightEffect, LightState } from './events.ts'
import { STATE_INTERVAL_MILLIS } from './policy.ts'

/** What the outside was told: the newest frame, and the state at most twice a second. */
export class Telling {
  readonly #chain: Chain
  #newest: Frame | null = null
  #shown = ''
  #shownAt: Millis = Number.NEGATIVE_INFINITY

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /** Newest frame that was told. */
  get newest(): Frame | null {
    return this.#newest
  }

  /** Frames that are on disk, or whose store failed, are told: the newest as `head`, others as `frame`. */
  announce(frames: readonly Frame[]): readonly LightEffect[] {
    return frames.flatMap((frame): LightEffect[] => {
      frame.announced = true
      if (this.#chain.get(frame.number) !== frame) return []
      if (this.#newest !== null && frame.number < this.#newest.number)
        return [{ kind: 'frame', frame: findingOf(frame) }]
      this.#newest = frame
      return [{ kind: 'head', head: findingOf(frame) }]
    })
  }

  /** That frame is not held any more. */
  takeBack(frame: Frame): void {
    if (this.#newest === frame) this.#newest = this.#chain.recent(360).find((other) => other.announced) ?? null
  }

  /** The state, when it changed and the last one is old enough; `last`: nothing will follow, so it is told at once. */
  show(state: LightState, last: boolean, now: Millis): LightEffect | null {
    const shown = JSON.stringify(state, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
    if (shown === this.#shown) return null
    if (!last && now - this.#shownAt < STATE_INTERVAL_MILLIS && now >= this.#shownAt) return null
    this.#shown = shown
    this.#shownAt = now
    return { kind: 'state', state }
  }

  /** When a state may be told again that was held back; Infinity when it may be now. */
  nextStateAt(now: Millis): Millis {
    const next = this.#shownAt + STATE_INTERVAL_MILLIS
    return next > now ? next : Number.POSITIVE_INFINITY
  }

  /** After a jump of the clock. */
  forgive(): void {
    this.#shownAt = Number.NEGATIVE_INFINITY
  }
}
