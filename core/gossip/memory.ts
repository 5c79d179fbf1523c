/** What is remembered of messages: which were seen, which can be asked for, which were asked for. All bounded. */
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'
import type { GossipMessage, MessageDigest } from './message.ts'
import type { GossipLimits, GossipParams } from './params.ts'
import type { Topic } from './subscriptions.ts'

/**
 * Messages whose signature held, by digest and topic: the digest covers only `data`, so the same data on another topic is another message here
 * (P2P-H6).
 */
export class SeenMessages {
  readonly #limits: GossipLimits
  readonly #seen = new Map<MessageDigest, { readonly topics: Set<BitmaskKey>; readonly at: Millis }>()
  /** Topics of all digests together. */
  #size = 0

  constructor(limits: GossipLimits) {
    this.#limits = limits
  }

  has(digest: MessageDigest, topic: BitmaskKey): boolean {
    return this.#seen.get(digest)?.topics.has(topic) ?? false
  }

  /** Whether the digest was seen on a topic that IHAVE names by its bitmask or by one of its slices. Of very many topics not all are looked at. */
  hasAny(digest: MessageDigest, related: (topic: BitmaskKey) => boolean): boolean {
    let looks = 0
    for (const topic of this.#seen.get(digest)?.topics ?? []) {
      if (related(topic)) return true
      if (++looks >= MOST_LOOKS) return false
    }
    return false
  }

  add(digest: MessageDigest, topic: BitmaskKey, now: Millis): void {
    const known = this.#seen.get(digest) ?? { topics: new Set(), at: now }
    this.#seen.set(digest, known)
    if (known.topics.has(topic)) return
    known.topics.add(topic)
    this.#size++
    for (const oldest of this.#seen.keys()) {
      if (this.#size <= this.#limits.seen) return
      this.#forget(oldest)
    }
  }

  sweep(now: Millis): void {
    for (const [digest, { at }] of this.#seen) {
      if (now - at < this.#limits.seenMillis) return
      this.#forget(digest)
    }
  }

  #forget(digest: MessageDigest): void {
    this.#size -= this.#seen.get(digest)?.topics.size ?? 0
    this.#seen.delete(digest)
  }
}

/** Topics of one digest that are compared with an id. */
const MOST_LOOKS = 256

/** An accepted message that peers may ask for. */
export interface CachedMessage {
  readonly message: GossipMessage
  readonly digest: MessageDigest
  readonly topic: Topic
  readonly tick: number
  /** How often it was sent to whom asked for it. */
  readonly answers: Map<PeerKey, number>
}

/** Accepted messages of the last heartbeats. */
export class MessageCache {
  readonly #params: GossipParams
  readonly #limits: GossipLimits
  /** In order of arrival. */
  readonly #messages = new Map<string, CachedMessage>()
  readonly #byDigest = new Map<MessageDigest, CachedMessage[]>()
  #bytes = 0

  constructor(params: GossipParams, limits: GossipLimits) {
    this.#params = params
    this.#limits = limits
  }

  put(message: GossipMessage, digest: MessageDigest, topic: Topic, tick: number): void {
    const place = `${digest} ${topic.key}`
    const before = this.#messages.get(place)
    if (before !== undefined) this.#drop(place, before)
    const cached = { message, digest, topic, tick, answers: new Map() }
    this.#messages.set(place, cached)
    this.#byDigest.set(digest, [...(this.#byDigest.get(digest) ?? []), cached])
    this.#bytes += message.bytes.length
    for (const [key, oldest] of this.#messages) {
      const { cacheMessages, cacheBytes } = this.#limits
      // The newest stays, however large.
      if (this.#messages.size <= 1 || (this.#messages.size <= cacheMessages && this.#bytes <= cacheBytes)) return
      this.#drop(key, oldest)
    }
  }

  /** Messages of a digest, one per topic. */
  of(digest: MessageDigest): readonly CachedMessage[] {
    return this.#byDigest.get(digest) ?? []
  }

  /** Messages that peers are told of, by topic. */
  recent(tick: number): Map<BitmaskKey, CachedMessage[]> {
    const topics = new Map<BitmaskKey, CachedMessage[]>()
    for (const cached of this.#messages.values()) {
      if (tick - cached.tick >= this.#params.historyGossip) continue
      const list = topics.get(cached.topic.key)
      if (list) list.push(cached)
      else topics.set(cached.topic.key, [cached])
    }
    return topics
  }

  sweep(tick: number): void {
    for (const [key, cached] of this.#messages) {
      if (tick - cached.tick < this.#params.historyLength) return
      this.#drop(key, cached)
    }
  }

  #drop(key: string, cached: CachedMessage): void {
    this.#messages.delete(key)
    this.#bytes -= cached.message.bytes.length
    const rest = this.of(cached.digest).filter((other) => other !== cached)
    if (rest.length === 0) this.#byDigest.delete(cached.digest)
    else this.#byDigest.set(cached.digest, rest)
  }
}

interface Want {
  peer: PeerKey
  deadline: Millis
  /** Others that have it too, in order. */
  readonly others: PeerKey[]
}

const MOST_OTHERS = 8

/** Messages that were asked for and have not come (spec 50 section 6, IHAVE). */
export class WantedMessages {
  readonly #params: GossipParams
  readonly #wants = new Map<MessageDigest, Want>()

  constructor(params: GossipParams) {
    this.#params = params
  }

  /** Whether `peer` is to be asked now: nobody else is being asked, and there is room. */
  ask(digest: MessageDigest, peer: PeerKey, now: Millis): boolean {
    const want = this.#wants.get(digest)
    if (want !== undefined) {
      const known = want.peer === peer || want.others.includes(peer)
      if (!known && want.others.length < MOST_OTHERS) want.others.push(peer)
      return false
    }
    if (this.#wants.size >= this.#params.ihaveIds) return false
    this.#wants.set(digest, { peer, deadline: now + this.#params.iwantFollowUpMillis, others: [] })
    return true
  }

  askedOf(digest: MessageDigest, peer: PeerKey): boolean {
    return this.#wants.get(digest)?.peer === peer
  }

  came(digest: MessageDigest): void {
    this.#wants.delete(digest)
  }

  /** What `peer` sent was of no use: whom to ask instead, or null. */
  next(digest: MessageDigest, now: Millis): PeerKey | null {
    const want = this.#wants.get(digest)
    if (want === undefined) return null
    const peer = want.others.shift()
    if (peer === undefined) {
      this.#wants.delete(digest)
      return null
    }
    want.peer = peer
    want.deadline = now + this.#params.iwantFollowUpMillis
    return peer
  }

  /** Who did not answer in time. */
  *overdue(now: Millis): Generator<{ readonly digest: MessageDigest; readonly peer: PeerKey }, void> {
    for (const [digest, { peer, deadline }] of [...this.#wants]) if (deadline <= now) yield { digest, peer }
  }

  /** What was asked of a peer that left. */
  of(peer: PeerKey): MessageDigest[] {
    return [...this.#wants].filter(([, want]) => want.peer === peer).map(([digest]) => digest)
  }
}
