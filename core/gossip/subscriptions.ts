/** What this node is subscribed to, and in which topics it is announced (spec 50 sections 4, 6 and 9 rows 2 and 4). */
import { type BitmaskKey, bitmaskKey, contains, slicesOf } from './bitmask.ts'
import type { SubscriptionChange } from './rpc.ts'

/** A bitmask with its forms on the wire. */
export interface Topic {
  readonly key: BitmaskKey
  readonly bitmask: Uint8Array
  /** Keys of its slices; empty when the bitmask is its own only slice. */
  readonly slices: readonly BitmaskKey[]
}

export function topicOf(bitmask: Uint8Array): Topic {
  const key = bitmaskKey(bitmask)
  const slices = slicesOf(bitmask).map(bitmaskKey)
  return { key, bitmask: bitmask.slice(), slices: slices.length === 1 ? [] : slices }
}

/** Whether someone who announced `topics` takes messages of `topic`: the exact string, or all its slices. */
export const takes = (topics: { has(key: BitmaskKey): boolean }, topic: Topic): boolean =>
  topics.has(topic.key) || (topic.slices.length > 0 && topic.slices.every((slice) => topics.has(slice)))

export class Subscriptions {
  readonly #most: number
  readonly #local = new Map<BitmaskKey, Topic>()
  /** Topics that are announced: every subscription itself, then slices as far as there is room. */
  #announced = new Map<BitmaskKey, Uint8Array>()
  /** All bits of the subscriptions of one length. */
  readonly #union = new Map<number, Uint8Array>()

  constructor(most: number) {
    this.#most = most
  }

  get local(): Iterable<Topic> {
    return this.#local.values()
  }

  get announced(): ReadonlyMap<BitmaskKey, Uint8Array> {
    return this.#announced
  }

  has(key: BitmaskKey): boolean {
    return this.#local.has(key)
  }

  /** The forms of a bitmask; those of a subscription are kept. */
  topicOf(bitmask: Uint8Array): Topic {
    return this.#local.get(bitmaskKey(bitmask)) ?? topicOf(bitmask)
  }

  /** Changes to be announced, or null when the subscription itself does not fit. */
  add(topic: Topic): readonly SubscriptionChange[] | null {
    if (this.#local.has(topic.key)) return []
    if (this.#local.size >= this.#most) return null
    this.#local.set(topic.key, topic)
    return this.#changed()
  }

  remove(key: BitmaskKey): readonly SubscriptionChange[] {
    return this.#local.delete(key) ? this.#changed() : []
  }

  /** Whether messages of this bitmask are taken: subscribed to the exact string, or to all its slices. */
  takes(bitmask: Uint8Array): boolean {
    const union = this.#union.get(bitmask.length)
    return union !== undefined && (contains(union, bitmask) || this.#local.has(bitmaskKey(bitmask)))
  }

  /** Subscriptions that messages of a bitmask are for: whose bits hold its bits; when none holds all, those that hold some. */
  matching(bitmask: Uint8Array): readonly BitmaskKey[] {
    const locals = [...this.#local.values()].filter((topic) => topic.bitmask.length === bitmask.length)
    const whole = locals.filter((topic) => contains(topic.bitmask, bitmask))
    const found = whole.length > 0 ? whole : locals.filter((topic) => overlaps(topic.bitmask, bitmask))
    return found.map((topic) => topic.key)
  }

  /** Announced topics in which a subscription is known to peers. */
  *wireKeys(topic: Topic): Generator<BitmaskKey, void> {
    if (this.#announced.has(topic.key)) yield topic.key
    for (const slice of topic.slices) if (this.#announced.has(slice)) yield slice
  }

  /** Subscriptions that are known to peers by this topic. */
  *localsOf(key: BitmaskKey): Generator<Topic, void> {
    for (const topic of this.#local.values()) if (topic.key === key || topic.slices.includes(key)) yield topic
  }

  #changed(): SubscriptionChange[] {
    const before = this.#announced
    const after = new Map<BitmaskKey, Uint8Array>()
    for (const topic of this.#local.values()) after.set(topic.key, topic.bitmask)
    this.#union.clear()
    for (const topic of this.#local.values()) {
      const union = this.#union.get(topic.bitmask.length) ?? new Uint8Array(topic.bitmask.length)
      for (const [index, byte] of topic.bitmask.entries()) union[index] = (union[index] ?? 0) | byte
      this.#union.set(topic.bitmask.length, union)
      if (topic.slices.length === 0) continue
      for (const slice of slicesOf(topic.bitmask)) {
        if (after.size < this.#most) after.set(bitmaskKey(slice), slice)
      }
    }
    this.#announced = after
    return changesBetween(before, after)
  }
}

/** What goes, goes first, so that the number of announced topics never passes the limit on the way. */
export function changesBetween(
  before: ReadonlyMap<BitmaskKey, Uint8Array>,
  after: ReadonlyMap<BitmaskKey, Uint8Array>,
): SubscriptionChange[] {
  const gone = [...before].filter(([key]) => !after.has(key)).map(([, bitmask]) => ({ subscribe: false, bitmask }))
  const come = [...after].filter(([key]) => !before.has(key)).map(([, bitmask]) => ({ subscribe: true, bitmask }))
  return [...gone, ...come]
}

function overlaps(a: Uint8Array, b: Uint8Array): boolean {
  return a.some((byte, index) => (byte & (b[index] ?? 0)) !== 0)
}
