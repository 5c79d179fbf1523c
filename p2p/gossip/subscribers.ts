/** Who is told of messages of which topics, and who judges them. */
import type { BitmaskKey, GossipMessage, Verdict } from '@petal/core/gossip/index.ts'
import { bitmaskKey, contains } from '@petal/core/gossip/index.ts'

/** What an application does with messages of a topic. */
export interface Subscriber {
  /** Before a message is passed on. Default: accept. A verdict that fails is `ignore`. */
  validate?(message: GossipMessage, peer: string): Verdict | Promise<Verdict>
  /** Once for each accepted message. */
  deliver(message: GossipMessage, peer: string): void
}

interface Registered {
  readonly bitmask: Uint8Array
  readonly subscribers: Set<Subscriber>
}

export class Subscribers {
  readonly #onError: (error: Error) => void
  readonly #topics = new Map<BitmaskKey, Registered>()

  constructor(onError: (error: Error) => void) {
    this.#onError = onError
  }

  topics(): readonly Uint8Array[] {
    return [...this.#topics.values()].map(({ bitmask }) => bitmask)
  }

  has(bitmask: Uint8Array): boolean {
    return this.#topics.has(bitmaskKey(bitmask))
  }

  add(bitmask: Uint8Array, subscriber: Subscriber): void {
    const key = bitmaskKey(bitmask)
    const topic = this.#topics.get(key) ?? { bitmask: bitmask.slice(), subscribers: new Set() }
    this.#topics.set(key, topic)
    topic.subscribers.add(subscriber)
  }

  /** Answers whether it was the last of its topic. */
  remove(bitmask: Uint8Array, subscriber: Subscriber): boolean {
    const key = bitmaskKey(bitmask)
    const topic = this.#topics.get(key)
    if (!topic?.subscribers.delete(subscriber) || topic.subscribers.size > 0) return false
    return this.#topics.delete(key)
  }

  /** The judgement of a message by all whom it concerns, or null when nobody judges. */
  judgement(message: GossipMessage, peer: string): (() => Promise<Verdict>) | null {
    const judges = [...this.#topics.values()]
      .filter(({ bitmask }) => contains(bitmask, message.bitmask))
      .flatMap(({ subscribers }) => [...subscribers].filter((subscriber) => subscriber.validate !== undefined))
    if (judges.length === 0) return null
    return async () => {
      // Later, so that a judge may call back.
      await Promise.resolve()
      for (const judge of judges) {
        const verdict = (await judge.validate?.(message, peer)) ?? 'accept'
        if (verdict !== 'accept') return verdict
      }
      return 'accept'
    }
  }

  /** `topics`: subscriptions that the message is for. */
  deliver(topics: readonly BitmaskKey[], message: GossipMessage, peer: string): void {
    for (const subscriber of topics.flatMap((key) => [...(this.#topics.get(key)?.subscribers ?? [])])) {
      try {
        subscriber.deliver(message, peer)
      } catch (thrown) {
        this.#onError(thrown instanceof Error ? thrown : new Error(String(thrown)))
      }
    }
  }
}
