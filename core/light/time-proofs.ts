import type { Frame } from './chain.ts'
import { SAMPLE_EVERY, TIME_PROOFS_BEHIND, TIME_PROOFS_WAITING, type TimeProofPolicy } from './policy.ts'

/** Which frames still get their time proof checked: the newest first (spec 11 section 8.5). */
export class TimeProofs {
  readonly #policy: TimeProofPolicy
  readonly #random: () => number
  #waiting: Frame[] = []
  /** Frames whose proof something else waits for: never given up. */
  #demanded: Frame[] = []

  constructor(policy: TimeProofPolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  /**
   * Decides for a frame whose certificate was just verified. When some are sampled, a frame that links to no other is always one of them: nothing
   * but the time proof speaks for its number.
   */
  consider(frame: Frame, linked: boolean): void {
    if (frame.timeProof !== null || this.#policy === 'off') return
    if (this.#policy === 'sampled' && linked && this.#random() * SAMPLE_EVERY >= 1) return
    this.#waiting.push(frame)
    this.#waiting.sort((a, b) => (a.number < b.number ? 1 : -1))
    this.#waiting.length = Math.min(this.#waiting.length, TIME_PROOFS_WAITING)
  }

  /** That one next, whatever the policy: something else depends on it. */
  demand(frame: Frame): void {
    this.#waiting = this.#waiting.filter((other) => other !== frame)
    if (!this.#demanded.includes(frame)) this.#demanded.push(frame)
  }

  /** Whether a header that a caller asked for gets its time proof checked. */
  get wanted(): boolean {
    return this.#policy === 'every'
  }

  next(): Frame | undefined {
    return this.#demanded.shift() ?? this.#waiting.shift()
  }

  clear(): void {
    this.#waiting = []
    this.#demanded = []
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get behind(): boolean {
    return this.#waiting.length > TIME_PROOFS_BEHIND
  }
}
