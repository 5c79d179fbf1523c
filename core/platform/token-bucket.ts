/** Token buckets, alone and by name: what somebody may ask for. Time, in milliseconds, comes from the caller. */

/** `capacity` tokens at first, refilled by `perSecond`. */
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

export interface BucketRates {
  /** Tokens at once, and a second after that. */
  readonly burst: number
  readonly perSecond: number
  /** Names whose buckets are remembered. */
  readonly remembered: number
}

/** A bucket for each name; who comes back finds the bucket as it was left. */
export class NamedBuckets {
  readonly #rates: BucketRates
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rates: BucketRates) {
    this.#rates = rates
  }

  of(name: string, now: number): TokenBucket {
    const { burst, perSecond, remembered } = this.#rates
    const bucket = this.#buckets.get(name) ?? new TokenBucket(burst, perSecond, now)
    // Latest last: the first of the map is the one to forget.
    this.#buckets.delete(name)
    if (this.#buckets.size >= remembered) this.#forget(now)
    this.#buckets.set(name, bucket)
    return bucket
  }

  /** Forgets those whose buckets are full; if there are none, the one that was silent longest. */
  #forget(now: number): void {
    const before = this.#buckets.size
    for (const [name, bucket] of this.#buckets) if (bucket.full(now)) this.#buckets.delete(name)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size === before && oldest !== undefined) this.#buckets.delete(oldest)
  }
}
