/** What a peer may ask for, in requests and in bytes. */
import { NamedBuckets } from '@petal/core/platform/token-bucket.ts'
import type { NetLimits } from './limits.ts'

/** Buckets of the peers that were here lately; a peer that connects again finds its bucket as it left it. */
export class RateLimiter {
  readonly #now: () => number
  readonly #requests: NamedBuckets
  readonly #bytes: NamedBuckets

  constructor(limits: NetLimits, now: () => number = () => performance.now()) {
    const { requestBurst, requestsPerSecond, byteBurst, bytesPerSecond, rememberedPeers: remembered } = limits
    this.#now = now
    this.#requests = new NamedBuckets({ burst: requestBurst, perSecond: requestsPerSecond, remembered })
    this.#bytes = new NamedBuckets({ burst: byteBurst, perSecond: bytesPerSecond, remembered })
  }

  /** One request; false = refuse it. A peer deep in debt for bytes waits too. */
  request(peer: string): boolean {
    const now = this.#now()
    return this.#bytes.of(peer, now).take(0, now) && this.#requests.of(peer, now).take(1, now)
  }

  /** Bytes that a request turned out to cost. */
  sent(peer: string, bytes: number): void {
    const now = this.#now()
    this.#bytes.of(peer, now).charge(bytes, now)
  }
}
