/** Token buckets per peer: what a peer may ask for, in requests and in bytes. */
import type { NetLimits } from './limits.ts'

/** `capacity` tokens at first, refilled by `perSecond`. Time comes from the caller. */
export class TokenBucket {
  readonly #capacity: number
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity
    this.#perSecond = perSecond
    this.#tokens = capacity
    this.#at = now
  }

  /** Takes `cost` tokens and answers true, or leaves the bucket as it is. */
  take(cost: number, now: number): boolean {
    this.#refill(now)
    if (cost > this.#tokens) return false
    this.#tokens -= cost
    return true
  }

  /** Takes what is known only afterwards; the bucket may go below zero. */
  charge(cost: number, now: number): void {
    this.#refill(now)
    this.#tokens -= cost
  }

  full(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#capacity
  }

  #refill(now: number): void {
    const elapsed = Math.max(now - this.#at, 0)
    this.#at = now
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsed / 1000) * this.#perSecond)
  }
}

interface Buckets {
  readonly requests: TokenBucket
  readonly bytes: TokenBucket
}

/** Buckets of the peers that were here lately; a peer that connects again finds its bucket as it left it. */
export class RateLimiter {
  readonly #limits: NetLimits
  readonly #now: () => number
  readonly #peers = new Map<string, Buckets>()

  constructor(limits: NetLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** One request; false = refuse it. A peer deep in debt for bytes waits too. */
  request(peer: string): boolean {
    const now = this.#now()
    const { requests, bytes } = this.#of(peer, now)
    return bytes.take(0, now) && requests.take(1, now)
  }

  /** Bytes that a request turned out to cost. */
  sent(peer: string, bytes: number): void {
    const now = this.#now()
    this.#of(peer, now).bytes.charge(bytes, now)
  }

  #of(peer: string, now: number): Buckets {
    const { requestBurst, requestsPerSecond, byteBurst, bytesPerSecond } = this.#limits
    const buckets = this.#peers.get(peer) ?? {
      requests: new TokenBucket(requestBurst, requestsPerSecond, now),
      bytes: new TokenBucket(byteBurst, bytesPerSecond, now),
    }
    // Latest last: the first of the map is the one to forget.
    this.#peers.delete(peer)
    if (this.#peers.size >= this.#limits.rememberedPeers) this.#forget(now)
    this.#peers.set(peer, buckets)
    return buckets
  }

  /** Forgets peers whose buckets are full; if there are none, the one that was silent longest. */
  #forget(now: number): void {
    const before = this.#peers.size
    for (const [peer, { requests, bytes }] of this.#peers) {
      if (requests.full(now) && bytes.full(now)) this.#peers.delete(peer)
    }
    const [oldest] = this.#peers.keys()
    if (this.#peers.size === before && oldest !== undefined) this.#peers.delete(oldest)
  }
}
