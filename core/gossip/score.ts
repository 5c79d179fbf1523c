/** Scores of peers (spec 50 section 7): what they did in meshes, how they behaved, where they are and what the application thinks. */
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'
import type { GossipLimits, ScoreParams } from './params.ts'

interface TopicRecord {
  firstDeliveries: number
  invalid: number
  /** When the peer came into the mesh; null = it is not in it. */
  meshSince: Millis | null
}

interface PeerRecord {
  readonly topics: Map<BitmaskKey, TopicRecord>
  address: string | null
  behaviour: number
  application: number
  applicationAt: Millis
  /** When the peer left; null = it is here. */
  leftAt: Millis | null
}

/** Topics of one peer that are counted apart; what comes after them is counted together. */
const MOST_TOPICS = 512

export class Scores {
  readonly #params: ScoreParams
  readonly #limits: GossipLimits
  readonly #direct: ReadonlySet<PeerKey>
  readonly #records = new Map<PeerKey, PeerRecord>()
  /** Connected peers of an address. */
  readonly #addresses = new Map<string, Set<PeerKey>>()
  #decayedAt: Millis | null = null

  constructor(params: ScoreParams, limits: GossipLimits, direct: ReadonlySet<PeerKey>) {
    this.#params = params
    this.#limits = limits
    this.#direct = direct
  }

  connected(peer: PeerKey, address: string | null): void {
    const record = this.#of(peer)
    record.leftAt = null
    record.address = address
    if (address === null) return
    const peers = this.#addresses.get(address) ?? new Set()
    this.#addresses.set(address, peers.add(peer))
  }

  /** A bad score outlives the connection, a good one does not: else it could be saved up. */
  disconnected(peer: PeerKey, now: Millis): void {
    const record = this.#records.get(peer)
    if (record === undefined) return
    for (const topic of record.topics.values()) topic.meshSince = null
    const peers = record.address === null ? undefined : this.#addresses.get(record.address)
    peers?.delete(peer)
    if (record.address !== null && peers?.size === 0) this.#addresses.delete(record.address)
    record.address = null
    record.leftAt = now
    this.#records.delete(peer)
    // Again at the end, so that the first of those who left is the one to be forgotten.
    if (this.#sum(record, now) < 0) this.#records.set(peer, record)
    this.#forgetOldest()
  }

  joinedMesh(peer: PeerKey, topic: BitmaskKey, now: Millis): void {
    this.#topic(peer, topic).meshSince ??= now
  }

  leftMesh(peer: PeerKey, topic: BitmaskKey): void {
    const record = this.#records.get(peer)?.topics.get(topic)
    if (record) record.meshSince = null
  }

  firstDelivery(peer: PeerKey, topic: BitmaskKey): void {
    const record = this.#topic(peer, topic)
    record.firstDeliveries = Math.min(record.firstDeliveries + 1, this.#params.firstDeliveryCap)
  }

  invalidMessage(peer: PeerKey, topic: BitmaskKey): void {
    this.#topic(peer, topic).invalid++
  }

  misbehaved(peer: PeerKey, count = 1): void {
    this.#of(peer).behaviour += count
  }

  application(peer: PeerKey, change: number, now: Millis): void {
    if (!Number.isFinite(change)) return
    const record = this.#of(peer)
    record.application += change
    record.applicationAt = now
  }

  of(peer: PeerKey, now: Millis): number {
    const record = this.#records.get(peer)
    if (record === undefined) return 0
    return this.#sum(record, now) + this.#colocation(peer, record)
  }

  /** Call with every heartbeat: counters shrink once per decay interval, old records go. */
  decay(now: Millis): void {
    const params = this.#params
    this.#decayedAt ??= now
    const intervals = Math.min(Math.floor((now - this.#decayedAt) / params.decayMillis), 100)
    if (intervals < 1) return
    this.#decayedAt = now
    const after = (factor: number) => factor ** intervals
    const overMillis = (millis: Millis) => after(0.01 ** (params.decayMillis / millis))
    const first = overMillis(params.firstDeliveryMillis)
    const invalid = overMillis(params.invalidMillis)
    for (const [peer, record] of this.#records) {
      for (const [key, topic] of record.topics) {
        topic.firstDeliveries = this.#shrunk(topic.firstDeliveries, first)
        topic.invalid = this.#shrunk(topic.invalid, invalid)
        if (topic.firstDeliveries === 0 && topic.invalid === 0 && topic.meshSince === null) record.topics.delete(key)
      }
      record.behaviour = this.#shrunk(record.behaviour, after(params.behaviourDecay))
      const expired = now - record.applicationAt > params.applicationExpiryMillis
      record.application = expired ? 0 : this.#shrunk(record.application, after(params.applicationDecay))
      if (record.leftAt !== null && now - record.leftAt > params.retainMillis) this.#records.delete(peer)
    }
  }

  #shrunk(value: number, factor: number): number {
    const rest = value * factor
    return Math.abs(rest) < this.#params.decayToZero ? 0 : rest
  }

  #sum(record: PeerRecord, now: Millis): number {
    const params = this.#params
    let sum = params.applicationWeight * record.application
    for (const topic of record.topics.values()) {
      const seconds = topic.meshSince === null ? 0 : Math.max(now - topic.meshSince, 0) / 1000
      sum +=
        params.topicWeight *
        (Math.min(seconds * params.meshSecond, params.meshCap) +
          params.firstDeliveryWeight * topic.firstDeliveries +
          params.invalidWeight * topic.invalid ** 2)
    }
    const excess = record.behaviour - params.behaviourThreshold
    return excess > 0 ? sum + params.behaviourWeight * excess ** 2 : sum
  }

  #colocation(peer: PeerKey, record: PeerRecord): number {
    if (record.address === null || this.#direct.has(peer)) return 0
    const excess = (this.#addresses.get(record.address)?.size ?? 0) - this.#params.colocationThreshold
    return excess > 0 ? this.#params.colocationWeight * excess ** 2 : 0
  }

  #of(peer: PeerKey): PeerRecord {
    let record = this.#records.get(peer)
    if (record === undefined) {
      record = { topics: new Map(), address: null, behaviour: 0, application: 0, applicationAt: 0, leftAt: null }
      this.#records.set(peer, record)
    }
    return record
  }

  #topic(peer: PeerKey, key: BitmaskKey): TopicRecord {
    const { topics } = this.#of(peer)
    const known = topics.has(key) || topics.size < MOST_TOPICS ? key : ''
    let record = topics.get(known)
    if (record === undefined) {
      record = { firstDeliveries: 0, invalid: 0, meshSince: null }
      topics.set(known, record)
    }
    return record
  }

  #forgetOldest(): void {
    let excess = this.#records.size - this.#limits.peers - this.#limits.retainedScores
    for (const [peer, record] of this.#records) {
      if (excess-- <= 0) return
      if (record.leftAt !== null) this.#records.delete(peer)
    }
  }
}
