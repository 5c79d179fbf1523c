import type { Millis } from '../platform/machine.ts'

/** What was verified here in the last hour: so that green means proved. */
export interface WorkCount {
  readonly certificates: number
  readonly timeProofs: number
  readonly refusals: number
  readonly millis: number
}

const MINUTE_MILLIS = 60_000
const MINUTES = 60

/** Counts per minute, for an hour. */
export class Work {
  readonly #minutes = new Map<number, { certificates: number; timeProofs: number; refusals: number; millis: number }>()

  certificate(millis: number, now: Millis): void {
    const minute = this.#minute(now)
    minute.certificates++
    minute.millis += millis
  }

  timeProof(millis: number, now: Millis): void {
    const minute = this.#minute(now)
    minute.timeProofs++
    minute.millis += millis
  }

  refusal(now: Millis): void {
    this.#minute(now).refusals++
  }

  lastHour(now: Millis): WorkCount {
    this.#forget(now)
    const sum = { certificates: 0, timeProofs: 0, refusals: 0, millis: 0 }
    for (const minute of this.#minutes.values()) {
      sum.certificates += minute.certificates
      sum.timeProofs += minute.timeProofs
      sum.refusals += minute.refusals
      sum.millis += minute.millis
    }
    return sum
  }

  #minute(now: Millis) {
    this.#forget(now)
    const at = Math.floor(now / MINUTE_MILLIS)
    const minute = this.#minutes.get(at) ?? { certificates: 0, timeProofs: 0, refusals: 0, millis: 0 }
    this.#minutes.set(at, minute)
    return minute
  }

  #forget(now: Millis): void {
    const oldest = Math.floor(now / MINUTE_MILLIS) - MINUTES
    for (const at of this.#minutes.keys()) if (at <= oldest) this.#minutes.delete(at)
  }
}
