/** What the page listens to: its topics and listeners, also while gossip does not run, and the messages for them. */
import { bitmaskKey, contains } from '@petal/core/gossip/index.ts'
import { base58Encode } from '@petal/core/identity/base58.ts'
import type { Subscriber } from '@petal/p2p/gossip/index.ts'
import { clientError } from '../errors.ts'
import { TAB_LIMITS } from './limits.ts'
import type { OwnMessage } from './other-tabs.ts'
import { Outbox } from './outbox.ts'
import type { GossipStatus } from './peer-types.ts'
import type { TabGossip } from './tab-gossip.ts'
import type { OnDeliveries } from './wishes.ts'

interface Topic {
  readonly bitmask: Uint8Array
  readonly listeners: Set<number>
  received: number
  /** Null while gossip does not run. */
  end: (() => void) | null
}

export class Listening {
  readonly #outbox: Outbox
  readonly #topics = new Map<string, Topic>()
  #received = 0

  constructor(deliver: OnDeliveries) {
    this.#outbox = new Outbox(deliver)
  }

  get topics(): number {
    return this.#topics.size
  }

  /** Throws `ClientError` `gossip` when there are too many. */
  add(bitmask: Uint8Array, listener: number): void {
    const key = bitmaskKey(bitmask)
    const known = this.#topics.get(key)
    const listeners = [...this.#topics.values()].reduce((sum, topic) => sum + topic.listeners.size, 0)
    if (listeners >= TAB_LIMITS.listeners || (known === undefined && this.#topics.size >= TAB_LIMITS.topics))
      throw clientError(
        'gossip',
        `A tab listens to ${TAB_LIMITS.topics} topics with ${TAB_LIMITS.listeners} listeners at most.`,
      )
    const topic = known ?? { bitmask, listeners: new Set(), received: 0, end: null }
    topic.listeners.add(listener)
    this.#topics.set(key, topic)
  }

  remove(listener: number): void {
    for (const [key, topic] of this.#topics) {
      if (!topic.listeners.delete(listener) || topic.listeners.size > 0) continue
      topic.end?.()
      this.#topics.delete(key)
    }
  }

  clear(): void {
    this.#topics.clear()
  }

  /** Subscribes to what gossip that runs is not subscribed to yet. Throws `GossipError`. */
  attach({ service, peerId }: Pick<TabGossip, 'service' | 'peerId'>): void {
    for (const topic of this.#topics.values())
      topic.end ??= service.subscribe(topic.bitmask, this.#subscriber(topic, peerId))
  }

  /** That gossip is of the past. */
  detach(): void {
    for (const topic of this.#topics.values()) topic.end = null
  }

  /** Another tab published it as the identity that this one has. */
  published({ peerId, bitmask, data }: OwnMessage): void {
    for (const topic of this.#topics.values()) {
      if (topic.end !== null && contains(topic.bitmask, bitmask)) this.#deliver(topic, peerId, bitmask, data)
    }
  }

  status(gossip: TabGossip | null): Pick<GossipStatus, 'topics' | 'received' | 'dropped'> {
    const topics = [...this.#topics].map(([bitmask, topic]) => ({
      bitmask,
      mesh: gossip?.service.meshOf(topic.bitmask).length ?? 0,
      received: topic.received,
    }))
    return { topics, received: this.#received, dropped: this.#outbox.dropped }
  }

  #subscriber(topic: Topic, own: string): Subscriber {
    return {
      // Longer ones would be copied to the page at once: nobody is blamed, they are legal.
      validate: ({ data }) => (data.length > TAB_LIMITS.messageBytes ? 'ignore' : 'accept'),
      deliver: ({ from, data, bitmask }) => {
        const author = base58Encode(from)
        // The tab that published it told it already; not every node knows that its author needs no copy.
        if (author !== own) this.#deliver(topic, author, bitmask, data)
      },
    }
  }

  #deliver(topic: Topic, from: string, bitmask: Uint8Array, data: Uint8Array): void {
    topic.received++
    this.#received++
    const message = { from, data, topic: bitmask, verified: true, receivedAt: Date.now() } as const
    this.#outbox.push({ listeners: [...topic.listeners], message })
  }
}
