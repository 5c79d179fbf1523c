/**
 * From bytes to verdicts: facts, place in the chain, certificate, time proof (spec 11 sections 4.4 and 8.3). Cheap checks come first, the
 * time proof last; one job of each kind runs at a time. What was decided is a `Ruling`; what follows from it is decided elsewhere.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Check, HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import { type Candidate, Candidates, type NewCandidate } from './candidates.ts'
import type { Chain, Frame } from './chain.ts'
import type { Committees } from './committees.ts'
import type { CommitteePoint, FollowFailure, LightEffect, Task, TaskResult } from './events.ts'
import { failedTimeProof, findingOfCandidate } from './finding.ts'
import type { GivenHeader } from './follow-registry-types.ts'
import { Pending } from './pending.ts'
import { JOB_TIMEOUT_MILLIS, OPEN_ATTEMPTS } from './policy.ts'
import type { Ruling } from './rulings.ts'
import type { TimeProofs } from './time-proofs.ts'
import { Verdicts } from './verdicts.ts'
import type { Work } from './work.ts'

type Job =
  | { readonly stage: 'open' }
  | { readonly stage: 'inspect' | 'certificate'; readonly candidate: Candidate }
  | { readonly stage: 'timeProof'; readonly candidate: Candidate }
  | { readonly stage: 'timeProof'; readonly frame: Frame }

export class Judge {
  readonly #chain: Chain
  readonly #timeProofs: TimeProofs
  readonly #work: Work
  readonly #committees: Committees
  readonly #candidates = new Candidates()
  readonly #verdicts: Verdicts
  readonly #jobs = new Pending<Job>()
  /** The pinned committee. */
  #committee: 'closed' | 'opening' | 'open' = 'closed'
  #openAttempts = 0

  constructor(chain: Chain, committees: Committees, timeProofs: TimeProofs, work: Work) {
    this.#chain = chain
    this.#committees = committees
    this.#timeProofs = timeProofs
    this.#work = work
    const proving = (frame: Frame) => this.#jobs.values().some((job) => 'frame' in job && job.frame === frame)
    this.#verdicts = new Verdicts({ chain, committees, timeProofs, work, proving })
  }

  get ready(): boolean {
    return this.#committees.pinned ? this.#committee === 'open' : this.#committees.point !== null
  }

  /** Takes a header in. One that was refused before, or is waiting, is not looked at again. */
  offer(offered: NewCandidate, now: Millis): void {
    const candidate = this.#candidates.add(offered)
    if (candidate.query === null) {
      const before = this.#verdicts.refused.get(candidate.digest)
      if (before !== undefined) {
        this.#candidates.drop((c) => c === candidate)
        candidate.facts = before.facts
        this.#verdicts.refuse(candidate, before.reason, { lie: before.lie, again: true }, now)
        return
      }
      const twin = (c: Candidate) => c !== candidate && c.digest === candidate.digest && c.peer === candidate.peer
      if (this.#candidates.some(twin) || this.#running(twin) || this.#committees.some(twin))
        this.#candidates.drop((c) => c === candidate)
    }
    for (const gone of this.#candidates.shed()) this.#verdicts.giveUp(gone, 'too much arrived at once', now)
  }

  /** Whether something that matches is still to be decided, or waits for its committee. */
  undecided(matches: (candidate: Candidate) => boolean): boolean {
    return this.deciding(matches) || this.#committees.some(matches)
  }

  /** Whether something that matches is being decided here. */
  deciding(matches: (candidate: Candidate) => boolean): boolean {
    return this.#verdicts.some(matches) || this.#candidates.some(matches) || this.#running(matches)
  }

  /** Forgets what matches, for instance all that a dropped peer sent. */
  forget(matches: (candidate: Candidate) => boolean): readonly LightEffect[] {
    this.#candidates.drop(matches)
    this.#committees.drop(matches)
    this.#verdicts.drop(matches)
    const dropped = this.#jobs.drop((job) => 'candidate' in job && matches(job.candidate))
    return dropped.map((job): LightEffect => ({ kind: 'cancel', job }))
  }

  /** Stops everything. */
  close(): readonly LightEffect[] {
    this.#timeProofs.clear()
    this.#candidates.drop(() => true)
    this.#committees.drop(() => true)
    this.#verdicts.close()
    return this.#jobs.drop(() => true).map((job): LightEffect => ({ kind: 'cancel', job }))
  }

  /** Jobs that can start now. */
  start(now: Millis): readonly LightEffect[] {
    const effects: LightEffect[] = []
    const begin = (job: Job, task: Task) => {
      effects.push({ kind: 'compute', job: this.#jobs.add(job, now, JOB_TIMEOUT_MILLIS[job.stage]), task })
    }
    if (this.#committees.pinned && this.#committee === 'closed') {
      this.#committee = 'opening'
      begin({ stage: 'open' }, { kind: 'openCommittee' })
    }
    if (!this.#busy('inspect')) {
      const candidate = this.#candidates.nextArrived()
      if (candidate) begin({ stage: 'inspect', candidate }, { kind: 'inspect', header: candidate.bytes })
    }
    if (!this.ready) return effects
    if (!this.#busy('certificate')) {
      const candidate = this.#nextUndecided(now)
      const root = this.#committees.pinned
        ? ''
        : bytesToHex(candidate?.facts?.proverTreeCommitment ?? new Uint8Array(0))
      if (candidate) begin({ stage: 'certificate', candidate }, { kind: 'certificate', header: candidate.bytes, root })
    }
    if (!this.#busy('timeProof')) {
      const candidate = this.#verdicts.awaitingTimeProof.shift()
      const frame = candidate ? undefined : this.#timeProofs.next()
      if (candidate) begin({ stage: 'timeProof', candidate }, { kind: 'timeProof', header: candidate.bytes })
      else if (frame) begin({ stage: 'timeProof', frame }, { kind: 'timeProof', header: frame.bytes })
    }
    return effects
  }

  computed(id: number, result: TaskResult, now: Millis): void {
    const job = this.#jobs.take(id)
    if (job === undefined) return
    if (result.kind === 'failed') this.#failed(job, result.code, result.reason, now)
    else if (job.stage === 'open' && result.kind === 'openCommittee') this.#committee = 'open'
    else if (job.stage === 'inspect' && result.kind === 'inspect') this.#inspected(job.candidate, result.facts, now)
    else if (job.stage === 'certificate' && result.kind === 'certificate') {
      this.#verdicts.certified(job.candidate, result.verdict, now)
    } else if (job.stage === 'timeProof' && result.kind === 'timeProof') {
      this.#work.timeProof(result.check.millis ?? 0, now)
      if ('frame' in job) this.#verdicts.rule({ kind: 'timeProof', frame: job.frame, check: result.check })
      else this.#verdicts.conclude(job.candidate, result.check, now)
    } else this.#failed(job, 'crashed', `the engine answered ${result.kind} to ${job.stage}`, now)
    this.#lookAgain(now)
  }

  /** Gives up jobs that nobody answered. */
  expire(now: Millis): void {
    for (const candidate of this.#committees.expire(now)) this.#verdicts.withoutCommittee(candidate, now)
    for (const job of this.#jobs.expire(now)) this.#failed(job, 'crashed', 'the engine did not answer', now)
  }

  forgive(now: Millis): void {
    this.#jobs.forgive(now)
  }

  earliest(): Millis {
    return this.#jobs.earliest()
  }

  proofDecided(now: Millis): void {
    this.#verdicts.proofDecided(now)
    this.#lookAgain(now)
  }

  condemn(frame: Frame, reason: string): void {
    this.#verdicts.condemn(frame, reason)
  }

  takeRulings(): readonly Ruling[] {
    return this.#verdicts.takeRulings()
  }

  /** What was refused for its place, and has a rival now. */
  #lookAgain(now: Millis): void {
    for (const candidate of this.#verdicts.takeMet()) this.offer(candidate, now)
  }

  /** The next candidate for a certificate check, without those that were decided while they waited, for instance twins. */
  #nextUndecided(now: Millis): Candidate | undefined {
    for (;;) {
      const candidate = this.#candidates.nextPlaced()
      if (candidate?.facts == null) return candidate
      const before = candidate.query === null ? this.#verdicts.refused.get(candidate.digest) : undefined
      const place = this.#chain.place(candidate.facts)
      if (before !== undefined) this.#verdicts.refuse(candidate, before.reason, { lie: before.lie, again: true }, now)
      else if (candidate.query === null && place.kind === 'known')
        this.#verdicts.rule({ kind: 'known', candidate, frame: place.frame })
      else if (this.#committees.knows(candidate.facts)) return candidate
      else this.#toCertificate(candidate, candidate.facts, now)
    }
  }

  /** Where following the registry came to: what waited for it is decided, or known to be undecidable. */
  followed(id: number, point: CommitteePoint | null, failure: FollowFailure | null, now: Millis): void {
    const { ready, over, failed } = this.#committees.followed(id, point, failure, now)
    for (const candidate of ready) this.#candidates.placed(candidate)
    for (const candidate of over) this.#verdicts.withoutCommittee(candidate, now)
    // the way ended at a frame before the one that was wanted, which is verified all the same
    if (failure !== null && point?.header && this.#chain.get(point.frame) === undefined)
      this.offer(adopted(point.header), now)
    if (failed === null) return
    const { verdict, reason } = failed.failure
    if (verdict === 'open') this.#verdicts.withoutCommittee(failed.candidate, now, reason)
    else {
      // only for lack of a quorum it is refused again wherever the client is
      const lie = verdict !== 'quorum'
      const told = verdict === 'useless' ? `${reason}; frames of other nodes verify` : reason
      this.#verdicts.refuse(failed.candidate, told, { lie, keep: !lie }, now)
    }
  }

  /** To the certificate if the committee of the header is known; else it waits for that, or is given back undecided. */
  #toCertificate(candidate: Candidate, facts: HeaderFacts, now: Millis): void {
    if (this.#committees.knows(facts)) {
      this.#candidates.placed(candidate)
      return
    }
    const displaced = this.#committees.park(candidate, facts, now)
    if (displaced === null) this.#verdicts.withoutCommittee(candidate, now)
    else for (const gone of displaced) this.#verdicts.withoutCommittee(gone, now)
  }

  #inspected(candidate: Candidate, facts: HeaderFacts, now: Millis): void {
    candidate.facts = facts
    const { range } = candidate
    if (range && (facts.number < range.first || facts.number > range.last)) {
      const reason = `asked for frames ${range.first} to ${range.last}, got ${facts.number}`
      this.#verdicts.refuse(candidate, reason, { lie: true, keep: false }, now)
      return
    }
    if (candidate.purpose === 'check') {
      this.#toCertificate(candidate, facts, now)
      return
    }
    const place = this.#chain.place(facts)
    candidate.links = this.#chain.links(facts)
    if (this.#verdicts.isOtherCopy(candidate)) this.#toCertificate(candidate, facts, now)
    else if (place.kind === 'known') this.#verdicts.rule({ kind: 'known', candidate, frame: place.frame })
    else if (place.kind === 'conflict' || this.#chain.unprovenOpponents(facts).length > 0)
      this.#toCertificate(candidate, facts, now)
    else if (this.#verdicts.refuseUnlinked(candidate, now)) return
    else if (place.kind === 'old' && candidate.query === null) this.#verdicts.rule({ kind: 'behind', candidate })
    else this.#toCertificate(candidate, facts, now)
  }

  #failed(job: Job, code: string, reason: string, now: Millis): void {
    if (job.stage === 'open') {
      this.#committee = 'closed'
      if (code === 'crashed' && ++this.#openAttempts < OPEN_ATTEMPTS) return
      const cause = code === 'decode' || code === 'arguments' ? 'anchors' : 'engine'
      this.#verdicts.rule({ kind: 'unusable', cause, reason })
      return
    }
    if (code === 'unavailable') this.#verdicts.rule({ kind: 'unusable', cause: 'engine', reason })
    if ('frame' in job) {
      if (code === 'decode')
        this.#verdicts.rule({ kind: 'timeProof', frame: job.frame, check: failedTimeProof(reason) })
      else this.#verdicts.giveUpContested(reason, now)
      return
    }
    const { candidate } = job
    if (code === 'decode') {
      const shape: Check = { name: 'shape', ok: false, reason, section: '11 section 4', millis: null }
      if (candidate.purpose === 'check') {
        const finding = findingOfCandidate(candidate, job.stage === 'timeProof' ? failedTimeProof(reason) : shape, now)
        this.#verdicts.rule({ kind: 'judged', candidate, finding })
      } else this.#verdicts.refuse(candidate, reason, { lie: true, timeProof: shape }, now)
    } else this.#verdicts.giveUp(candidate, reason, now)
  }

  #busy(stage: Job['stage']): boolean {
    return this.#jobs.values().some((job) => job.stage === stage)
  }

  #running(matches: (candidate: Candidate) => boolean): boolean {
    return this.#jobs.values().some((job) => 'candidate' in job && matches(job.candidate))
  }
}

function adopted({ bytes, from }: GivenHeader): NewCandidate {
  return { bytes, purpose: 'head', peer: null, from, range: null, query: null, timeProof: false, timeProofKnown: true }
}
