/** Talk with peers: dial, hello, head, subscription, ranges; who is asked what, and who is left. */
import type { Millis } from '../platform/machine.ts'
import type { PeerErrorCode } from '../platform/network.ts'
import type { NewCandidate, Purpose } from './candidates.ts'
import type { Chain } from './chain.ts'
import type { LightConfig, LightEffect, LightEvent, PeerKey, Question } from './events.ts'
import { type Connection, PeerBook } from './peers.ts'
import { Pending } from './pending.ts'
import * as policy from './policy.ts'
import { WIRE_LIMITS } from './wire-limits.ts'

type Why = 'hello' | 'head' | 'fill' | 'step' | 'probe' | 'query'

interface Ask {
  readonly peer: PeerKey
  readonly why: Why
  readonly range: { readonly first: bigint; readonly last: bigint } | null
  readonly query: number | null
}

interface Host {
  emit(effect: LightEffect): void
  /** Forget what that peer sent. */
  forget(peer: PeerKey): void
  offer(candidate: NewCandidate, now: Millis): void
  /** Headers for a query; none when that peer cannot help. */
  queryAnswered(query: number, peer: PeerKey, from: string, headers: readonly Uint8Array[], now: Millis): void
}

type PeerEvent = Extract<LightEvent, { kind: 'connected' | 'dialFailed' | 'disconnected' | 'announced' | 'answered' }>

export class Conversations {
  readonly peers: PeerBook
  readonly #config: LightConfig
  readonly #chain: Chain
  readonly #host: Host
  readonly #asks = new Pending<Ask>()
  /** Peers that were asked for a missing number and do not have it. */
  readonly #tried = new Map<bigint, Set<PeerKey>>()
  #dialsFrom: Millis = Number.NEGATIVE_INFINITY

  constructor(config: LightConfig, chain: Chain, host: Host) {
    this.#config = config
    this.#chain = chain
    this.#host = host
    this.peers = new PeerBook(config.description.addresses)
  }

  handle(event: PeerEvent, now: Millis): void {
    if (event.kind === 'answered') {
      this.#answered(event, now)
      return
    }
    const connection = this.peers.get(event.peer)
    if (connection === undefined) {
      if (event.kind === 'connected') this.#host.emit({ kind: 'hangUp', peer: event.peer })
      return
    }
    switch (event.kind) {
      case 'connected':
        if (connection.stage !== 'dialing') return
        connection.id = event.id
        connection.transport = event.transport
        connection.stage = 'greeting'
        this.#ask(connection, 'hello', { kind: 'hello' }, now)
        return
      case 'dialFailed':
        this.#lose(connection.key, false, event.reason, now)
        return
      case 'disconnected':
        this.#lose(connection.key, event.misdeed === true, event.reason, now)
        return
      case 'announced':
        if (connection.stage !== 'greeted') return
        connection.lastHeardAt = now
        if (!this.peers.allowsAnnouncement(connection, now)) this.leave(connection.key, 'it floods with heads', now)
        else this.#offer(connection, event.header, 'head', null, now)
    }
  }

  /** Nobody is dialled before that time. */
  dialFrom(time: Millis): void {
    this.#dialsFrom = time
  }

  /** Time passes: answers that never came, addresses to dial, heads to ask for. */
  tick(now: Millis): void {
    for (const ask of this.#asks.expire(now)) this.#failed(ask, 'timeout', 'no answer', now)
    for (const connection of this.peers.connections()) {
      const { stage, since } = connection
      if (stage === 'dialing' && now - since > policy.DIAL_TIMEOUT_MILLIS + policy.GRACE_MILLIS) {
        this.#lose(connection.key, false, 'the connection was not made in time', now)
      }
    }
    if (now >= this.#dialsFrom) this.#dial(now)
    for (const connection of this.peers.greeted()) {
      const quiet = now - Math.max(connection.lastHeardAt, connection.lastAskedAt) >= this.#pollMillis
      if (quiet && !this.#asked(connection.key, 'head')) this.#ask(connection, 'head', { kind: 'head' }, now)
    }
  }

  /** Asks every peer for its newest header, now. */
  askHeads(now: Millis): void {
    for (const connection of this.peers.greeted()) {
      connection.head = null
      if (!this.#asked(connection.key, 'head')) this.#ask(connection, 'head', { kind: 'head' }, now)
    }
  }

  /** Asks for the highest missing frames of the window, one question at a time. */
  fill(floor: bigint | null, deciding: (number: bigint) => boolean, now: Millis): void {
    if (floor === null || this.#asks.values().some((ask) => ask.why === 'fill' || ask.why === 'step')) return
    for (const number of this.#tried.keys()) if (number < floor) this.#tried.delete(number)
    for (let last = this.#chain.height - 1n; last >= floor; last--) {
      if (this.#chain.get(last) || deciding(last)) continue
      const connection = this.peers
        .greeted()
        .find((c) => c.oldest <= last && c.restsUntil <= now && !this.#triedBy(last).has(c.key))
      if (connection === undefined) continue
      let first = last
      const wanted = (n: bigint) => !this.#chain.get(n) && !deciding(n) && !this.#triedBy(n).has(connection.key)
      while (first > floor && last - first + 1n < BigInt(connection.maxHeaders) && wanted(first - 1n)) first--
      for (let n = first; n <= last; n++) this.#triedBy(n).add(connection.key)
      this.#askRange(connection, 'fill', first, last, null, now)
      return
    }
  }

  /** A frame below quorum is the newest of that peer: maybe one below it is certified. */
  stepBelow(peer: PeerKey | null, number: bigint, now: Millis): void {
    const connection = peer === null ? undefined : this.peers.get(peer)
    if (connection === undefined || connection.stage !== 'greeted') return
    const { head, steppedTo } = connection
    if (steppedTo !== null && steppedTo < number && head !== null && number <= head) return
    connection.head = connection.head === null || number > connection.head ? number : connection.head
    const last = number - 1n
    if (last <= this.#chain.height) return
    if (!this.peers.allowsStep(connection)) {
      this.leave(connection.key, 'none of its frames verifies', now)
      return
    }
    const lowest = last - policy.STEP_SIZE + 1n
    const first = lowest > this.#chain.height ? lowest : this.#chain.height + 1n
    connection.steppedTo = first
    this.#askRange(connection, 'step', first, last, null, now)
  }

  /** Frames that were asked for and not decided: they count as missing again. */
  mayAskAgain(range: { readonly first: bigint; readonly last: bigint }): void {
    for (const number of this.#tried.keys())
      if (number >= range.first && number <= range.last) this.#tried.delete(number)
  }

  /** A frame does not link to what is held: what does that peer hold instead? */
  probe(peer: PeerKey | null, number: bigint, now: Millis): void {
    const connection = peer === null ? undefined : this.peers.get(peer)
    if (connection === undefined || connection.stage !== 'greeted') return
    if (!this.#asked(connection.key, 'probe')) this.#askRange(connection, 'probe', number, number, null, now)
  }

  /** That peer delivered a header of that number. */
  offers(peer: PeerKey | null, number: bigint | null): void {
    const connection = peer === null ? undefined : this.peers.get(peer)
    if (connection === undefined || number === null) return
    if (connection.head === null || number > connection.head) connection.head = number
  }

  /** A greeted peer that was not tried for that number yet; `anybody`: there are greeted peers at all. */
  seek(number: bigint, tried: ReadonlySet<PeerKey>): { readonly first: PeerKey | null; readonly anybody: boolean } {
    const greeted = this.peers.greeted()
    const free = greeted.filter((c) => !tried.has(c.key))
    const best = free.find((c) => c.oldest <= number) ?? free[0]
    return { first: best?.key ?? null, anybody: greeted.length > 0 }
  }

  /** Asks a peer for the frame that a query is about. */
  askFor(peer: PeerKey, number: bigint, query: number, now: Millis): void {
    const connection = this.peers.get(peer)
    if (connection) this.#askRange(connection, 'query', number, number, query, now)
  }

  /** Leaves a peer that lied or broke the protocol. */
  leave(peer: PeerKey, reason: string, now: Millis): void {
    this.#lose(peer, true, reason, now)
  }

  /** After a sleep: old answers do not count, everybody says hello again, and failed addresses are tried at once. */
  wokeUp(now: Millis): void {
    this.#asks.drop((ask) => ask.query === null)
    this.#asks.forgive(now)
    this.peers.forgive(now)
    for (const connection of this.peers.connections()) {
      if (connection.stage === 'dialing') {
        this.#lose(connection.key, false, 'interrupted by sleep', now)
        continue
      }
      connection.stage = 'greeting'
      connection.silences = 0
      connection.lastHeardAt = now
      connection.announcements = { since: now, count: 0 }
      this.#ask(connection, 'hello', { kind: 'hello' }, now)
    }
    this.peers.forgive(now)
  }

  close(): void {
    for (const { key } of this.peers.connections()) this.#lose(key, false, 'stopped', 0)
    this.#asks.drop(() => true)
  }

  earliest(now: Millis): Millis {
    let earliest = this.#asks.earliest()
    if (this.peers.connections().length < this.#config.limits.peers)
      earliest = Math.min(earliest, Math.max(this.peers.nextDialAt(), this.#dialsFrom))
    for (const c of this.peers.connections()) {
      if (c.stage === 'dialing') {
        earliest = Math.min(earliest, c.since + policy.DIAL_TIMEOUT_MILLIS + policy.GRACE_MILLIS + 1)
      } else if (c.stage === 'greeted') {
        earliest = Math.min(earliest, Math.max(c.lastHeardAt, c.lastAskedAt) + this.#pollMillis)
        if (c.restsUntil > now) earliest = Math.min(earliest, c.restsUntil)
      }
    }
    return Math.max(earliest, now)
  }

  get #pollMillis(): number {
    return Math.max(policy.TICK_MILLIS, 3 * this.#config.description.frameIntervalMillis)
  }

  #dial(now: Millis): void {
    for (const { key, address } of this.peers.dial(this.#config.limits.peers, now)) {
      this.#host.emit({ kind: 'dial', peer: key, address, timeoutMillis: policy.DIAL_TIMEOUT_MILLIS })
    }
  }

  #answered(event: Extract<LightEvent, { kind: 'answered' }>, now: Millis): void {
    const ask = this.#asks.take(event.ask)
    const connection = ask && this.peers.get(ask.peer)
    if (ask === undefined || connection === undefined) return
    const { answer } = event
    if (answer.kind === 'failed') {
      this.#failed(ask, answer.code, answer.reason, now)
      return
    }
    connection.silences = 0
    connection.lastHeardAt = now
    if (ask.why === 'hello') {
      if (answer.kind === 'hello') this.#greeted(connection, answer.hello, now)
      else this.leave(connection.key, 'it answers hello with headers', now)
    } else if (answer.kind !== 'headers')
      this.leave(connection.key, 'it answers a question for headers with hello', now)
    else if (ask.why === 'query') {
      this.#host.queryAnswered(ask.query ?? 0, connection.key, connection.address, answer.headers, now)
    } else {
      const purpose: Purpose = ask.why === 'head' ? 'head' : ask.why === 'probe' ? 'probe' : 'range'
      const count = ask.range === null ? 1 : Number(ask.range.last - ask.range.first) + 1
      if (answer.headers.length > count) this.leave(connection.key, 'it sends more headers than asked for', now)
      else for (const header of answer.headers) this.#offer(connection, header, purpose, ask.range, now)
    }
  }

  #greeted(
    connection: Connection,
    hello: { network: string; profile: string; oldest: bigint; maxHeaders: number },
    now: Millis,
  ): void {
    const { network, profile } = this.#config.description
    if (hello.network !== network || hello.profile !== profile) {
      const other = `it serves network ${hello.network.slice(0, 64)}, profile ${hello.profile.slice(0, 64)}, not ${network}, ${profile}`
      this.leave(connection.key, other, now)
      return
    }
    connection.oldest = hello.oldest
    connection.maxHeaders = Math.min(WIRE_LIMITS.headers, Math.max(1, hello.maxHeaders))
    connection.steps = 0
    connection.steppedTo = null
    this.peers.greet(connection)
    this.#host.emit({ kind: 'subscribe', peer: connection.key })
    this.#ask(connection, 'head', { kind: 'head' }, now)
  }

  #failed(ask: Ask, code: PeerErrorCode, reason: string, now: Millis): void {
    const connection = this.peers.get(ask.peer)
    if (ask.why === 'fill' && ask.range && code !== 'notFound') this.mayAskAgain(ask.range)
    if (connection !== undefined) {
      if (code === 'limited') connection.restsUntil = now + policy.REST_MILLIS
      if (code === 'protocol') this.leave(ask.peer, reason, now)
      else if (code === 'closed' || code === 'dial') this.#lose(ask.peer, false, reason, now)
      else if (code === 'timeout') {
        if (ask.why === 'hello' || ++connection.silences >= policy.SILENCES) {
          this.#lose(ask.peer, false, 'it does not answer', now)
        }
      } else if (ask.why === 'hello') this.#lose(ask.peer, false, reason, now)
    }
    if (ask.query !== null) this.#host.queryAnswered(ask.query, ask.peer, '', [], now)
  }

  #lose(peer: PeerKey, misdeed: boolean, reason: string, now: Millis): void {
    if (this.peers.lose(peer, misdeed, reason, now) === undefined) return
    this.#host.emit({ kind: 'hangUp', peer })
    this.#host.forget(peer)
    for (const tried of this.#tried.values()) tried.delete(peer)
    this.#asks.drop((ask) => ask.peer === peer && ask.query === null)
  }

  #offer(
    connection: Connection,
    bytes: Uint8Array,
    purpose: Purpose,
    range: { readonly first: bigint; readonly last: bigint } | null,
    now: Millis,
  ): void {
    const { key: peer, address: from } = connection
    // The wire protocol holds this limit, but a transport of an embedder may not.
    if (bytes.length > WIRE_LIMITS.headerBytes) {
      this.leave(peer, `it sends a header of ${bytes.length} bytes`, now)
      return
    }
    this.#host.offer({ bytes, purpose, peer, from, range, query: null, timeProof: false, timeProofKnown: false }, now)
  }

  #ask(connection: Connection, why: Why, question: Question, now: Millis, more?: Pick<Ask, 'range' | 'query'>): void {
    const timeoutMillis = why === 'hello' ? policy.HELLO_TIMEOUT_MILLIS : policy.ASK_TIMEOUT_MILLIS
    const asked = { peer: connection.key, why, range: more?.range ?? null, query: more?.query ?? null }
    const ask = this.#asks.add(asked, now, timeoutMillis + policy.GRACE_MILLIS)
    connection.lastAskedAt = now
    this.#host.emit({ kind: 'ask', ask, peer: connection.key, question, timeoutMillis })
  }

  #askRange(connection: Connection, why: Why, first: bigint, last: bigint, query: number | null, now: Millis): void {
    const count = Number(last - first) + 1
    this.#ask(connection, why, { kind: 'headers', from: first, count }, now, { range: { first, last }, query })
  }

  #asked(peer: PeerKey, why: Why): boolean {
    return this.#asks.values().some((ask) => ask.peer === peer && ask.why === why)
  }

  #triedBy(number: bigint): Set<PeerKey> {
    const tried = this.#tried.get(number) ?? new Set()
    this.#tried.set(number, tried)
    return tried
  }
}
