import type { Millis } from '../platform/machine.ts'
import type { Durability, StoreOperation } from '../platform/store.ts'
import type { NetworkDescription } from './anchors.ts'
import type { Frame } from './chain.ts'
import type { LightEffect, StoredEvidence, StoredSize } from './events.ts'
import { Pending } from './pending.ts'
import { type LightLimits, PERSIST_TIMEOUT_MILLIS } from './policy.ts'
import { deleteHeader, putEvidence, putHeader, storePrefix } from './records.ts'

/**
 * What goes to disk. A frame is told to the outside only when it is there; when the store fails it is told all the same, and the
 * state says that it will not be there after a restart.
 */
export class Storing {
  readonly #prefix: Uint8Array
  readonly #limits: LightLimits
  /** Size of every stored header by number. */
  readonly #sizes = new Map<bigint, number>()
  readonly #batches = new Pending<Frame | null>()
  #done: Frame[] = []
  #trouble: string | null = null

  constructor(description: NetworkDescription, limits: LightLimits) {
    this.#prefix = storePrefix(description)
    this.#limits = limits
  }

  found(sizes: readonly StoredSize[]): void {
    for (const [number, size] of sizes) this.#sizes.set(number, this.#sizes.get(number) ?? size)
  }

  /** Writes a frame, and removes the oldest ones that are too many. */
  put(frame: Frame, now: Millis): LightEffect {
    const stored = { bytes: frame.bytes, timeProof: frame.timeProof !== null }
    this.#sizes.set(frame.number, frame.bytes.length)
    const evicted = this.#evict(frame.number).map((number) => deleteHeader(this.#prefix, number))
    return this.#persist([putHeader(this.#prefix, frame.number, stored), ...evicted], frame, now)
  }

  /** A frame that came from the store as it is. */
  kept(frame: Frame): void {
    this.#sizes.set(frame.number, frame.bytes.length)
    this.#done.push(frame)
  }

  remove(number: bigint, now: Millis): LightEffect {
    this.#sizes.delete(number)
    return this.#persist([deleteHeader(this.#prefix, number)], null, now)
  }

  putEvidence(evidence: StoredEvidence, now: Millis): LightEffect {
    return this.#persist([putEvidence(this.#prefix, evidence)], null, now, 'durable')
  }

  persisted(batch: number): void {
    const frame = this.#batches.take(batch)
    if (frame === undefined) return
    this.#trouble = null
    if (frame) this.#done.push(frame)
  }

  failed(batch: number, reason: string): void {
    const frame = this.#batches.take(batch)
    if (frame !== undefined) this.#inTrouble(frame, reason)
  }

  expire(now: Millis): void {
    for (const frame of this.#batches.expire(now)) this.#inTrouble(frame, 'it does not answer')
  }

  forgive(now: Millis): void {
    this.#batches.forgive(now)
  }

  earliest(): Millis {
    return this.#batches.earliest()
  }

  /** Frames whose writing ended, well or badly, since the last call. */
  takeDone(): readonly Frame[] {
    const done = this.#done
    this.#done = []
    return done
  }

  /** Sentence about a store that fails; null while it works. */
  get trouble(): string | null {
    return this.#trouble
  }

  #inTrouble(frame: Frame | null, reason: string): void {
    this.#trouble = `The store of this client fails (${reason}): new frames are verified, but not kept after it is closed.`
    if (frame) this.#done.push(frame)
  }

  #persist(
    operations: readonly StoreOperation[],
    frame: Frame | null,
    now: Millis,
    durability: Durability = 'relaxed',
  ): LightEffect {
    return {
      kind: 'persist',
      batch: this.#batches.add(frame, now, PERSIST_TIMEOUT_MILLIS),
      operations,
      durability,
    }
  }

  /** Lowest numbers that do not fit any more; never `kept`. */
  #evict(kept: bigint): readonly bigint[] {
    const evicted: bigint[] = []
    let bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0)
    if (this.#sizes.size <= this.#limits.headers && bytes <= this.#limits.bytes) return evicted
    for (const number of [...this.#sizes.keys()].sort((a, b) => (a < b ? -1 : 1))) {
      if (this.#sizes.size <= this.#limits.headers && bytes <= this.#limits.bytes) break
      if (number === kept) continue
      bytes -= this.#sizes.get(number) ?? 0
      this.#sizes.delete(number)
      evicted.push(number)
    }
    return evicted
  }
}
