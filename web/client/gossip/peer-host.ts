/** The tab as a peer inside the client's worker: identity, gossip, listeners. Loaded with the first wish. */

import { bitmaskKey, GLOBAL_TOPICS, type GossipMessage } from '@petal/core/gossip/index.ts'
import { base58Encode } from '@petal/core/identity/base58.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
import { messageOf } from '@petal/p2p/errors.ts'
import { GossipError, type Subscriber } from '@petal/p2p/gossip/index.ts'
import { useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import { dialLightPeer, type Greeting } from '@petal/p2p/light-peer.ts'
import { ClientError, clientError } from '../errors.ts'
import { openSealedIdentity, sealIdentity } from '../identity/exported.ts'
import type { IdentityStore } from '../identity/identity-store.ts'
import { IdentityKeeper } from '../identity/keeper.ts'
import { kindOf } from '../transports/kinds.ts'
import type { Libp2pDialer } from '../transports/libp2p-peer.ts'
import { FrameHints } from './frame-hints.ts'
import { TAB_LIMITS } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { GossipStatus } from './peer-types.ts'
import { startTabGossip, type TabGossip } from './tab-gossip.ts'
import type { OnDeliveries, PeerAnswers, PeerOutcome, PeerWish } from './wishes.ts'

export interface PeerHostParts {
  /** Null: the identity is kept in memory. */
  readonly store: IdentityStore | null
  /** Loaded once, when a key is made, opened or used. */
  readonly engine: () => Promise<FullEngine>
  readonly networkNumber: number
  /** Addresses that can be dialled from here, best first. */
  readonly addresses: () => readonly string[]
  /** Number of the newest verified frame. */
  readonly head: () => bigint | null
  /** Takes a header in when it verifies. */
  readonly verify: (header: Uint8Array) => Promise<unknown>
  readonly deliver: OnDeliveries
  /** Light peers are dialled by this from now on, over the connections of the tab; null: as before. */
  readonly share: (dialer: Pick<Libp2pDialer, 'dial'> | null) => void
  readonly onError: (error: Error) => void
  /** Lower in tests only: cost of the derivation of an export. */
  readonly log2N?: number
}

interface Topic {
  readonly bitmask: Uint8Array
  readonly listeners: Set<number>
  received: number
  readonly subscriber: Subscriber
  end: (() => void) | null
}

/** Tabs of an origin tell each other that the identity is another one now. */
const CHANNEL = 'petal-identity'

export class PeerHost {
  readonly #parts: PeerHostParts
  readonly #keeper: IdentityKeeper
  readonly #outbox: Outbox
  readonly #hints: FrameHints
  readonly #topics = new Map<string, Topic>()
  readonly #others: BroadcastChannel | null
  #engine: Promise<FullEngine> | null = null
  #gossip: Promise<TabGossip> | null = null
  #running: TabGossip | null = null
  /** Gossip that is being stopped: only then another one may be connected as the identity. */
  #ending: Promise<void> = Promise.resolve()
  #publishing = 0
  #published = 0
  #received = 0
  #stopped = false

  constructor(parts: PeerHostParts) {
    this.#parts = parts
    this.#keeper = new IdentityKeeper(parts.store, () => this.#loadEngine(), Date.now)
    this.#outbox = new Outbox(parts.deliver)
    this.#hints = new FrameHints(parts.head, parts.verify)
    this.#others =
      parts.store === null || typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL)
    this.#others?.addEventListener('message', () => void this.#changed(false))
  }

  async ask(wish: PeerWish): Promise<PeerOutcome> {
    try {
      if (this.#stopped) throw clientError('stopped', 'The client was stopped.')
      return { kind: 'done', answer: await this.#answer(wish) }
    } catch (error) {
      if (error instanceof ClientError) return { kind: 'failed', code: error.code, reason: error.message }
      if (error instanceof GossipError) return { kind: 'failed', code: 'gossip', reason: refusalText(error) }
      return { kind: 'failed', code: 'engine', reason: `This tab cannot be a peer: ${messageOf(error)}` }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#others?.close()
    await this.#stopGossip()
    this.#keeper.close()
  }

  async #answer(wish: PeerWish): Promise<PeerAnswers[keyof PeerAnswers]> {
    switch (wish.kind) {
      case 'identity':
        return await this.#keeper.identity()
      case 'status':
        return await this.#status()
      case 'export':
        return await this.#export(wish.passphrase)
      case 'import': {
        const opened = await openSealedIdentity(wish.file, wish.passphrase)
        const before = await this.#keeper.current()
        const taken = await this.#keeper.take(opened, wish.replace)
        if (before?.peerId !== taken.peerId) await this.#changed(true)
        return taken
      }
      case 'forget':
        await this.#keeper.forget(wish.peerId)
        this.#topics.clear()
        await this.#changed(true)
        return null
      case 'protect':
        return await this.#keeper.protect(wish.passkey)
      case 'lock':
        return await this.#keeper.lock()
      case 'unlock':
        return await this.#keeper.unlock(wish.key)
      case 'publish':
        return await this.#publish(wish.bitmask, wish.data)
      case 'subscribe':
        await this.#subscribe(wish.bitmask, wish.listener)
        return null
      case 'unsubscribe':
        this.#unsubscribe(wish.listener)
        return null
    }
  }

  async #export(passphrase: string): Promise<Uint8Array> {
    const { seed, publicKey } = await this.#keeper.open()
    try {
      return await sealIdentity(seed, publicKey, passphrase, this.#parts.log2N)
    } finally {
      seed.fill(0)
    }
  }

  async #publish(bitmask: Uint8Array, data: Uint8Array): Promise<number> {
    if (this.#publishing >= TAB_LIMITS.publishing)
      throw clientError('gossip', `Not published: ${TAB_LIMITS.publishing} messages are on their way already.`)
    this.#publishing++
    try {
      const { service } = await this.#started()
      const peers = await service.publish(bitmask, data)
      this.#published++
      return peers
    } finally {
      this.#publishing--
    }
  }

  async #subscribe(bitmask: Uint8Array, listener: number): Promise<void> {
    const key = bitmaskKey(bitmask)
    const listeners = [...this.#topics.values()].reduce((sum, topic) => sum + topic.listeners.size, 0)
    if (listeners >= TAB_LIMITS.listeners || (!this.#topics.has(key) && this.#topics.size >= TAB_LIMITS.topics))
      throw clientError(
        'gossip',
        `A tab listens to ${TAB_LIMITS.topics} topics with ${TAB_LIMITS.listeners} listeners at most.`,
      )
    const topic = this.#topics.get(key) ?? this.#topic(bitmask)
    topic.listeners.add(listener)
    this.#topics.set(key, topic)
    try {
      const { service } = await this.#started()
      if (topic.listeners.has(listener)) topic.end ??= service.subscribe(bitmask, topic.subscriber)
    } catch (error) {
      this.#unsubscribe(listener)
      throw error
    }
  }

  #topic(bitmask: Uint8Array): Topic {
    const listeners = new Set<number>()
    const subscriber: Subscriber = {
      // Longer ones would be copied to the page at once: nobody is blamed, they are legal.
      validate: ({ data }) => (data.length > TAB_LIMITS.messageBytes ? 'ignore' : 'accept'),
      deliver: (message) => {
        topic.received++
        this.#received++
        this.#outbox.push({ listeners: [...listeners], message: shown(message) })
      },
    }
    const topic: Topic = { bitmask, listeners, received: 0, subscriber, end: null }
    return topic
  }

  #unsubscribe(listener: number): void {
    for (const [key, topic] of this.#topics) {
      if (!topic.listeners.delete(listener) || topic.listeners.size > 0) continue
      topic.end?.()
      this.#topics.delete(key)
    }
    if (this.#topics.size === 0 && this.#publishing === 0) void this.#stopGossip()
  }

  /** Gossip, started when it is not. */
  #started(): Promise<TabGossip> {
    if (this.#gossip === null) {
      const starting = this.#start()
      this.#gossip = starting
      starting.catch(() => {
        if (this.#gossip === starting) this.#gossip = null
      })
    }
    return this.#gossip
  }

  async #start(): Promise<TabGossip> {
    const { addresses, networkNumber, onError } = this.#parts
    await this.#ending
    useEngineForHostKeys(await this.#loadEngine())
    const { seed } = await this.#keeper.open()
    const identity = await this.#keeper.identity()
    const gossip = await startTabGossip({ seed, peerId: identity.peerId, networkNumber, addresses, onError })
    this.#running = gossip
    // In a task of its own: listeners of the page have it first.
    gossip.service.subscribe(GLOBAL_TOPICS.frame, {
      deliver: ({ data }, peer) => void setTimeout(() => this.#hints.take(data, peer)),
    })
    for (const topic of this.#topics.values()) topic.end = gossip.service.subscribe(topic.bitmask, topic.subscriber)
    this.#parts.share({ dial: (...asked) => dialShared(gossip, ...asked) })
    return gossip
  }

  #stopGossip(): Promise<void> {
    const stopping = this.#gossip
    this.#gossip = null
    this.#leave()
    const before = this.#ending
    const end = async (): Promise<void> => {
      await before
      const running = await stopping?.catch(() => null)
      // It may have started only now.
      this.#leave()
      await running?.stop()
    }
    this.#ending = end()
    return this.#ending
  }

  /** Nothing uses gossip that is being stopped. */
  #leave(): void {
    this.#running = null
    this.#parts.share(null)
    for (const topic of this.#topics.values()) topic.end = null
  }

  /** The identity is another one: gossip goes on with it where somebody listens. */
  async #changed(here: boolean): Promise<void> {
    if (here) this.#others?.postMessage('changed')
    await this.#stopGossip()
    if (this.#topics.size > 0 && !this.#stopped) await this.#started().catch(() => {})
  }

  async #status(): Promise<GossipStatus> {
    const gossip = this.#running
    const [identity, lock] = [await this.#keeper.current(), await this.#keeper.lock()]
    const connections = gossip?.node.getConnections() ?? []
    const peers = (gossip?.service.peers ?? []).map((id) => {
      const connection = connections.find(({ remotePeer }) => remotePeer.toString() === id)
      return { id, address: connection?.remoteAddr.toString() ?? '' }
    })
    const topics = [...this.#topics].map(([bitmask, topic]) => ({
      bitmask,
      mesh: gossip?.service.meshOf(topic.bitmask).length ?? 0,
      received: topic.received,
    }))
    return {
      identity,
      locked: lock !== null,
      running: gossip !== null,
      host: gossip?.host ?? null,
      peers,
      topics,
      published: this.#published,
      received: this.#received,
      dropped: this.#outbox.dropped,
      refused: gossip?.refused() ?? 0,
    }
  }

  #loadEngine(): Promise<FullEngine> {
    if (this.#engine === null) {
      const loading = this.#parts.engine()
      this.#engine = loading
      loading.catch(() => {
        this.#engine = null
      })
    }
    return this.#engine
  }
}

/** A light peer over the connection that gossip has, or a new one of the same node. */
function dialShared({ node }: TabGossip, address: string, greeting: Greeting, signal: AbortSignal): Promise<LightPeer> {
  return dialLightPeer(node, kindOf(address) ?? '', address, greeting, signal, { shared: true })
}

function shown({ from, data, bitmask }: GossipMessage) {
  return { from: base58Encode(from), data, topic: bitmask, verified: true, receivedAt: Date.now() } as const
}

const REFUSALS: Readonly<Record<GossipError['code'], string>> = {
  subscriptions: 'a connection carries 256 topics at most',
  bitmask: 'the topic is too long',
  size: 'the message is too long',
  duplicate: 'the same bytes were published on this topic within the last hour',
  signing: 'it could not be signed',
  stopped: 'gossip was stopped meanwhile',
}

const refusalText = ({ code }: GossipError): string => `Gossip refused it: ${REFUSALS[code]}.`
