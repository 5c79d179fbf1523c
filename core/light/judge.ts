/**
 * From bytes to verdicts: facts, place in the chain, certificate, time proof (spec 11 sections 4.4 and 8.3). Cheap checks come first, the
 * time proof last; one job of each kind runs at a time. What was decided is a `Ruling`; what follows from it is decided elsewhere.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { CertificateVerdict, Check, HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import { type Candidate, Candidates, digestOf, type NewCandidate, Refused } from './candidates.ts'
import type { Chain, Frame } from './chain.ts'
import type { Committees } from './committees.ts'
import type { CommitteePoint, FollowFailure, LightEffect, Task, TaskResult } from './events.ts'
import { equivocation } from './evidence.ts'
import { failedTimeProof, findingOfCandidate } from './finding.ts'
import { NO_ROOT } from './follow-registry-types.ts'
import { Pending } from './pending.ts'
import { JOB_TIMEOUT_MILLIS, OPEN_ATTEMPTS } from './policy.ts'
import type { Ruling } from './rulings.ts'
import type { TimeProofs } from './time-proofs.ts'
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
  readonly #refused = new Refused()
  readonly #jobs = new Pending<Job>()
  /** Candidates that need their time proof before they are decided. */
  #awaitingTimeProof: Candidate[] = []
  /** Candidates that wait for the time proof of a frame that is held, because only one of both can be right. */
  #contested: { readonly candidate: Candidate; readonly timeProof: Check | null }[] = []
  /** The pinned committee. */
  #committee: 'closed' | 'opening' | 'open' = 'closed'
  #openAttempts = 0
  #rulings: Ruling[] = []

  constructor(chain: Chain, committees: Committees, timeProofs: TimeProofs, work: Work) {
    this.#chain = chain
    this.#committees = committees
    this.#timeProofs = timeProofs
    this.#work = work
  }

  get ready(): boolean {
    return this.#committees.pinned ? this.#committee === 'open' : this.#committees.point !== null
  }

  /** Takes a header in. One that was refused before, or is waiting, is not looked at again. */
  offer(offered: NewCandidate, now: Millis): void {
    const candidate = this.#candidates.add(offered)
    if (candidate.query === null) {
      const before = this.#refused.get(candidate.digest)
      if (before !== undefined) {
        this.#candidates.drop((c) => c === candidate)
        candidate.facts = before.facts
        this.#refuse(candidate, before.reason, { lie: before.lie, again: true }, now)
        return
      }
      const twin = (c: Candidate) => c !== candidate && c.digest === candidate.digest && c.peer === candidate.peer
      if (this.#candidates.some(twin) || this.#running(twin) || this.#committees.some(twin))
        this.#candidates.drop((c) => c === candidate)
    }
    for (const gone of this.#candidates.shed()) this.#giveUp(gone, 'too much arrived at once', now)
  }

  /** Whether something that matches is still to be decided, or waits for its committee. */
  undecided(matches: (candidate: Candidate) => boolean): boolean {
    return this.deciding(matches) || this.#committees.some(matches)
  }

  /** Whether something that matches is being decided here. */
  deciding(matches: (candidate: Candidate) => boolean): boolean {
    const contested = this.#contested.some(({ candidate }) => matches(candidate))
    return (
      contested || this.#candidates.some(matches) || this.#awaitingTimeProof.some(matches) || this.#running(matches)
    )
  }

  /** Forgets what matches, for instance all that a dropped peer sent. */
  forget(matches: (candidate: Candidate) => boolean): readonly LightEffect[] {
    this.#candidates.drop(matches)
    this.#committees.drop(matches)
    this.#awaitingTimeProof = this.#awaitingTimeProof.filter((c) => !matches(c))
    this.#contested = this.#contested.filter(({ candidate }) => !matches(candidate))
    const dropped = this.#jobs.drop((job) => 'candidate' in job && matches(job.candidate))
    return dropped.map((job): LightEffect => ({ kind: 'cancel', job }))
  }

  /** Stops everything. */
  close(): readonly LightEffect[] {
    this.#timeProofs.clear()
    this.#candidates.drop(() => true)
    this.#committees.drop(() => true)
    this.#awaitingTimeProof = []
    this.#contested = []
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
      const candidate = this.#awaitingTimeProof.shift()
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
      this.#certified(job.candidate, result.verdict, now)
    } else if (job.stage === 'timeProof' && result.kind === 'timeProof') {
      this.#work.timeProof(result.check.millis ?? 0, now)
      if ('frame' in job) this.#rulings.push({ kind: 'timeProof', frame: job.frame, check: result.check })
      else this.#conclude(job.candidate, result.check, now)
    } else this.#failed(job, 'crashed', `the engine answered ${result.kind} to ${job.stage}`, now)
  }

  /** Gives up jobs that nobody answered. */
  expire(now: Millis): void {
    for (const candidate of this.#committees.expire(now)) this.#withoutCommittee(candidate, now)
    for (const job of this.#jobs.expire(now)) this.#failed(job, 'crashed', 'the engine did not answer', now)
  }

  forgive(now: Millis): void {
    this.#jobs.forgive(now)
  }

  earliest(): Millis {
    return this.#jobs.earliest()
  }

  /** The time proof of a held frame was decided, and the chain with it: whoever waited for that is looked at again. */
  proofDecided(now: Millis): void {
    const waiting = this.#contested
    this.#contested = []
    for (const { candidate, timeProof } of waiting) this.#conclude(candidate, timeProof, now)
  }

  /** A frame turned out to be wrong: its bytes are not taken again. */
  condemn(frame: Frame, reason: string): void {
    this.#refused.add(digestOf(frame.bytes), { lie: true, reason, facts: frame.facts })
  }

  /** What was decided since the last call. */
  takeRulings(): readonly Ruling[] {
    const rulings = this.#rulings
    this.#rulings = []
    return rulings
  }

  /** The next candidate for a certificate check, without those that were decided while they waited, for instance twins. */
  #nextUndecided(now: Millis): Candidate | undefined {
    for (;;) {
      const candidate = this.#candidates.nextPlaced()
      if (candidate?.facts == null) return candidate
      const before = candidate.query === null ? this.#refused.get(candidate.digest) : undefined
      const place = this.#chain.place(candidate.facts)
      if (before !== undefined) this.#refuse(candidate, before.reason, { lie: before.lie, again: true }, now)
      else if (candidate.query === null && place.kind === 'known')
        this.#rulings.push({ kind: 'known', candidate, frame: place.frame })
      else if (this.#committees.knows(candidate.facts)) return candidate
      else this.#toCertificate(candidate, candidate.facts, now)
    }
  }

  /** Where following the registry came to: what waited for it is decided, or known to be undecidable. */
  followed(id: number, point: CommitteePoint | null, failure: FollowFailure | null, now: Millis): void {
    const { ready, over, failed } = this.#committees.followed(id, point, failure, now)
    for (const candidate of ready) this.#candidates.placed(candidate)
    for (const candidate of over) this.#withoutCommittee(candidate, now)
    if (failed === null) return
    const { verdict, reason } = failed.failure
    if (verdict === 'open') this.#withoutCommittee(failed.candidate, now, reason)
    else {
      // only for lack of a quorum it is refused again wherever the client is
      const lie = verdict !== 'quorum'
      const told = verdict === 'useless' ? `${reason}; frames of other nodes verify` : reason
      this.#refuse(failed.candidate, told, { lie, keep: !lie }, now)
    }
  }

  /** To the certificate if the committee of the header is known; else it waits for that, or is given back undecided. */
  #toCertificate(candidate: Candidate, facts: HeaderFacts, now: Millis): void {
    if (this.#committees.knows(facts)) {
      this.#candidates.placed(candidate)
      return
    }
    const displaced = this.#committees.park(candidate, facts, now)
    if (displaced === null) this.#withoutCommittee(candidate, now)
    else for (const gone of displaced) this.#withoutCommittee(gone, now)
  }

  /** Nothing is said for or against a header whose committee is not known. */
  #withoutCommittee(candidate: Candidate, now: Millis, why = this.#committees.reason): void {
    const rootless = candidate.facts?.proverTreeCommitment.length === 0
    const reason = rootless
      ? NO_ROOT
      : `the committee of its registry is not known here${why === null ? '' : ` (${why})`}`
    if (candidate.query !== null) {
      const unknown: Check = { name: 'committee', ok: false, reason, section: '11 section 8.4', millis: null }
      this.#rulings.push({ kind: 'judged', candidate, finding: findingOfCandidate(candidate, unknown, now) })
    } else if (rootless) this.#refuse(candidate, reason, { lie: false, keep: false }, now)
    else this.#rulings.push({ kind: 'behind', candidate })
  }

  #inspected(candidate: Candidate, facts: HeaderFacts, now: Millis): void {
    candidate.facts = facts
    const { range } = candidate
    if (range && (facts.number < range.first || facts.number > range.last)) {
      const reason = `asked for frames ${range.first} to ${range.last}, got ${facts.number}`
      this.#refuse(candidate, reason, { lie: true, keep: false }, now)
      return
    }
    if (candidate.purpose === 'check') {
      this.#toCertificate(candidate, facts, now)
      return
    }
    const place = this.#chain.place(facts)
    candidate.links = this.#chain.links(facts)
    if (this.#isOtherCopy(candidate)) this.#toCertificate(candidate, facts, now)
    else if (place.kind === 'known') this.#rulings.push({ kind: 'known', candidate, frame: place.frame })
    else if (place.kind === 'conflict' || this.#chain.unprovenOpponents(facts).length > 0)
      this.#toCertificate(candidate, facts, now)
    else if (this.#refuseUnlinked(candidate, now)) return
    else if (place.kind === 'old' && candidate.query === null) this.#rulings.push({ kind: 'behind', candidate })
    else this.#toCertificate(candidate, facts, now)
  }

  /** What speaks against the candidate is proven. If the candidate is too, the peer did not lie. */
  #refuseUnlinked(candidate: Candidate, now: Millis, proven = false): boolean {
    const failed = candidate.links.find((check) => !check.ok)
    if (failed === undefined || candidate.facts === null) return false
    const { number } = candidate.facts
    const forks = failed.name === 'link' && number === this.#chain.height + 1n && this.#chain.newest !== null
    const held = failed.name === 'link' && number < this.#chain.height && number > this.#chain.checkpoint.number
    this.#refuse(candidate, failed.reason ?? failed.name, { lie: !forks && !held && !proven, forks, keep: false }, now)
    return true
  }

  #certified(candidate: Candidate, verdict: CertificateVerdict, now: Millis): void {
    const { facts } = candidate
    if (facts === null) return
    candidate.certificate = verdict
    this.#work.certificate(verdict.millis, now)
    if (candidate.purpose === 'check') {
      if (candidate.timeProof) this.#awaitingTimeProof.push(candidate)
      else this.#conclude(candidate, null, now)
      return
    }
    if (!verdict.valid) {
      const failed = verdict.checks.filter((check) => !check.ok)
      const lie = failed.some((check) => check.name !== 'quorum')
      this.#refuse(candidate, failed[0]?.reason ?? 'the certificate is not valid', { lie }, now)
      return
    }
    const place = this.#chain.place(facts)
    const contested = place.kind === 'conflict' || this.#chain.links(facts).some((check) => !check.ok)
    const wanted = (candidate.query !== null && candidate.timeProof) || this.#isOtherCopy(candidate)
    if (place.kind === 'conflict' && place.grounds === 'rank') this.#equivocated(candidate, place.frame, now)
    else if ((contested || wanted) && !candidate.timeProofKnown) this.#awaitingTimeProof.push(candidate)
    else this.#conclude(candidate, null, now)
  }

  /** Everything that was asked for is known. */
  #conclude(candidate: Candidate, timeProof: Check | null, now: Millis): void {
    const { facts, certificate } = candidate
    if (facts === null || certificate === null) return
    const place = this.#chain.place(facts)
    if (candidate.purpose === 'check') {
      const finding = findingOfCandidate(candidate, timeProof, now)
      this.#rulings.push({ kind: 'judged', candidate, finding })
      const rival =
        place.kind === 'conflict' && (place.grounds === 'rank' ? certificate.valid : finding.verified === 'full')
      if (rival && place.frame.timeProof !== null) this.#equivocated(candidate, place.frame, now)
      return
    }
    candidate.links = this.#chain.links(facts)
    if (timeProof?.ok === false) {
      this.#refuse(candidate, timeProof.reason ?? 'the time proof is false', { lie: true, timeProof }, now)
      return
    }
    if (place.kind === 'known') {
      const { frame } = place
      const differs = !sameBytes(candidate.bytes, frame.bytes)
      // One of two copies is proven: the other, which is held, has to be too before it may stand for both.
      if (timeProof && differs && frame.timeProof === null) {
        this.#contest(candidate, timeProof, [frame])
        return
      }
      if (timeProof && !differs) frame.timeProof ??= timeProof
      this.#rulings.push({ kind: 'known', candidate, frame })
      return
    }
    const opponents = this.#chain.unprovenOpponents(facts)
    if (opponents.length > 0) {
      this.#contest(candidate, timeProof, opponents)
      return
    }
    const proven = timeProof !== null || candidate.timeProofKnown
    if (place.kind === 'conflict') {
      if (place.grounds === 'rank' || (place.grounds === 'number' && proven))
        this.#equivocated(candidate, place.frame, now)
      else if (!proven) this.#awaitingTimeProof.push(candidate)
      else this.#refuse(candidate, `frame ${place.frame.number} has the same output`, { lie: false }, now)
      return
    }
    if (this.#refuseUnlinked(candidate, now, proven)) return
    if (place.kind === 'old') {
      this.#rulings.push({ kind: 'judged', candidate, finding: findingOfCandidate(candidate, timeProof, now) })
      return
    }
    const frame: Frame = {
      number: facts.number,
      identity: bytesToHex(facts.identity),
      facts,
      bytes: candidate.bytes,
      certificate,
      links: candidate.links,
      from: candidate.purpose === 'stored' || candidate.purpose === 'import' ? null : candidate.from,
      peer: candidate.peer,
      verifiedAt: now,
      timeProof: candidate.timeProofKnown ? 'known' : timeProof,
      announced: false,
    }
    this.#chain.add(frame)
    this.#committees.accepted()
    this.#timeProofs.consider(
      frame,
      candidate.links.some((check) => check.name === 'link'),
    )
    this.#rulings.push({ kind: 'accepted', candidate, frame })
  }

  /** The candidate waits for the time proofs of frames that are held. */
  #contest(candidate: Candidate, timeProof: Check | null, opponents: readonly Frame[]): void {
    this.#contested.push({ candidate, timeProof })
    for (const frame of opponents) if (!this.#proving(frame)) this.#timeProofs.demand(frame)
  }

  /**
   * An imported header with identity and number of a frame that is held, and other bytes: another certificate of that frame, or a damaged file. The
   * verdict on the frame says nothing about it.
   */
  #isOtherCopy({ purpose, facts, bytes }: Candidate): boolean {
    if (purpose !== 'import' || facts === null) return false
    const place = this.#chain.place(facts)
    return place.kind === 'known' && !sameBytes(bytes, place.frame.bytes)
  }

  #equivocated(candidate: Candidate, frame: Frame, now: Millis): void {
    const { bytes, facts, certificate } = candidate
    if (facts === null || certificate === null) return
    this.#rulings.push({ kind: 'equivocation', evidence: equivocation(frame, { bytes, facts, certificate }, now) })
  }

  #failed(job: Job, code: string, reason: string, now: Millis): void {
    if (job.stage === 'open') {
      this.#committee = 'closed'
      if (code === 'crashed' && ++this.#openAttempts < OPEN_ATTEMPTS) return
      const cause = code === 'decode' || code === 'arguments' ? 'anchors' : 'engine'
      this.#rulings.push({ kind: 'unusable', cause, reason })
      return
    }
    if (code === 'unavailable') this.#rulings.push({ kind: 'unusable', cause: 'engine', reason })
    if ('frame' in job) {
      if (code === 'decode') this.#rulings.push({ kind: 'timeProof', frame: job.frame, check: failedTimeProof(reason) })
      else for (const { candidate } of this.#contested.splice(0)) this.#giveUp(candidate, reason, now)
      return
    }
    const { candidate } = job
    if (code === 'decode') {
      const shape: Check = { name: 'shape', ok: false, reason, section: '11 section 4', millis: null }
      if (candidate.purpose === 'check') {
        const finding = findingOfCandidate(candidate, job.stage === 'timeProof' ? failedTimeProof(reason) : shape, now)
        this.#rulings.push({ kind: 'judged', candidate, finding })
      } else this.#refuse(candidate, reason, { lie: true, timeProof: shape }, now)
    } else this.#giveUp(candidate, reason, now)
  }

  /** No verdict: nobody is to blame, and the header may be tried again. */
  #giveUp(candidate: Candidate, reason: string, now: Millis): void {
    this.#refuse(candidate, `not verified: ${reason}`, { lie: false, keep: false, undecided: true }, now)
  }

  #refuse(
    candidate: Candidate,
    reason: string,
    how: {
      readonly lie: boolean
      readonly forks?: boolean
      /** Remember the bytes: false where the verdict depends on more than them. */
      readonly keep?: boolean
      readonly undecided?: boolean
      readonly again?: boolean
      readonly timeProof?: Check
    },
    now: Millis,
  ): void {
    if (how.keep !== false && candidate.purpose !== 'check') {
      this.#refused.add(candidate.digest, { lie: how.lie, reason, facts: candidate.facts })
    }
    const finding = { ...findingOfCandidate(candidate, how.timeProof ?? null, now), verified: false as const, reason }
    const { lie, forks = false, again = false, undecided = false } = how
    this.#rulings.push({ kind: 'refused', candidate, lie, forks, again, undecided, finding })
  }

  #busy(stage: Job['stage']): boolean {
    return this.#jobs.values().some((job) => job.stage === stage)
  }

  #proving(frame: Frame): boolean {
    return this.#jobs.values().some((job) => 'frame' in job && job.frame === frame)
  }

  #running(matches: (candidate: Candidate) => boolean): boolean {
    return this.#jobs.values().some((job) => 'candidate' in job && matches(job.candidate))
  }
}
