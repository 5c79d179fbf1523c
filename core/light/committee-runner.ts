/** The committees of a driver on a network without a pinned one: loaded when they are needed, followed, kept in the store. */
import type { CertificateVerdict, Crypto } from '../platform/crypto.ts'
import type { Store } from '../platform/store.ts'
import type { Anchors } from './anchors.ts'
import type { CommitteeKeeper } from './committee-keeper.ts'
import type { DriverClock } from './driver.ts'
import type { CommitteePoint, FollowFailure, LightEvent } from './events.ts'
import type { FollowSource, GivenHeader } from './follow-registry-types.ts'
import { FOLLOW_MILLIS } from './policy.ts'
import { loadCommittee, putCommittee } from './records.ts'

export interface RunnerParts {
  readonly crypto: Crypto
  readonly clock: DriverClock
  readonly store: Store
  /** Of the keys in the store. */
  readonly prefix: Uint8Array
  readonly anchors: Anchors
  peers(): readonly FollowSource[]
}

export class CommitteeRunner {
  readonly #parts: RunnerParts
  #keeper: Promise<CommitteeKeeper> | null = null
  readonly #follows = new Map<number, AbortController>()
  /** Committees are written one after the other. */
  #writing: Promise<void> = Promise.resolve()
  /** Frame of the one that was written last. */
  #written: bigint | null = null

  constructor(parts: RunnerParts) {
    this.#parts = parts
  }

  /** What an earlier session followed to; null when it cannot be used: then it is followed again from the checkpoint. */
  async resume(): Promise<CommitteePoint | null> {
    try {
      const stored = await loadCommittee(this.#parts.store, this.#parts.prefix)
      if (stored === null) return null
      const keeper = await this.#load()
      await keeper.resume(stored)
      return keeper.point
    } catch {
      return null
    }
  }

  /** What to tell the machine. Never rejects. */
  async follow(follow: number, header: GivenHeader | null): Promise<LightEvent> {
    const { clock } = this.#parts
    const calledOff = new AbortController()
    this.#follows.set(follow, calledOff)
    const late = () => calledOff.abort(new DOMException('not done in time', 'TimeoutError'))
    const inTime = clock.at(clock.now() + FOLLOW_MILLIS, late)
    let keeper: CommitteeKeeper | null = null
    let failure: FollowFailure | null
    try {
      keeper = await this.#load()
      failure = await keeper.follow(header, calledOff.signal)
    } catch (error) {
      failure = { verdict: 'open', reason: error instanceof Error ? error.message : String(error) }
    } finally {
      inTime()
      this.#follows.delete(follow)
    }
    if (keeper !== null) this.#write(keeper)
    return { kind: 'followed', follow, point: keeper?.point ?? null, failure }
  }

  callOff(follow: number): void {
    this.#follows.get(follow)?.abort(new DOMException('others wait', 'AbortError'))
  }

  async verify(header: Uint8Array, root: string, signal: AbortSignal): Promise<CertificateVerdict> {
    return await (await this.#load()).verify(header, root, signal)
  }

  async stop(): Promise<void> {
    for (const follow of this.#follows.values()) follow.abort(new DOMException('stopped', 'AbortError'))
    await this.#writing
    await this.#keeper?.then((keeper) => keeper.close()).catch(() => {})
  }

  /** It would hold up the first frame of a network that needs none. What cannot be loaded is loaded again with the next wish. */
  #load(): Promise<CommitteeKeeper> {
    this.#keeper ??= this.#make().catch((error: unknown) => {
      this.#keeper = null
      throw error
    })
    return this.#keeper
  }

  async #make(): Promise<CommitteeKeeper> {
    const { CommitteeKeeper } = await import('./committee-keeper.ts')
    const { crypto, clock, anchors, peers } = this.#parts
    return new CommitteeKeeper({ crypto, clock, peers }, anchors)
  }

  /** A committee that is not written is followed to again by the next session. */
  #write({ kept }: CommitteeKeeper): void {
    if (kept === null || kept.frame === this.#written) return
    const write = putCommittee(this.#parts.prefix, kept)
    this.#written = kept.frame
    if (write === null) return
    this.#writing = this.#writing.then(() => this.#parts.store.batch([write], 'relaxed').catch(() => {}))
  }
}
