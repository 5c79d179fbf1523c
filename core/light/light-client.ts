/**
 * The light client (spec 11 section 8.3): follows a chain from its anchors with the help of peers it does not trust.
 *
 * It asks every peer for its newest header and verifies the newest of them at once, since with a pinned committee no frame in
 * between is needed (skipping; without one: `committees.ts`); a header that follows directly must link to its parent (sequential). Then it
 * verifies the last few frames below, newest first. A frame below quorum is refused, said so, and stepped over. A peer that lies, floods or
 * goes silent is left for another.
 * Two certified frames that exclude each other are evidence: everything stops.
 *
 * No clock, no I/O, no promises: `handle` takes an event and answers effects. Answers may come late, twice or never.
 */

import { sameBytes } from '../platform/bytes.ts'
import type { Machine, Millis } from '../platform/machine.ts'
import { AlertTalk } from './alert-talk.ts'
import type { NewCandidate } from './candidates.ts'
import { Chain, findingOf } from './chain.ts'
import { Committees } from './committees.ts'
import { Consequences } from './consequences.ts'
import { Conversations } from './conversations.ts'
import type {
  LightConfig,
  LightEffect,
  LightEvent,
  LightState,
  PeerKey,
  StoredEvidence,
  StoredHeader,
  StoredState,
} from './events.ts'
import { Judge } from './judge.ts'
import { describeAge } from './network-description.ts'
import { FILL_DEPTH, SLEEP_MILLIS, STORED_FIRST_MILLIS, stallMillis, TICK_MILLIS } from './policy.ts'
import { Queries } from './queries.ts'
import { describe, type Halt } from './status.ts'
import { Storing } from './storing.ts'
import { Telling } from './telling.ts'
import { TimeProofs } from './time-proofs.ts'
import { Work, type WorkCount } from './work.ts'

export class LightClient implements Machine<LightEvent, LightEffect> {
  readonly #config: LightConfig
  readonly #chain: Chain
  readonly #committees: Committees
  readonly #judge: Judge
  readonly #timeProofs: TimeProofs
  readonly #work = new Work()
  readonly #telling: Telling
  readonly #storing: Storing
  readonly #conversations: Conversations
  readonly #alerts: AlertTalk
  readonly #queries: Queries
  readonly #consequences: Consequences
  #started = false
  #stopped = false
  #halt: Halt | null = null
  #note: string | null = null
  #lastEventAt: Millis = 0
  /** Since when there is a peer to hear of new frames from; null while there is none. */
  #listeningSince: Millis | null = null
  /** What was stored is verified first, at most until then; nobody is dialled before. null: no more. */
  #recallUntil: Millis | null = null
  #wakeAt: Millis = Number.POSITIVE_INFINITY
  #out: LightEffect[] = []

  constructor(config: LightConfig) {
    this.#config = config
    const { anchors } = config.description
    this.#chain = new Chain(anchors.checkpoint, config.limits)
    this.#telling = new Telling(this.#chain)
    this.#timeProofs = new TimeProofs(config.timeProofs, config.random)
    this.#committees = new Committees(anchors)
    this.#judge = new Judge(this.#chain, this.#committees, this.#timeProofs, this.#work)
    this.#storing = new Storing(config.description, config.limits)
    const emit = (effect: LightEffect) => this.#out.push(effect)
    const forget = (peer: number) => this.#out.push(...this.#judge.forget((c) => c.peer === peer && c.query === null))
    const offer = (candidate: NewCandidate, now: Millis) => this.#offer(candidate, now)
    this.#conversations = new Conversations(config, this.#chain, {
      emit,
      forget,
      offer,
      queryAnswered: (...answer) => this.#queries.answered(...answer),
    })
    this.#alerts = new AlertTalk({ conversations: this.#conversations, work: this.#work, emit })
    this.#queries = new Queries(this.#chain, this.#conversations, this.#timeProofs.wanted, { emit, offer })
    this.#consequences = new Consequences({
      chain: this.#chain,
      judge: this.#judge,
      conversations: this.#conversations,
      queries: this.#queries,
      storing: this.#storing,
      telling: this.#telling,
      work: this.#work,
      emit,
      stopFor: (halt) => this.#stopFor(halt),
      equivocated: (evidence, now) => this.#equivocated(evidence, now),
    })
  }

  /** Newest first, at most `count` verified frames. */
  recent(count: number) {
    return this.#chain
      .recent(count)
      .filter((frame) => frame.announced)
      .map(findingOf)
  }

  /** The newest verified frame. */
  head() {
    return this.#telling.newest === null ? null : findingOf(this.#telling.newest)
  }

  /** Connections that said hello and are on this network, in the order in which they were made. */
  greeted(): readonly PeerKey[] {
    return this.#conversations.peers.greeted().map(({ key }) => key)
  }

  work(now: Millis): WorkCount {
    return this.#work.lastHour(now)
  }

  handle(event: LightEvent, now: Millis): readonly LightEffect[] {
    this.#out = []
    if (this.#started && !this.#stopped) this.#noticeSleep(now)
    this.#lastEventAt = now
    this.#dispatch(event, now)
    this.#settle(now)
    return this.#out
  }

  #dispatch(event: LightEvent, now: Millis): void {
    switch (event.kind) {
      case 'start':
        if (event.committee) this.#committees.resume(event.committee)
        this.#start(event.stored, event.note, now)
        return
      case 'stop':
        this.#stop()
        return
      case 'stored':
        this.#storing.found(event.sizes)
        return
      case 'wake':
        this.#wakeAt = Number.POSITIVE_INFINITY
        return
      case 'addAddress':
        if (!this.#stopped) this.#conversations.peers.addAddress(event.address)
        return
      case 'computed':
        if (!this.#stopped) this.#judge.computed(event.job, event.result, now)
        return
      case 'followed':
        if (!this.#stopped) this.#judge.followed(event.follow, event.point, event.failure, now)
        return
      case 'persisted':
        this.#storing.persisted(event.batch)
        return
      case 'persistFailed':
        this.#storing.failed(event.batch, event.reason)
        return
      case 'loaded':
        this.#queries.loaded(event.load, event.stored, now)
        return
      case 'query':
        if (this.#stopped || !this.#started) this.#queries.fail(event.query, 'notFound', 'The client is not running.')
        else if (this.#halt && (event.wish.kind !== 'check' || !this.#judge.ready)) {
          this.#queries.fail(event.query, this.#halt.cause === 'engine' ? 'engine' : 'halted', this.#halt.reason)
        } else this.#queries.ask(event.query, event.wish, now)
        return
      case 'cancelQuery':
        this.#queries.cancel(event.query)
        this.#out.push(...this.#judge.forget((c) => c.query === event.query))
        return
      case 'alerted':
      case 'alertsJudged':
        if (this.#running) this.#alerts.handle(event, now)
        return
      default:
        if (this.#running) this.#conversations.handle(event, now)
    }
  }

  get #running(): boolean {
    return this.#started && !this.#stopped && this.#halt === null
  }

  #start(stored: StoredState | null, note: string | null, now: Millis): void {
    if (this.#started || this.#stopped) return
    this.#started = true
    this.#note = note
    this.#consequences.lastAdvanceAt = now
    const { anchors } = this.#config.description
    const age = describeAge(anchors.issuedAt, now)
    if (now - anchors.issuedAt > this.#config.limits.anchorAgeMillis) {
      const reason = `The anchors of this network are ${age}, older than the ${Math.round(this.#config.limits.anchorAgeMillis / 86_400_000)} days that are accepted.`
      this.#stopFor({ cause: 'anchors', reason, next: 'Get current anchors from a source you trust.' })
      return
    }
    if (stored?.evidence && stored.evidence.at > anchors.issuedAt) {
      this.#haltForEvidence(stored.evidence)
      return
    }
    const newest = stored?.newest ?? []
    if (newest.length > 0) {
      this.#recallUntil = now + STORED_FIRST_MILLIS
      this.#conversations.dialFrom(this.#recallUntil)
    }
    for (const header of newest) this.#offer(ownCandidate(header), now)
  }

  #stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#queries.close('notFound', 'The client was stopped.')
    this.#out.push(...this.#judge.close())
    this.#conversations.close()
  }

  #offer(candidate: NewCandidate, now: Millis): void {
    const held = this.#chain.newest
    const same = held !== null && candidate.query === null && sameBytes(held.bytes, candidate.bytes)
    if (same) {
      this.#conversations.offers(candidate.peer, held.number)
      this.#conversations.peers.works(candidate.peer)
    } else this.#judge.offer(candidate, now)
  }

  /** Nodes are dialled as soon as one stored frame is verified, none is left to verify, or it takes too long. */
  #endRecall(now: Millis): void {
    if (this.#recallUntil === null) return
    const undecided = this.#chain.newest === null && this.#judge.deciding((c) => c.purpose === 'stored')
    if (undecided && now < this.#recallUntil) return
    this.#recallUntil = null
    this.#conversations.dialFrom(Number.NEGATIVE_INFINITY)
  }

  /** The device slept, or its clock was set: what was asked before is not waited for, peers must say hello again. */
  #noticeSleep(now: Millis): void {
    const pause = now - this.#lastEventAt
    if (pause < SLEEP_MILLIS && pause > -SLEEP_MILLIS) return
    this.#judge.forgive(now)
    this.#committees.forgive(now)
    this.#storing.forgive(now)
    this.#queries.forgive(now)
    this.#conversations.wokeUp(now)
    if (this.#recallUntil !== null) this.#recallUntil = now
    this.#consequences.lastAdvanceAt = now
    this.#telling.forgive()
  }

  /** Everything that follows from what just happened, until nothing more does. */
  #settle(now: Millis): void {
    if (!this.#started) return
    if (!this.#stopped) {
      this.#judge.expire(now)
      this.#storing.expire(now)
      this.#rule(now)
      this.#endRecall(now)
      if (this.#running) {
        this.#conversations.tick(now)
        const listening = this.#conversations.peers.greeted().length > 0
        this.#listeningSince = listening ? (this.#listeningSince ?? now) : null
        this.#queries.tick(now)
        this.#conversations.fill(this.#fillFloor(), (n) => this.#judge.undecided((c) => c.facts?.number === n), now)
        this.#rule(now)
        this.#out.push(...this.#committees.next(this.#conversations.peers.greeted().length, now))
      }
      if (this.#halt === null || this.#judge.ready) this.#out.push(...this.#judge.start(now))
      this.#rule(now)
    }
    this.#out.push(...this.#telling.announce(this.#storing.takeDone()))
    const state = this.#telling.show(this.#state(now), this.#stopped || this.#halt !== null, now)
    if (state) this.#out.push(state)
    if (!this.#stopped) this.#planWake(now)
  }

  #rule(now: Millis): void {
    for (;;) {
      const rulings = this.#judge.takeRulings()
      if (rulings.length === 0) return
      for (const ruling of rulings) this.#consequences.apply(ruling, now)
    }
  }

  #equivocated(evidence: StoredEvidence, now: Millis): void {
    if (this.#halt !== null) return
    this.#out.push(this.#storing.putEvidence(evidence, now))
    this.#haltForEvidence(evidence)
  }

  #haltForEvidence(evidence: StoredEvidence): void {
    this.#out.push({ kind: 'evidence', evidence })
    const next = 'Export the evidence and report it. Go on only with new anchors from a source you trust.'
    this.#stopFor({ cause: 'evidence', reason: evidence.reason, next })
  }

  #stopFor(halt: Halt): void {
    if (this.#halt !== null) return
    this.#halt = halt
    this.#queries.close(halt.cause === 'engine' ? 'engine' : 'halted', halt.reason)
    this.#out.push(...this.#judge.close())
    this.#conversations.close()
  }

  /** Lowest frame that is fetched to fill the window below the newest; null when there is nothing to fill. */
  #fillFloor(): bigint | null {
    const newest = this.#chain.newest
    if (newest === null) return null
    const lowest = newest.number - FILL_DEPTH + 1n
    const { number } = this.#chain.checkpoint
    return lowest > number ? lowest : number + 1n
  }

  #state(now: Millis): LightState {
    const { peers } = this.#conversations
    const target = peers.newestOffered()
    const nextDialAt = peers.nextDialAt()
    const committee = this.#committees.state()
    const sentences = describe({
      started: this.#started,
      stopped: this.#stopped,
      halt: this.#halt,
      at: this.#telling.newest?.number ?? null,
      target,
      greeted: peers.greeted().length,
      connections: peers.connections().length,
      recalling: this.#recallUntil !== null,
      addresses: peers.addressCount,
      lastFailure: peers.lastReason(),
      nextDialMillis: Number.isFinite(nextDialAt) ? nextDialAt - now : null,
      sinceAdvanceMillis: now - Math.max(this.#consequences.lastAdvanceAt, this.#listeningSince ?? now),
      stallMillis: stallMillis(this.#config.description.frameIntervalMillis),
      steppedOver: this.#consequences.steppedOver,
      committee,
      filling: this.#judge.deciding((c) => c.purpose === 'range'),
      timeProofsBehind: this.#timeProofs.behind,
      anchorsAge: describeAge(this.#config.description.anchors.issuedAt, now),
      note: this.#note,
      storeTrouble: this.#storing.trouble,
    })
    return {
      ...sentences,
      at: this.#telling.newest?.number ?? null,
      target,
      peers: peers.states(),
      committee,
      halt: this.#halt?.cause ?? null,
    }
  }

  #planWake(now: Millis): void {
    const soonest = Math.min(
      now + TICK_MILLIS,
      this.#judge.earliest(),
      this.#halt ? Number.POSITIVE_INFINITY : this.#committees.earliest(now),
      this.#storing.earliest(),
      this.#queries.earliest(),
      this.#halt ? Number.POSITIVE_INFINITY : this.#conversations.earliest(now),
      this.#telling.nextStateAt(now),
    )
    const at = Math.max(now + 1, soonest)
    if (at === this.#wakeAt) return
    this.#wakeAt = at
    this.#out.push({ kind: 'wake', at })
  }
}

function ownCandidate(header: StoredHeader): NewCandidate {
  return {
    bytes: header.bytes,
    purpose: 'stored',
    peer: null,
    from: 'the store',
    range: null,
    query: null,
    timeProof: false,
    timeProofKnown: header.timeProof,
  }
}
