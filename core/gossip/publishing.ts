/** Own messages: numbered, signed by the identity of the node, then sent. */
import type { Millis } from '../platform/machine.ts'
import type { JobKey, RefusalCode } from './events.ts'
import { type MessageDigest, messageDigest, messageOf, seqnoBytes, signingPayload } from './message.ts'
import type { Routes } from './routes.ts'
import { RPC_LIMITS } from './rpc.ts'
import type { GossipState } from './state.ts'
import type { Topic } from './subscriptions.ts'

interface Unsigned {
  readonly publish: number
  readonly topic: Topic
  readonly digest: MessageDigest
  readonly data: Uint8Array
  readonly seqno: Uint8Array
  readonly since: Millis
}

export class Publishing {
  readonly #state: GossipState
  readonly #routes: Routes
  readonly #jobs = new Map<JobKey, Unsigned>()
  /** Own messages that went to nobody: they may be published again. */
  readonly #unheard = new Set<string>()
  #seqno: bigint

  constructor(state: GossipState, routes: Routes) {
    this.#state = state
    this.#routes = routes
    this.#seqno = state.config.firstSeqno
  }

  publish(publish: number, bitmask: Uint8Array, data: Uint8Array): void {
    const { limits, identity } = this.#state.config
    const refuse = (code: RefusalCode): void => {
      this.#state.effects.push({ kind: 'publishRefused', publish, code })
    }
    if (bitmask.length > RPC_LIMITS.bitmaskBytes) {
      refuse('bitmask')
      return
    }
    if (data.length > RPC_LIMITS.frameBytes - RPC_LIMITS.overheadBytes) {
      refuse('size')
      return
    }
    if (this.#jobs.size >= limits.pendingSignatures) {
      refuse('signing')
      return
    }
    const topic = this.#state.subscriptions.topicOf(bitmask)
    const digest = messageDigest(data)
    if (this.#isDuplicate(digest, topic)) {
      refuse('duplicate')
      return
    }
    const seqno = seqnoBytes(this.#seqno++)
    const job = this.#state.newJob()
    this.#jobs.set(job, { publish, topic, digest, data, seqno, since: this.#state.now })
    const payload = signingPayload({ from: identity.peerId, data, seqno, bitmask })
    this.#state.effects.push({ kind: 'sign', job, payload })
  }

  onSigned(job: JobKey, signature: Uint8Array | null): void {
    const state = this.#state
    const unsigned = this.#jobs.get(job)
    if (unsigned === undefined) return
    this.#jobs.delete(job)
    const { publish, topic, digest, data, seqno } = unsigned
    if (signature === null || this.#isDuplicate(digest, topic)) {
      const code = signature === null ? 'signing' : 'duplicate'
      state.effects.push({ kind: 'publishRefused', publish, code })
      return
    }
    const { peerId, key } = state.config.identity
    const message = messageOf({ from: peerId, data, seqno, bitmask: topic.bitmask, signature, key })
    state.seen.add(digest, topic.key, state.now)
    state.wants.came(digest)
    state.cache.put(message, digest, topic, state.tick)
    const peers = this.#routes.publish(message, digest, topic)
    this.#note(digest, topic, peers > 0)
    state.effects.push({ kind: 'published', publish, peers })
  }

  #isDuplicate(digest: MessageDigest, topic: Topic): boolean {
    return this.#state.seen.has(digest, topic.key) && !this.#unheard.has(`${digest} ${topic.key}`)
  }

  #note(digest: MessageDigest, topic: Topic, heard: boolean): void {
    const key = `${digest} ${topic.key}`
    this.#unheard.delete(key)
    if (heard) return
    this.#unheard.add(key)
    const [oldest] = this.#unheard
    if (this.#unheard.size > this.#state.config.limits.pendingSignatures && oldest !== undefined)
      this.#unheard.delete(oldest)
  }

  /** Heartbeat: signatures that never came. */
  sweep(): void {
    const { now, config, effects } = this.#state
    for (const [job, { publish, since }] of this.#jobs) {
      if (now - since < config.limits.judgementMillis) return
      this.#jobs.delete(job)
      effects.push({ kind: 'publishRefused', publish, code: 'signing' })
    }
  }
}
