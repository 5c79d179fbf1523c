/**
 * What is found about a header, and what that means beside the frames that are held (spec 11 sections 4.4 and 8.3). Frames that exclude each other are
 * decided by their time proofs; two that are proven are evidence.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { CertificateVerdict, Check } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import { type Candidate, digestOf, Refused } from './candidates.ts'
import type { Chain, Frame } from './chain.ts'
import type { Committees } from './committees.ts'
import { equivocation } from './evidence.ts'
import { findingOfCandidate } from './finding.ts'
import { NO_ROOT } from './follow-registry-types.ts'
import type { Ruling } from './rulings.ts'
import type { TimeProofs } from './time-proofs.ts'
import type { Work } from './work.ts'

/** Headers that are remembered until a rival of theirs is held, one of each sender: as many as there can be peers. */
const MOST_UNLINKED = 16

export interface VerdictsParts {
  readonly chain: Chain
  readonly committees: Committees
  readonly timeProofs: TimeProofs
  readonly work: Work
  /** Whether the time proof of that frame is being checked. */
  proving(frame: Frame): boolean
}

export class Verdicts {
  readonly #parts: VerdictsParts
  readonly refused = new Refused()
  /** Candidates that need their time proof before they are decided. */
  awaitingTimeProof: Candidate[] = []
  /** Candidates that wait for the time proof of a frame that is held, because only one of both can be right. */
  #contested: { readonly candidate: Candidate; readonly timeProof: Check | null }[] = []
  /** Refused because a frame that is held does not link to them, where no frame of their number is held: one that comes is their rival. */
  #unlinked: Candidate[] = []
  /** Of those, the ones whose rival is held now. */
  #met: Candidate[] = []
  #rulings: Ruling[] = []

  constructor(parts: VerdictsParts) {
    this.#parts = parts
  }

  /** Whether something that matches waits here for a time proof. */
  some(matches: (candidate: Candidate) => boolean): boolean {
    return this.#contested.some(({ candidate }) => matches(candidate)) || this.awaitingTimeProof.some(matches)
  }

  drop(matches: (candidate: Candidate) => boolean): void {
    this.awaitingTimeProof = this.awaitingTimeProof.filter((c) => !matches(c))
    this.#contested = this.#contested.filter(({ candidate }) => !matches(candidate))
    // These need nobody to be judged: whoever sent them may be gone, and is not to blame.
    const ownerless = (c: Candidate) => (matches(c) ? { ...c, peer: null } : c)
    this.#unlinked = this.#unlinked.map(ownerless)
    this.#met = this.#met.map(ownerless)
  }

  close(): void {
    this.drop(() => true)
    this.#unlinked = []
    this.#met = []
  }

  /** Candidates that were refused and are to be looked at again, since the last call. */
  takeMet(): readonly Candidate[] {
    return this.#met.splice(0)
  }

  rule(ruling: Ruling): void {
    this.#rulings.push(ruling)
  }

  /** No time proof of a held frame can be had: what waits for one is undecided. */
  giveUpContested(reason: string, now: Millis): void {
    for (const { candidate } of this.#contested.splice(0)) this.giveUp(candidate, reason, now)
  }

  /** The time proof of a held frame was decided, and the chain with it: whoever waited for that is looked at again. */
  proofDecided(now: Millis): void {
    const waiting = this.#contested
    this.#contested = []
    for (const { candidate, timeProof } of waiting) this.conclude(candidate, timeProof, now)
  }

  /** A frame turned out to be wrong: its bytes are not taken again. */
  condemn(frame: Frame, reason: string): void {
    this.refused.add(digestOf(frame.bytes), { lie: true, reason, facts: frame.facts })
  }

  /** What was decided since the last call. */
  takeRulings(): readonly Ruling[] {
    const rulings = this.#rulings
    this.#rulings = []
    return rulings
  }

  certified(candidate: Candidate, verdict: CertificateVerdict, now: Millis): void {
    const { facts } = candidate
    if (facts === null) return
    candidate.certificate = verdict
    this.#parts.work.certificate(verdict.millis, now)
    if (candidate.purpose === 'check') {
      if (candidate.timeProof) this.awaitingTimeProof.push(candidate)
      else this.conclude(candidate, null, now)
      return
    }
    if (!verdict.valid) {
      const failed = verdict.checks.filter((check) => !check.ok)
      const lie = failed.some((check) => check.name !== 'quorum')
      this.refuse(candidate, failed[0]?.reason ?? 'the certificate is not valid', { lie }, now)
      return
    }
    const place = this.#parts.chain.place(facts)
    const contested = place.kind === 'conflict' || this.#parts.chain.links(facts).some((check) => !check.ok)
    const wanted = (candidate.query !== null && candidate.timeProof) || this.isOtherCopy(candidate)
    if (place.kind === 'conflict' && place.grounds === 'rank') this.#equivocated(candidate, place.frame, now)
    else if ((contested || wanted) && !candidate.timeProofKnown) this.awaitingTimeProof.push(candidate)
    else this.conclude(candidate, null, now)
  }

  /** Everything that was asked for is known. */
  conclude(candidate: Candidate, timeProof: Check | null, now: Millis): void {
    const { facts, certificate } = candidate
    if (facts === null || certificate === null) return
    const place = this.#parts.chain.place(facts)
    if (candidate.purpose === 'check') {
      const finding = findingOfCandidate(candidate, timeProof, now)
      this.#rulings.push({ kind: 'judged', candidate, finding })
      const rival =
        place.kind === 'conflict' && (place.grounds === 'rank' ? certificate.valid : finding.verified === 'full')
      if (rival && place.frame.timeProof !== null) this.#equivocated(candidate, place.frame, now)
      return
    }
    candidate.links = this.#parts.chain.links(facts)
    if (timeProof?.ok === false) {
      this.refuse(candidate, timeProof.reason ?? 'the time proof is false', { lie: true, timeProof }, now)
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
    const opponents = this.#parts.chain.unprovenOpponents(facts)
    if (opponents.length > 0) {
      this.#contest(candidate, timeProof, opponents)
      return
    }
    const proven = timeProof !== null || candidate.timeProofKnown
    if (place.kind === 'conflict') {
      if (place.grounds === 'rank' || (place.grounds === 'number' && proven))
        this.#equivocated(candidate, place.frame, now)
      else if (!proven) this.awaitingTimeProof.push(candidate)
      else this.refuse(candidate, `frame ${place.frame.number} has the same output`, { lie: false }, now)
      return
    }
    if (this.refuseUnlinked(candidate, now, proven)) return
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
    this.#parts.chain.add(frame)
    this.#meet(frame)
    if (this.#parts.chain.newest === frame && candidate.purpose !== 'stored') this.#parts.committees.advanced()
    this.#parts.timeProofs.consider(
      frame,
      candidate.links.some((check) => check.name === 'link'),
    )
    this.#rulings.push({ kind: 'accepted', candidate, frame })
  }

  /** The candidate waits for the time proofs of frames that are held. */
  #contest(candidate: Candidate, timeProof: Check | null, opponents: readonly Frame[]): void {
    this.#contested.push({ candidate, timeProof })
    for (const frame of opponents) if (!this.#parts.proving(frame)) this.#parts.timeProofs.demand(frame)
  }

  /**
   * An imported header with identity and number of a frame that is held, and other bytes: another certificate of that frame, or a damaged file. The
   * verdict on the frame says nothing about it.
   */
  isOtherCopy({ purpose, facts, bytes }: Candidate): boolean {
    if (purpose !== 'import' || facts === null) return false
    const place = this.#parts.chain.place(facts)
    return place.kind === 'known' && !sameBytes(bytes, place.frame.bytes)
  }

  #equivocated(candidate: Candidate, frame: Frame, now: Millis): void {
    const { bytes, facts, certificate } = candidate
    if (facts === null || certificate === null) return
    this.#rulings.push({ kind: 'equivocation', evidence: equivocation(frame, { bytes, facts, certificate }, now) })
  }

  #meet(frame: Frame): void {
    const isRival = ({ facts }: Candidate) => facts?.number === frame.number
    this.#met.push(...this.#unlinked.filter(isRival))
    this.#unlinked = this.#unlinked.filter((candidate) => !isRival(candidate))
  }

  /** What speaks against the candidate is proven. If the candidate is too, the peer did not lie. */
  refuseUnlinked(candidate: Candidate, now: Millis, proven = false): boolean {
    const failed = candidate.links.find((check) => !check.ok)
    if (failed === undefined || candidate.facts === null) return false
    const { number } = candidate.facts
    const forks =
      failed.name === 'link' && number === this.#parts.chain.height + 1n && this.#parts.chain.newest !== null
    const held =
      failed.name === 'link' && number < this.#parts.chain.height && number > this.#parts.chain.checkpoint.number
    if (held && candidate.query === null && this.#parts.chain.get(number) === undefined) {
      // A sender can displace only what it sent itself.
      const others = this.#unlinked.filter((c) => c.digest !== candidate.digest && c.from !== candidate.from)
      this.#unlinked = [...others, candidate].slice(-MOST_UNLINKED)
    }
    this.refuse(candidate, failed.reason ?? failed.name, { lie: !forks && !held && !proven, forks, keep: false }, now)
    return true
  }

  /** Nothing is said for or against a header whose committee is not known. */
  withoutCommittee(candidate: Candidate, now: Millis, why = this.#parts.committees.reason): void {
    const rootless = candidate.facts?.proverTreeCommitment.length === 0
    const reason = rootless
      ? NO_ROOT
      : `the committee of its registry is not known here${why === null ? '' : ` (${why})`}`
    if (candidate.query !== null) {
      const unknown: Check = { name: 'committee', ok: false, reason, section: '11 section 8.4', millis: null }
      this.#rulings.push({ kind: 'judged', candidate, finding: findingOfCandidate(candidate, unknown, now) })
    } else if (rootless) this.refuse(candidate, reason, { lie: false, keep: false }, now)
    else this.#rulings.push({ kind: 'behind', candidate })
  }

  /** No verdict: nobody is to blame, and the header may be tried again. */
  giveUp(candidate: Candidate, reason: string, now: Millis): void {
    this.refuse(candidate, `not verified: ${reason}`, { lie: false, keep: false, undecided: true }, now)
  }

  refuse(
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
      this.refused.add(candidate.digest, { lie: how.lie, reason, facts: candidate.facts })
    }
    const finding = { ...findingOfCandidate(candidate, how.timeProof ?? null, now), verified: false as const, reason }
    const { lie, forks = false, again = false, undecided = false } = how
    this.#rulings.push({ kind: 'refused', candidate, lie, forks, again, undecided, finding })
  }
}
