import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { bitmaskKey, slicesOf } from './bitmask.ts'
import { encodeMessage, messageDigest, writeId } from './message.ts'
import { messageBy, OneRouter } from './one-router.ts'
import type { RpcParts } from './rpc.ts'
import { GLOBAL_TOPICS, shardTopics } from './topics.ts'

const FILTERS = [1, 2].map((n) => shardTopics(new Uint8Array(32).fill(n)).frame)
const ALL_ONES = new Uint8Array(32).fill(0xff)
const TOPICS = [...Object.values(GLOBAL_TOPICS), ...FILTERS, ...FILTERS.flatMap(slicesOf), ALL_ONES]
const OWN_KEY = bytesToHex(messageBy('self', ALL_ONES, new Uint8Array()).key)
const PEERS = ['a', 'b', 'c', 'd', 'e']

/** A random life of one router among peers that send anything, and what must hold all the time. */
class Life {
  readonly one = new OneRouter({ limits: { queueBytes: 1 << 16 } })
  #seed: number
  readonly #connected = new Set<string>()
  /** Per connection: topics that were announced. */
  readonly #announced = new Map<string, Set<string>>()
  /** Per peer and topic: no GRAFT before. */
  readonly #backoff = new Map<string, number>()
  readonly #delivered = new Set<string>()
  readonly #good = new Set<string>()
  /** What did not hold. */
  readonly broken: string[] = []
  grafts = 0
  deliveries = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T
  }
  some<T>(make: () => T, most = 3): T[] {
    return Array.from({ length: Math.floor(this.random() * (most + 1)) }, make)
  }

  step(): void {
    const peer = this.pick(PEERS)
    const chance = this.random()
    if (!this.#connected.has(peer)) {
      if (chance < 0.5) {
        this.#connected.add(peer)
        this.#announced.set(peer, new Set())
        this.one.peer(
          peer,
          this.some(() => this.pick(TOPICS), 6),
          this.random() < 0.5,
        )
      }
    } else if (chance < 0.04) {
      this.check()
      this.#connected.delete(peer)
      this.one.feed({ kind: 'disconnected', peer })
    } else if (chance < 0.1)
      this.one.feed({ kind: this.pick(['subscribe', 'subscribe', 'unsubscribe'] as const), bitmask: this.pick(TOPICS) })
    else if (chance < 0.15) this.publish()
    else if (chance < 0.3) this.one.pass(this.random() * (this.random() < 0.2 ? 70_000 : 2000))
    else if (chance < 0.32) {
      this.one.raw(peer, Uint8Array.from(this.some(() => Math.floor(this.random() * 256), 30)))
      this.one.reopen(peer)
    } else this.say(peer)
    this.check()
  }

  publish(): void {
    const data = this.data()
    // Own messages come back as duplicates only.
    const bitmask = this.pick(TOPICS)
    this.#delivered.add(`${bitmaskKey(bitmask)} ${bytesToHex(data)}`)
    this.one.feed({ kind: 'publish', publish: 0, bitmask, data })
  }

  data(): Uint8Array {
    return new Uint8Array(this.random() < 0.3 ? 1500 : 4).fill(Math.floor(this.random() * 40))
  }

  say(peer: string): void {
    const id = () => writeId(messageDigest(this.data()), this.pick(['long', 'short'] as const))
    const prunes = this.some(
      () => ({ bitmask: this.pick(TOPICS), peers: [], backoff: this.pick([0n, 5n, 60n, 1n << 63n]) }),
      1,
    )
    const parts: RpcParts = {
      subscriptions: this.some(() => ({ subscribe: this.random() < 0.7, bitmask: this.pick(TOPICS) })),
      messages: this.some(() => this.message()),
      ihave: this.some(() => ({ bitmask: this.pick(TOPICS), ids: this.some(id) })),
      iwant: this.some(id),
      graft: this.some(() => this.pick(TOPICS), 2),
      prune: prunes,
      idontwant: this.some(id),
    }
    const known = new Set(this.#announced.get(peer))
    this.one.say(peer, parts)
    for (const { bitmask, backoff } of prunes) {
      // It counts for topics that are announced, and for those that were given up a moment ago.
      const counts = known.has(bitmaskKey(bitmask)) || this.backoffOf(peer, bitmask) > this.one.now
      if (!counts || this.one.router.score(peer) < -2500) continue
      const millis = backoff === 0n ? 60_000 : Math.min(Number(backoff) * 1000, 3_600_000)
      this.noGraftBefore(peer, bitmask, this.one.now + millis)
    }
  }

  message(): Uint8Array {
    const message = messageBy(this.pick(PEERS), this.pick(TOPICS), this.data())
    const chance = this.random()
    if (chance < 0.2) return encodeMessage({ ...message, signature: message.signature.toReversed() })
    if (chance < 0.3) return encodeMessage({ ...message, signature: new Uint8Array(), key: new Uint8Array() })
    if (chance < 0.4) return encodeMessage({ ...message, from: this.data() })
    this.#good.add(bytesToHex(message.signature))
    return message.bytes
  }

  backoffOf(peer: string, bitmask: Uint8Array): number {
    return this.#backoff.get(`${peer} ${bitmaskKey(bitmask)}`) ?? 0
  }

  noGraftBefore(peer: string, bitmask: Uint8Array, until: number): void {
    this.#backoff.set(`${peer} ${bitmaskKey(bitmask)}`, Math.max(this.backoffOf(peer, bitmask), until))
  }

  check(): void {
    for (const peer of PEERS) {
      const heard = this.one.heard(peer)
      const announced = this.#announced.get(peer)
      for (const { subscribe, bitmask } of heard.subscriptions) {
        if (subscribe) announced?.add(bitmaskKey(bitmask))
        else announced?.delete(bitmaskKey(bitmask))
        if ((announced?.size ?? 0) > 256) this.broken.push(`${peer}: more than 256 topics announced`)
      }
      for (const bitmask of heard.graft) {
        this.grafts++
        if (this.one.now <= this.backoffOf(peer, bitmask)) this.broken.push(`${peer}: GRAFT inside a backoff`)
      }
      for (const { bitmask, backoff } of heard.prune)
        this.noGraftBefore(peer, bitmask, this.one.now + Number(backoff) * 1000)
      for (const { signature, key } of heard.messages) {
        // What is passed on is what an author signed.
        const own = bytesToHex(key) === OWN_KEY
        if (!own && !this.#good.has(bytesToHex(signature))) this.broken.push(`${peer}: got a bad message`)
      }
    }
    for (const effect of this.one.effects.splice(0)) {
      if (effect.kind !== 'deliver') continue
      this.deliveries++
      const key = `${bitmaskKey(effect.message.bitmask)} ${bytesToHex(effect.message.data)}`
      if (!this.#good.has(bytesToHex(effect.message.signature))) this.broken.push('a bad message was delivered')
      if (this.#delivered.has(key)) this.broken.push('a message was delivered twice')
      this.#delivered.add(key)
    }
  }
}

test('P2P-10, P2P-11, P2P-13 whatever peers send: nothing throws, no early GRAFT, no bad message, none twice, 256 topics', () => {
  let grafts = 0
  let deliveries = 0
  for (let seed = 1; seed <= 12; seed++) {
    const life = new Life(seed)
    for (let step = 0; step < 250; step++) life.step()
    grafts += life.grafts
    deliveries += life.deliveries
    expect(life.broken, `seed ${seed}`).toEqual([])
  }
  expect(grafts).toBeGreaterThan(100)
  expect(deliveries).toBeGreaterThan(300)
})

test('a flood of subscriptions is kept to 512 topics and counts as bad behaviour', () => {
  const one = new OneRouter()
  one.peer('a')
  for (let round = 0; round < 10; round++) {
    const flood = Array.from({ length: 1000 }, (_, i) => ({
      subscribe: true,
      bitmask: Uint8Array.of(1, round, i >> 8, i & 0xff),
    }))
    one.say('a', { subscriptions: flood })
    one.beat()
  }
  expect(one.router.score('a')).toBeLessThan(0)
})

test('a peer that sends more frames in a heartbeat than anybody needs loses its stream, however small they are', () => {
  const one = new OneRouter({ limits: { frames: 100 } })
  one.peer('a')
  one.peer('b')
  const closed = () => one.effects.filter((effect) => effect.kind === 'closeStream').map(({ peer }) => peer)
  const empty = (peer: string, count: number) => {
    for (let i = 0; i < count; i++) one.raw(peer, new Uint8Array())
  }
  for (const peer of ['a', 'b']) empty(peer, 100)
  one.beat()
  for (const peer of ['a', 'b']) empty(peer, 100)
  expect(closed()).toEqual([])
  empty('a', 500)
  expect(closed()).toEqual(['a'])
  for (let round = 0; round < 10; round++) {
    one.reopen('a')
    empty('a', 1)
  }
  expect(closed().length).toBe(11)
  expect(one.router.score('a')).toBeLessThan(0)
  expect(one.router.score('b')).toBe(0)
})

test('a message that was seen is a duplicate for an hour, in so far as there is room', () => {
  const one = new OneRouter({ limits: { seen: 10 } })
  one.feed({ kind: 'subscribe', bitmask: GLOBAL_TOPICS.frame })
  one.peer('a', [GLOBAL_TOPICS.frame])
  const messages = Array.from(
    { length: 12 },
    (_, i) => messageBy('author', GLOBAL_TOPICS.frame, Uint8Array.of(i)).bytes,
  )
  one.say('a', { messages })
  one.pass(60_000)
  one.say('a', { messages: messages.slice(2) })
  expect(one.delivered().length).toBe(12)
  one.pass(3_700_000)
  one.say('a', { messages: messages.slice(11) })
  expect(one.delivered().length).toBe(13)
})
