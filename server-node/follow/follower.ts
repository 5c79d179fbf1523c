/**
 * Follows the chain that others make: hears frames by gossip, asks for what it did not hear, and brings state after them frame by frame. Far
 * behind it takes the state of the newest frame, and keeps only headers of those in between.
 */
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { NodeError } from '../errors.ts'
import type { NodeState } from '../state/node-state.ts'
import { FollowError } from './errors.ts'
import { HeadPoll } from './head-poll.ts'
import { fetchHeaders } from './header-fetch.ts'
import type { HeaderStore } from './header-store.ts'
import type { PeerPool } from './peer-pool.ts'
import { StateSync, type StateSyncParts } from './state-sync.ts'
import { type HeaderVerifier, type Parent, unlinked, type VerifiedHeader } from './verifier.ts'

export const FOLLOW_LIMITS = {
  /** Up to so many frames behind, every frame is taken with its state; peers keep 64. */
  steps: 16n,
  /** Frames that were heard and wait. */
  waiting: 64,
  /** Pause after nobody had what is needed: the first, and the longest. */
  pauseMillis: 100,
  mostPauseMillis: 5_000,
} as const

export interface FollowerParts extends StateSyncParts {
  readonly state: NodeState
  readonly headers: HeaderStore
  readonly verifier: HeaderVerifier
  readonly pool: PeerPool
  readonly frameIntervalMillis: number
  /** The trusted point below everything. */
  readonly checkpoint: Parent
  /** Newest frame whose state is stored. */
  readonly stored: HeaderFacts | undefined
  /** The frame is stored with its state. `skipped`: frames before it of which there are headers only. */
  readonly onFrame: (header: VerifiedHeader, skipped: bigint) => Promise<void>
  readonly onHeaders: (have: bigint, wanted: bigint) => void
  /** It does not get further for now. */
  readonly onStuck: (error: FollowError) => void
}

export class Follower {
  readonly #parts: FollowerParts
  readonly #sync: StateSync
  readonly #poll: HeadPoll
  #stored: HeaderFacts | undefined
  #tip: Parent
  /** Verified headers above the stored frame that are not on disk. */
  readonly #line = new Map<bigint, VerifiedHeader>()
  /** Heard and certified; their place in the chain is not known. */
  readonly #waiting = new Map<bigint, VerifiedHeader>()
  #fresh = false
  /** Something was heard since the last look: it does not rest before it has looked again. */
  #news = false
  #wake: () => void = () => undefined

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#sync = new StateSync(parts)
    this.#poll = new HeadPoll({ ...parts, best: () => this.#best(), onHead: (header) => this.offer(header) })
    this.#stored = parts.stored
    this.#tip = parts.stored ?? parts.checkpoint
  }

  /** More than the frame that is on its way now is missing. */
  get behind(): boolean {
    return this.#stored === undefined || this.#best() > this.#stored.number + 1n
  }

  /** A frame whose proofs hold. */
  offer(header: VerifiedHeader): void {
    const { number } = header.facts
    if (number <= this.#tip.number || this.#waiting.has(number)) return
    this.#poll.heard()
    this.#waiting.set(number, header)
    if (this.#waiting.size > FOLLOW_LIMITS.waiting) this.#waiting.delete(inOrder(this.#waiting.keys())[0] ?? 0n)
    this.#stir()
  }

  /** Follows until the signal fires. Rejects when the store fails. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = this.#parts.pool.onChange(() => {
      this.#poll.peersChanged()
      this.#stir()
    })
    try {
      await this.#resume()
      for (let pause: number = FOLLOW_LIMITS.pauseMillis; !signal.aborted; ) {
        try {
          await this.#poll.look(signal)
          this.#news = false
          if (await this.#advance(signal)) pause = FOLLOW_LIMITS.pauseMillis
          else await this.#rest(this.#parts.frameIntervalMillis, signal)
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof FollowError)) throw error
          if (error.code === 'mismatch') this.#mismatched(error)
          this.#parts.onStuck(error)
          // What the failed round itself stirred must not end its rest.
          this.#news = false
          await this.#rest(pause, signal)
          pause = Math.min(2 * pause, FOLLOW_LIMITS.mostPauseMillis, this.#parts.frameIntervalMillis)
        }
      }
    } finally {
      stop()
    }
  }

  /** Headers that an earlier run verified. */
  async #resume(): Promise<void> {
    const bytes = await this.#parts.headers.newest()
    const facts = bytes && (await this.#parts.verifier.inspect(bytes))
    if (facts !== undefined && facts.number > this.#tip.number) this.#tip = facts
  }

  #best(): bigint {
    return inOrder([this.#tip.number, ...this.#waiting.keys()]).at(-1) ?? this.#tip.number
  }

  /** Takes what was heard, and one step with the state. Whether anything moved. */
  async #advance(signal: AbortSignal): Promise<boolean> {
    await this.#extend(signal)
    const stored = this.#stored?.number
    if (this.#tip.number <= (stored ?? this.#parts.checkpoint.number)) return false
    if (stored === undefined || this.#tip.number - stored > FOLLOW_LIMITS.steps)
      await this.#take(this.#tip.number, signal)
    else {
      try {
        await this.#take(stored + 1n, signal)
      } catch (error) {
        const passed = error instanceof FollowError && error.code === 'unavailable' && this.#tip.number > stored + 1n
        if (!passed) throw error
        await this.#take(this.#tip.number, signal)
      }
    }
    return true
  }

  /** Extends the verified headers up to the newest frame that was heard. */
  async #extend(signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const number of this.#waiting.keys()) if (number <= this.#tip.number) this.#waiting.delete(number)
      if (this.#waiting.size === 0) return
      const next = this.#waiting.get(this.#tip.number + 1n)
      if (next === undefined) {
        const [nearest = 0n] = inOrder(this.#waiting.keys())
        await this.#fetch(nearest - 1n, signal)
        continue
      }
      this.#waiting.delete(next.facts.number)
      if (unlinked(next.facts, this.#tip) !== null) continue
      this.#line.set(next.facts.number, next)
      this.#tip = next.facts
    }
  }

  async #fetch(to: bigint, signal: AbortSignal): Promise<void> {
    const { headers, onHeaders, pool, verifier } = this.#parts
    await this.#keepLine()
    for await (const page of fetchHeaders({ pool, verifier, parent: this.#tip, to, signal })) {
      await headers.put(page)
      this.#tip = page.at(-1)?.facts ?? this.#tip
      onHeaders(this.#tip.number, to)
    }
  }

  async #keepLine(): Promise<void> {
    await this.#parts.headers.put([...this.#line.values()])
    this.#line.clear()
  }

  /** Takes the state of a verified frame. */
  async #take(number: bigint, signal: AbortSignal): Promise<void> {
    const header = await this.#header(number)
    const stored = this.#stored
    const skipped = number - 1n - (stored?.number ?? this.#parts.checkpoint.number)
    if (skipped > 0n) await this.#keepLine()
    await this.#sync.to(header, this.#fresh ? undefined : stored, signal)
    this.#fresh = false
    this.#stored = header.facts
    for (const kept of this.#line.keys()) if (kept <= number) this.#line.delete(kept)
    await this.#parts.onFrame(header, skipped)
  }

  async #header(number: bigint): Promise<VerifiedHeader> {
    const held = this.#line.get(number)
    if (held !== undefined) return held
    const { headers, verifier } = this.#parts
    const bytes = await headers.get(number)
    const facts = bytes && (await verifier.inspect(bytes))
    if (bytes === undefined || facts?.number !== number) {
      throw new NodeError('corrupt', `the verified header of frame ${number} is gone: choose another --data-dir`)
    }
    return { bytes, facts, signers: [] }
  }

  /** Every tree was verified and the whole is wrong: what is stored cannot be built upon, so all trees are taken anew, once. */
  #mismatched(error: FollowError): void {
    if (this.#fresh) throw new NodeError('corrupt', `${error.message}: choose another --data-dir`, { cause: error })
    this.#fresh = true
  }

  #stir(): void {
    this.#news = true
    this.#wake()
  }

  /** Waits until something is heard, or that long. */
  #rest(millis: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = () => undefined
        resolve()
      }
      const timer = setTimeout(done, millis)
      signal.addEventListener('abort', done)
      this.#wake = done
      if (signal.aborted || this.#news) done()
    })
  }
}

const inOrder = (numbers: Iterable<bigint>): bigint[] => [...numbers].sort((a, b) => Number(a - b))
