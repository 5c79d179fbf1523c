/** What a caller waits for: a frame by number, an import, a verdict on bytes. Each gets exactly one answer, unless it is cancelled. */
import type { Millis } from '../platform/machine.ts'
import type { Candidate, NewCandidate, Purpose } from './candidates.ts'
import { type Chain, findingOf } from './chain.ts'
import type { Conversations } from './conversations.ts'
import type { Finding, LightEffect, PeerKey, QueryOutcome, QueryWish, StoredHeader } from './events.ts'
import { Pending } from './pending.ts'
import { PERSIST_TIMEOUT_MILLIS, QUERY_TIMEOUT_MILLIS } from './policy.ts'
import { WIRE_LIMITS } from './wire-limits.ts'

interface Search {
  readonly number: bigint
  readonly tried: Set<PeerKey>
  deadline: Millis
  /** `waiting`: for a peer to ask. */
  stage: 'loading' | 'waiting' | 'asking' | 'verifying'
  /** Why the last header was refused, if any was. */
  refused: Finding | null
}

type Failure = Extract<QueryOutcome, { kind: 'failed' }>['code']

export class Queries {
  readonly #chain: Chain
  readonly #conversations: Conversations
  readonly #host: { emit(effect: LightEffect): void; offer(candidate: NewCandidate, now: Millis): void }
  /** Whether frames that are asked for get their time proof checked. */
  readonly #timeProof: boolean
  readonly #open = new Set<number>()
  readonly #searches = new Map<number, Search>()
  readonly #loads = new Pending<number>()

  constructor(
    chain: Chain,
    conversations: Conversations,
    timeProof: boolean,
    host: { emit(effect: LightEffect): void; offer(candidate: NewCandidate, now: Millis): void },
  ) {
    this.#chain = chain
    this.#conversations = conversations
    this.#timeProof = timeProof
    this.#host = host
  }

  ask(query: number, wish: QueryWish, now: Millis): void {
    this.#open.add(query)
    if (wish.kind === 'check') this.#offer(query, wish.header, 'check', { timeProof: wish.timeProof }, now)
    else if (wish.kind === 'import') this.#offer(query, wish.header, 'import', { timeProof: this.#timeProof }, now)
    else if (wish.kind === 'hint')
      this.#offer(query, wish.header, 'hint', { timeProof: this.#timeProof, from: 'gossip' }, now)
    else {
      const held = this.#chain.get(wish.number)
      if (held?.announced) {
        this.#answer(query, { kind: 'finding', finding: findingOf(held) })
        return
      }
      const deadline = now + QUERY_TIMEOUT_MILLIS
      this.#searches.set(query, { number: wish.number, tried: new Set(), deadline, stage: 'loading', refused: null })
      const load = this.#loads.add(query, now, PERSIST_TIMEOUT_MILLIS)
      this.#host.emit({ kind: 'load', load, number: wish.number })
    }
  }

  loaded(load: number, stored: StoredHeader | null, now: Millis): void {
    const query = this.#loads.take(load)
    const search = query === undefined ? undefined : this.#searches.get(query)
    if (query === undefined || search === undefined) return
    if (stored === null) {
      this.#next(query, search, now)
      return
    }
    search.stage = 'verifying'
    const range = { first: search.number, last: search.number }
    this.#offer(
      query,
      stored.bytes,
      'query',
      { timeProof: this.#timeProof, timeProofKnown: stored.timeProof, range, from: 'the store' },
      now,
    )
  }

  /** A peer answered the question of a search. */
  answered(query: number, peer: PeerKey, from: string, headers: readonly Uint8Array[], now: Millis): void {
    const search = this.#searches.get(query)
    if (search === undefined || search.stage !== 'asking') return
    const header = headers[0]
    if (header === undefined || header.length > WIRE_LIMITS.headerBytes) {
      this.#next(query, search, now)
      return
    }
    search.stage = 'verifying'
    const range = { first: search.number, last: search.number }
    this.#offer(query, header, 'query', { timeProof: this.#timeProof, range, from, peer }, now)
  }

  /** The verdict on a candidate is there. */
  settled(candidate: Candidate, finding: Finding): void {
    if (candidate.query !== null) this.#answer(candidate.query, { kind: 'finding', finding })
  }

  /** A candidate was refused: another peer may do better. True when the query goes on with one. */
  refused(candidate: Candidate, finding: Finding, now: Millis): boolean {
    const { query } = candidate
    if (query === null) return false
    const search = this.#searches.get(query)
    if (search === undefined) {
      this.#answer(query, { kind: 'finding', finding })
      return false
    }
    search.refused = finding
    this.#next(query, search, now)
    return this.#open.has(query)
  }

  tick(now: Millis): void {
    for (const query of this.#loads.expire(now)) {
      const search = this.#searches.get(query)
      if (search) this.#next(query, search, now)
    }
    for (const [query, search] of [...this.#searches]) {
      if (search.stage === 'waiting') this.#next(query, search, now)
      if (search.deadline <= now && search.stage !== 'verifying' && this.#searches.has(query)) this.#end(query, search)
    }
  }

  cancel(query: number): void {
    this.#open.delete(query)
    this.#searches.delete(query)
    this.#loads.drop((other) => other === query)
  }

  fail(query: number, code: Failure, reason: string): void {
    this.#open.add(query)
    this.#answer(query, { kind: 'failed', code, reason })
  }

  close(code: Failure, reason: string): void {
    for (const query of [...this.#open]) this.#answer(query, { kind: 'failed', code, reason })
  }

  forgive(now: Millis): void {
    this.#loads.forgive(now)
    for (const search of this.#searches.values()) search.deadline = now + QUERY_TIMEOUT_MILLIS
  }

  earliest(): Millis {
    let earliest = this.#loads.earliest()
    for (const search of this.#searches.values()) {
      if (search.stage !== 'verifying') earliest = Math.min(earliest, search.deadline)
    }
    return earliest
  }

  /** Asks the next peer; without one it waits, and without one that is left it ends. */
  #next(query: number, search: Search, now: Millis): void {
    const { first, anybody } = this.#conversations.seek(search.number, search.tried)
    if (first !== null) {
      search.tried.add(first)
      search.stage = 'asking'
      search.deadline = now + QUERY_TIMEOUT_MILLIS
      this.#conversations.askFor(first, search.number, query, now)
    } else if (anybody && (search.tried.size > 0 || search.refused !== null)) this.#end(query, search)
    else search.stage = 'waiting'
  }

  #end(query: number, search: Search): void {
    const { refused, number } = search
    if (refused) this.#answer(query, { kind: 'finding', finding: refused })
    else if (search.tried.size > 0) {
      this.#answer(query, { kind: 'failed', code: 'notFound', reason: `No connected node has frame ${number}.` })
    } else {
      const reason =
        `No node could be asked for frame ${number}. ${this.#conversations.peers.lastReason() ?? ''}`.trim()
      this.#answer(query, { kind: 'failed', code: 'noPeers', reason })
    }
  }

  #offer(
    query: number,
    bytes: Uint8Array,
    purpose: Purpose,
    more: Partial<Pick<NewCandidate, 'timeProof' | 'timeProofKnown' | 'range' | 'from' | 'peer'>>,
    now: Millis,
  ): void {
    const { timeProof = false, timeProofKnown = false, range = null, from = 'the caller', peer = null } = more
    this.#host.offer({ bytes, purpose, peer, from, range, query, timeProof, timeProofKnown }, now)
  }

  #answer(query: number, outcome: QueryOutcome): void {
    if (!this.#open.delete(query)) return
    this.#searches.delete(query)
    this.#loads.drop((other) => other === query)
    this.#host.emit({ kind: 'answer', query, outcome })
  }
}
