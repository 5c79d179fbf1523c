/** When a peer may be asked again to be in the mesh of a topic (spec 50 section 6, P2P-10). */
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'

export class Backoffs {
  readonly #most: number
  readonly #until = new Map<string, Millis>()

  constructor(most: number) {
    this.#most = most
  }

  /** A window never gets shorter. It outlives the connection, since the peer remembers it too. */
  add(peer: PeerKey, topic: BitmaskKey, until: Millis): void {
    const key = `${topic} ${peer}`
    const before = this.#until.get(key) ?? 0
    this.#until.delete(key)
    this.#until.set(key, Math.max(before, until))
    if (this.#until.size <= this.#most) return
    const [oldest] = this.#until.keys()
    if (oldest !== undefined) this.#until.delete(oldest)
  }

  /** End of the window, or 0 when there is none. */
  until(peer: PeerKey, topic: BitmaskKey): Millis {
    return this.#until.get(`${topic} ${peer}`) ?? 0
  }

  sweep(now: Millis): void {
    for (const [key, until] of this.#until) if (until < now) this.#until.delete(key)
  }
}
