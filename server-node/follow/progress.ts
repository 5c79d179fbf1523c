/** Tells people how far a node is with what it missed: not more often than they can read, and why it does not get further once. */
import type { NodeEvent } from '../options.ts'
import type { FollowError } from './errors.ts'
import type { StateProgress } from './state-sync.ts'

const TELL_MILLIS = 500
/** A node that got no further for so long says why. */
const STUCK_MILLIS = 5_000

export class Progress {
  readonly #onEvent: (event: NodeEvent) => void
  readonly #now: () => number
  #toldAt = Number.NEGATIVE_INFINITY
  #movedAt: number
  #told = ''

  constructor(onEvent: (event: NodeEvent) => void, now: () => number = () => performance.now()) {
    this.#onEvent = onEvent
    this.#now = now
    this.#movedAt = now()
  }

  headers(have: bigint, wanted: bigint): void {
    this.moved()
    if (this.#tooSoon(have === wanted)) return
    this.#onEvent({ event: 'headers', verified: have.toString(), wanted: wanted.toString() })
  }

  state({ frame, tree, trees, leaves, total, bytes, leavesPerSecond, remainingMillis }: StateProgress): void {
    this.moved()
    if (this.#tooSoon(leaves === total && tree === trees)) return
    this.#onEvent({
      event: 'state',
      frame: frame.toString(),
      tree,
      trees,
      leaves,
      total,
      bytes,
      leavesPerSecond: Math.round(leavesPerSecond),
      remainingMillis: remainingMillis ?? null,
    })
  }

  skipped(head: bigint, count: bigint): void {
    const from = head - count
    const frames = count === 1n ? `frame ${from}` : `frames ${from} to ${head - 1n}`
    this.#onEvent({
      event: 'notice',
      message: `${frames}: only headers are kept here, the state went on to frame ${head}`,
    })
  }

  moved(): void {
    this.#movedAt = this.#now()
    this.#told = ''
  }

  stuck({ message }: FollowError): void {
    if (this.#now() - this.#movedAt < STUCK_MILLIS || this.#told === message) return
    this.#told = message
    this.#onEvent({ event: 'notice', message: `waiting: ${message}` })
  }

  #tooSoon(last: boolean): boolean {
    const now = this.#now()
    if (!last && now - this.#toldAt < TELL_MILLIS) return true
    this.#toldAt = now
    return false
  }
}
