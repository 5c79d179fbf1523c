/**
 * Which committee a header is verified with: the pinned one, or the one that the registry of the header names (spec 11 section 8.4). Headers whose
 * committee is not known yet wait here, and one after the other is followed to. Part of the machine: no clock, no I/O.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { Anchors } from './anchors.ts'
import type { Candidate } from './candidates.ts'
import type { CommitteePoint, CommitteeState, FollowFailure, LightEffect } from './events.ts'
import * as policy from './policy.ts'

/** What became of the candidates that waited. */
export interface Released {
  /** Their committee is known. */
  readonly ready: readonly Candidate[]
  /** It never will be. */
  readonly over: readonly Candidate[]
  /** The header that was followed to, when that failed for a reason that is in it or that its caller waits for. */
  readonly failed: { readonly candidate: Candidate; readonly failure: FollowFailure } | null
}

interface Following {
  readonly id: number
  /** null: the registry at the checkpoint. */
  readonly candidate: Candidate | null
  readonly root: string
  since: Millis
}

interface Rest {
  readonly failures: number
  until: Millis
  /** Advances before the first failure. */
  readonly advances: number
}

export class Committees {
  readonly #anchors: Anchors
  /** Roots of the registries whose committees are known, newest last. */
  #roots: readonly string[] = []
  #point: CommitteePoint | null = null
  #parked: readonly Candidate[] = []
  /** When each of them began to wait. */
  readonly #since = new WeakMap<Candidate, Millis>()
  #following: Following | null = null
  #nextId = 1
  /** By address of the sender, over connections: how often following its headers failed in a row, and until when none is followed to. */
  readonly #rests = new Map<string, Rest>()
  /** How often the newest verified frame became a newer one. */
  #advances = 0
  #begin: { readonly failures: number; until: Millis } = { failures: 0, until: 0 }
  #greeted = 0
  #reason: string | null = null

  constructor(anchors: Anchors) {
    this.#anchors = anchors
  }

  get pinned(): boolean {
    return this.#anchors.committee !== undefined
  }

  /** Frame whose registry names the committee in use; null for a pinned one, and while none is known. */
  get point(): CommitteePoint | null {
    return this.#point
  }

  /** What an earlier session followed to. */
  resume(point: CommitteePoint): void {
    this.#adopt(point)
  }

  /**
   * Whether the committee of that header is known. Above the followed frame that is the committee of its registry alone: an older one that a header
   * names again may be of members who left.
   */
  knows(facts: HeaderFacts): boolean {
    if (this.pinned) return true
    const point = this.#point
    const root = rootOf(facts)
    if (point === null) return false
    return root === point.root || (facts.number < point.frame && this.#roots.includes(root))
  }

  /** The newest verified frame is a newer one. */
  advanced(): void {
    this.#advances += 1
  }

  /** Takes a header that waits for its committee, and gives those that went for it; null when it would wait in vain. */
  park(candidate: Candidate, facts: HeaderFacts, now: Millis): readonly Candidate[] | null {
    const floor = this.#point?.frame ?? BigInt(this.#anchors.checkpoint.number)
    if (candidate.purpose === 'check' || rootOf(facts) === '' || facts.number <= floor) return null
    const same = (other: Candidate) =>
      candidate.query === null ? other.query === null && other.peer === candidate.peer : other.query !== null
    const rivals = [...this.#parked.filter(same), candidate].sort(newestFirst)
    const gone = rivals.slice(policy.MOST_PARKED)
    if (candidate.query !== null && gone.length > 0) return null
    this.#parked = [...this.#parked, candidate].filter((other) => !gone.includes(other))
    this.#since.set(candidate, now)
    return gone
  }

  /** What callers have waited for long enough; not what is followed to just now. */
  expire(now: Millis): readonly Candidate[] {
    const late = this.#parked.filter((c) => this.#queryUntil(c) <= now)
    this.drop((candidate) => late.includes(candidate))
    return late
  }

  #queryUntil(candidate: Candidate): Millis {
    if (candidate.query === null || candidate === this.#following?.candidate) return Number.POSITIVE_INFINITY
    return (this.#since.get(candidate) ?? 0) + policy.QUERY_TIMEOUT_MILLIS
  }

  /** Why nothing was followed to lately; null when nothing failed. */
  get reason(): string | null {
    return this.#reason
  }

  some(matches: (candidate: Candidate) => boolean): boolean {
    return this.#parked.some(matches)
  }

  drop(matches: (candidate: Candidate) => boolean): void {
    this.#parked = this.#parked.filter((candidate) => !matches(candidate))
  }

  /** What to follow to next, if anything; a header that keeps others waiting for long is called off. */
  next(greeted: number, now: Millis): readonly LightEffect[] {
    if (this.pinned) return []
    if (greeted > this.#greeted) this.#begin.until = Math.min(this.#begin.until, now)
    this.#greeted = greeted
    const effects = this.#callOff(now)
    if (this.#following !== null || greeted === 0) return effects
    if (this.#point === null) {
      if (this.#begin.until > now) return effects
      return [...effects, this.#follow(null, now)]
    }
    const wanted = this.#parked.filter(({ from }) => (this.#rests.get(from)?.until ?? 0) <= now)
    const [best] = wanted.toSorted((a, b) => this.#failures(a) - this.#failures(b) || newestFirst(a, b))
    return best === undefined ? effects : [...effects, this.#follow(best, now)]
  }

  /** Where following came to. `point`: the frame that is trusted now, if any. */
  followed(id: number, point: CommitteePoint | null, failure: FollowFailure | null, now: Millis): Released {
    const following = this.#following
    const candidate = following?.id === id ? following.candidate : null
    if (following?.id === id) {
      this.#following = null
      this.#count(following, failure, now)
    }
    if (point !== null) this.#adopt(point)
    const proven = failure === null ? candidate?.digest : undefined
    const ready = this.#parked.filter(({ facts }) => facts !== null && this.knows(facts)).map((c) => known(c, proven))
    this.drop(({ facts }) => facts !== null && this.knows(facts))
    const over = this.#parked.filter(({ facts }) => facts !== null && facts.number <= (this.#point?.frame ?? -1n))
    this.drop((c) => over.includes(c))
    if (candidate === null || failure === null || !this.#parked.includes(candidate))
      return { ready, over, failed: null }
    const told = this.#isUseless(candidate) ? { ...failure, verdict: 'useless' as const } : failure
    if (told.verdict === 'open' && candidate.query === null) return { ready, over, failed: null }
    this.drop((c) => c === candidate)
    return { ready, over, failed: { candidate, failure: told } }
  }

  /** When something is to be done here without an event. */
  earliest(now: Millis): Millis {
    const queries = Math.min(Number.POSITIVE_INFINITY, ...this.#parked.map((candidate) => this.#queryUntil(candidate)))
    return Math.min(queries, this.#nextAt(now))
  }

  #nextAt(now: Millis): Millis {
    if (this.pinned || this.#greeted === 0) return Number.POSITIVE_INFINITY
    if (this.#following !== null) {
      const { since } = this.#following
      const patience = since + policy.FOLLOW_PATIENCE_MILLIS
      return patience > now ? patience : since + policy.FOLLOW_MILLIS + policy.GRACE_MILLIS
    }
    if (this.#point === null) return this.#begin.until
    return Math.min(Number.POSITIVE_INFINITY, ...this.#parked.map(({ from }) => this.#rests.get(from)?.until ?? now))
  }

  /** After a jump of the clock: everything may be tried at once. */
  forgive(now: Millis): void {
    for (const rest of this.#rests.values()) rest.until = now
    this.#begin.until = now
    if (this.#following !== null) this.#following.since = now
  }

  state(): CommitteeState {
    const { committee, checkpoint } = this.#anchors
    const nothing = { frame: null, pending: null, reason: null }
    if (committee !== undefined) return { origin: 'pinned', members: committee.members.length, ...nothing }
    const point = this.#point
    if (point === null) {
      const from = `the registry at frame ${checkpoint.number}, where the anchors start`
      const reason =
        this.#reason === null
          ? `No committee is pinned: ${from}, is copied, to know who may sign.`
          : `The committee is not known: ${from}, cannot be had (${this.#reason}).`
      return { origin: 'registry', members: null, ...nothing, reason }
    }
    const shown = (c: Candidate) => c.purpose !== 'query' && c.purpose !== 'hint' && !this.#isDoubtful(c)
    const [newest] = this.#parked.filter(shown).toSorted(newestFirst)
    const pending = newest?.facts?.number ?? null
    const { frame, members } = point
    if (pending === null) return { origin: 'registry', members, ...nothing, frame }
    const reason =
      this.#reason === null
        ? `Frame ${pending} is pending: its registry is another than that of frame ${frame}, and is followed to.`
        : `Frame ${pending} is pending: nothing leads to its committee from that of frame ${frame} (${this.#reason}).`
    return { origin: 'registry', frame, members, pending, reason }
  }

  #follow(candidate: Candidate | null, now: Millis): LightEffect {
    const root = candidate?.facts ? rootOf(candidate.facts) : ''
    this.#following = { id: this.#nextId++, candidate, root, since: now }
    const header = candidate && { bytes: candidate.bytes, from: candidate.from }
    return { kind: 'follow', follow: this.#following.id, header }
  }

  #callOff(now: Millis): readonly LightEffect[] {
    const following = this.#following
    if (following === null || now - following.since < policy.FOLLOW_PATIENCE_MILLIS) return []
    const late = now - following.since >= policy.FOLLOW_MILLIS + policy.GRACE_MILLIS
    const { candidate, root } = following
    const others = (c: Candidate) =>
      candidate !== null &&
      c.facts !== null &&
      rootOf(c.facts) !== root &&
      this.#failures(c) <= this.#failures(candidate) &&
      c.peer !== candidate.peer
    if (!late && !this.#parked.some(others)) return []
    this.#following = null
    this.#count(following, { verdict: 'open', reason: 'it takes too long' }, now)
    return [{ kind: 'callOff', follow: following.id }]
  }

  #count({ candidate }: Following, failure: FollowFailure | null, now: Millis): void {
    this.#reason = failure?.verdict === 'open' ? failure.reason : null
    if (candidate === null) {
      const failures = failure === null ? 0 : this.#begin.failures + 1
      this.#begin = { failures, until: now + policy.followPauseMillis(failures) }
      return
    }
    const { from } = candidate
    const before = this.#rests.get(from) ?? { failures: 0, advances: this.#advances }
    this.#rests.delete(from)
    if (failure !== null) {
      const failures = before.failures + 1
      this.#rests.set(from, { ...before, failures, until: now + policy.followPauseMillis(failures) })
    }
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= policy.MOST_CANDIDATES) break
      this.#rests.delete(oldest)
    }
  }

  /** Time and again nothing leads to what that peer sends, while the chain goes on without it. */
  #isUseless(candidate: Candidate): boolean {
    const own = candidate.peer === null || candidate.query !== null
    return !own && this.#failures(candidate) >= policy.FOLLOW_ATTEMPTS && this.#isDoubtful(candidate)
  }

  /** Nothing led to what its sender sends, and since then the chain went on without it. */
  #isDoubtful({ from }: Candidate): boolean {
    const rest = this.#rests.get(from)
    return rest !== undefined && this.#advances - rest.advances >= policy.ADVANCES_TO_DOUBT
  }

  #failures({ from }: Candidate): number {
    return this.#rests.get(from)?.failures ?? 0
  }

  #adopt(point: CommitteePoint): void {
    this.#point = point
    this.#roots = [...this.#roots.filter((root) => root !== point.root), point.root].slice(-policy.COMMITTEES_KEPT)
  }
}

const rootOf = ({ proverTreeCommitment }: HeaderFacts): string => bytesToHex(proverTreeCommitment)

/** What a caller waits for, then the highest number. */
function newestFirst(a: Candidate, b: Candidate): number {
  if ((a.query !== null) !== (b.query !== null)) return a.query !== null ? -1 : 1
  const [one, other] = [a.facts?.number ?? 0n, b.facts?.number ?? 0n]
  return one === other ? 0 : one > other ? -1 : 1
}

/** Following checked the time proof of that header. A stored one is written again with it. */
function known(candidate: Candidate, proven: string | undefined): Candidate {
  if (candidate.digest !== proven || candidate.purpose === 'stored') return candidate
  return { ...candidate, timeProofKnown: true }
}
