/** How far a pull is. */
import type { Millis } from '../platform/machine.ts'

export interface SyncProgress {
  /** Leaves held, of `total`. */
  readonly leaves: number
  readonly total: number
  /** Bytes of the leaves held. */
  readonly bytes: number
  /** Over this run; 0 until something came. */
  readonly leavesPerSecond: number
  /** Milliseconds left at that rate; absent until there is one. */
  readonly remainingMillis?: number
}

/** Measures one run; what an earlier run left does not count towards the rate. */
export class ProgressMeter {
  readonly #started: Millis
  readonly #resumed: number

  constructor(started: Millis, resumed: number) {
    this.#started = started
    this.#resumed = resumed
  }

  measure(
    held: { readonly leaves: number; readonly total: number; readonly bytes: number },
    now: Millis,
  ): SyncProgress {
    const { leaves, total, bytes } = held
    const millis = now - this.#started
    const rate = millis > 0 ? (leaves - this.#resumed) / millis : 0
    const base = { leaves, total, bytes, leavesPerSecond: rate * 1000 }
    return rate > 0 ? { ...base, remainingMillis: Math.round((total - leaves) / rate) } : base
  }
}
