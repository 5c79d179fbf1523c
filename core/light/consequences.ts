/** What follows for the light client from what was decided about a header: whom to believe, what to keep, what to tell. */
import type { Check } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import { type Chain, type Frame, findingOf } from './chain.ts'
import type { Conversations } from './conversations.ts'
import type { LightEffect, StoredEvidence } from './events.ts'
import type { Judge } from './judge.ts'
import type { Queries } from './queries.ts'
import type { Ruling } from './rulings.ts'
import type { Halt } from './status.ts'
import type { Storing } from './storing.ts'
import type { Telling } from './telling.ts'
import type { Work } from './work.ts'

export interface ConsequencesParts {
  readonly chain: Chain
  readonly judge: Judge
  readonly conversations: Conversations
  readonly queries: Queries
  readonly storing: Storing
  readonly telling: Telling
  readonly work: Work
  emit(effect: LightEffect): void
  stopFor(halt: Halt): void
  /** Two certified frames exclude each other. */
  equivocated(evidence: StoredEvidence, now: Millis): void
}

export class Consequences {
  readonly #parts: ConsequencesParts
  /** When the newest frame was verified. */
  lastAdvanceAt: Millis = 0
  /** Newest frame that was refused and is above everything verified. */
  steppedOver: { readonly number: bigint; readonly reason: string } | null = null

  constructor(parts: ConsequencesParts) {
    this.#parts = parts
  }

  apply(ruling: Ruling, now: Millis): void {
    switch (ruling.kind) {
      case 'accepted': {
        const { candidate, frame } = ruling
        this.#parts.conversations.offers(candidate.peer, frame.number)
        this.#parts.conversations.peers.praise(candidate.peer)
        if (frame === this.#parts.chain.newest) {
          if (candidate.purpose !== 'stored') this.lastAdvanceAt = now
          if (this.steppedOver && this.steppedOver.number <= frame.number) this.steppedOver = null
        }
        const isStored = candidate.purpose === 'stored' && candidate.timeProofKnown === (frame.timeProof !== null)
        if (isStored) this.#parts.storing.kept(frame)
        else this.#parts.emit(this.#parts.storing.put(frame, now))
        this.#parts.queries.settled(candidate, findingOf(frame))
        return
      }
      case 'known':
        this.#parts.conversations.offers(ruling.candidate.peer, ruling.frame.number)
        this.#parts.conversations.peers.works(ruling.candidate.peer)
        this.#parts.queries.settled(ruling.candidate, findingOf(ruling.frame))
        return
      case 'behind':
        this.#parts.conversations.offers(ruling.candidate.peer, ruling.candidate.facts?.number ?? null)
        return
      case 'judged': {
        const { candidate, finding } = ruling
        // not verified for want of its committee: another peer may have another header of that number
        if (candidate.purpose === 'query' && finding.verified === false)
          this.#parts.queries.refused(candidate, finding, now)
        else this.#parts.queries.settled(candidate, finding)
        return
      }
      case 'refused':
        this.#refused(ruling, now)
        return
      case 'timeProof':
        this.#timeProved(ruling.frame, ruling.check, now)
        return
      case 'equivocation':
        this.#parts.equivocated(ruling.evidence, now)
        return
      case 'unusable': {
        const { cause, reason } = ruling
        if (cause === 'anchors') {
          const next = 'Get anchors for this network from a source you trust.'
          this.#parts.stopFor({ cause, reason: `The committee of the anchors cannot be used: ${reason}.`, next })
        } else {
          const next =
            'Allow WebAssembly on this page (Content-Security-Policy: wasm-unsafe-eval), or use another browser.'
          this.#parts.stopFor({ cause, reason: `Nothing can be verified here: ${reason}.`, next })
        }
      }
    }
  }

  #refused(ruling: Extract<Ruling, { kind: 'refused' }>, now: Millis): void {
    const { candidate, finding, lie } = ruling
    const number = candidate.facts?.number ?? null
    const reason = finding.reason ?? 'refused'
    if (candidate.query === null && !ruling.again) {
      this.#parts.work.refusal(now)
      this.#parts.emit({ kind: 'refusal', frame: number, from: candidate.from, reason, checks: finding.checks })
    }
    if (candidate.purpose === 'stored') {
      if (number !== null) this.#parts.emit(this.#parts.storing.remove(number, now))
      return
    }
    if (candidate.query !== null) {
      if (!this.#parts.queries.refused(candidate, finding, now)) {
        this.#parts.work.refusal(now)
        this.#parts.emit({ kind: 'refusal', frame: number, from: candidate.from, reason, checks: finding.checks })
      }
    }
    if (lie && candidate.peer !== null) {
      this.#parts.conversations.leave(candidate.peer, `frame ${number ?? 'without number'} refused: ${reason}`, now)
      return
    }
    // A hint says nothing of what nodes serve: there is nothing to step over.
    if (candidate.purpose === 'hint') return
    if (ruling.undecided && candidate.range) this.#parts.conversations.mayAskAgain(candidate.range)
    if (number === null || number <= this.#parts.chain.height) return
    if (ruling.forks) this.#parts.conversations.probe(candidate.peer, this.#parts.chain.height, now)
    else {
      if (this.steppedOver === null || number > this.steppedOver.number) this.steppedOver = { number, reason }
      this.#parts.conversations.stepBelow(candidate.peer, number, now)
    }
  }

  #timeProved(frame: Frame, check: Check, now: Millis): void {
    const held = this.#parts.chain.get(frame.number) === frame
    if (check.ok) frame.timeProof = check
    if (held && check.ok) this.#parts.emit(this.#parts.storing.put(frame, now))
    else if (held) this.#takeBack(frame, check, now)
    this.#parts.judge.proofDecided(now)
  }

  /**
   * A certificate covers identity and rank, not the number nor the other fields: whoever sent this frame changed them, or its committee
   * certified a false proof. It is not shown as verified any longer, and everybody is asked for the newest frame again.
   */
  #takeBack(frame: Frame, check: Check, now: Millis): void {
    const reason = check.reason ?? 'the time proof is false'
    this.#parts.chain.remove(frame.number)
    this.#parts.judge.condemn(frame, reason)
    this.#parts.work.refusal(now)
    const checks = [...frame.certificate.checks, check]
    this.#parts.emit({ kind: 'refusal', frame: frame.number, from: frame.from ?? 'the store', reason, checks })
    this.#parts.emit(this.#parts.storing.remove(frame.number, now))
    if (frame.peer !== null)
      this.#parts.conversations.leave(frame.peer, `frame ${frame.number} refused: ${reason}`, now)
    this.#parts.telling.takeBack(frame)
    this.#parts.conversations.askHeads(now)
  }
}
