/** The tab as a peer inside the client's worker: identity, gossip, listeners. Loaded with the first wish. */

import { GLOBAL_TOPICS } from '@petal/core/gossip/index.ts'
import { peerIdOf, peerIdText } from '@petal/core/identity/peer-id.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import type { LightPeer } from '@petal/core/platform/network.ts'
import { messageOf } from '@petal/p2p/errors.ts'
import { GossipError } from '@petal/p2p/gossip/index.ts'
import { useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import { dialLightPeer, type Greeting } from '@petal/p2p/light-peer.ts'
import { ClientError, clientError } from '../errors.ts'
import { openSealedIdentity, sealIdentity } from '../identity/exported.ts'
import type { IdentityStore } from '../identity/identity-store.ts'
import type { TabIdentity } from '../identity/identity-types.ts'
import { forgottenError, IdentityKeeper } from '../identity/keeper.ts'
import { kindOf } from '../transports/kinds.ts'
import type { Libp2pDialer } from '../transports/libp2p-peer.ts'
import { FrameHints } from './frame-hints.ts'
import { TAB_LIMITS } from './limits.ts'
import { Listening } from './listening.ts'
import { OtherTabs } from './other-tabs.ts'
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

export class PeerHost {
  readonly #parts: PeerHostParts
  readonly #keeper: IdentityKeeper
  readonly #listening: Listening
  readonly #hints: FrameHints
  readonly #others: OtherTabs
  #engine: Promise<FullEngine> | null = null
  #gossip: Promise<TabGossip> | null = null
  #running: TabGossip | null = null
  /** Gossip that is being stopped: only then another one may be connected as the identity. */
  #ending: Promise<void> = Promise.resolve()
  #publishing = 0
  #published = 0
  #stopped = false

  constructor(parts: PeerHostParts) {
    this.#parts = parts
    this.#keeper = new IdentityKeeper(parts.store, () => this.#loadEngine(), Date.now)
    this.#listening = new Listening(parts.deliver)
    this.#hints = new FrameHints(parts.head, parts.verify)
    this.#others = new OtherTabs(parts.store === null, {
      changed: () => void this.#changed(),
      published: (message) => {
        const isOurs = message.network === parts.networkNumber && message.peerId === this.#running?.peerId
        if (isOurs) this.#listening.published(message)
      },
    })
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
    this.#others.close()
    await this.#stopGossip()
    this.#keeper.close()
  }

  async #answer(wish: PeerWish): Promise<PeerAnswers[keyof PeerAnswers]> {
    switch (wish.kind) {
      case 'identity':
        return await this.#another(() => this.#keeper.identity())
      case 'status':
        return await this.#status()
      case 'export':
        return await this.#export(wish.passphrase)
      case 'import': {
        const opened = await openSealedIdentity(wish.file, wish.passphrase)
        return await this.#another(() => this.#keeper.take(opened, wish.replace))
      }
      case 'forget':
        await this.#keeper.forget(wish.peerId)
        this.#listening.clear()
        this.#others.changed()
        await this.#changed()
        return null
      case 'protect':
        return await this.#keeper.protect(wish.passkey)
      case 'lock':
        // Whoever unlocks one that is gone does not ask for another.
        if (await this.#keeper.forgotten()) throw forgottenError()
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

  /** What makes or takes an identity; gossip goes on with it, here and in the other tabs, where somebody listens. */
  async #another(wish: () => Promise<TabIdentity>): Promise<TabIdentity> {
    const before = await this.#keeper.current()
    const identity = await wish()
    if (before?.peerId !== identity.peerId) {
      this.#others.changed()
      await this.#changed()
    }
    return identity
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
      const { service, peerId } = await this.#started()
      const peers = await service.publish(bitmask, data)
      this.#published++
      this.#others.published({ peerId, network: this.#parts.networkNumber, bitmask, data })
      return peers
    } finally {
      this.#publishing--
    }
  }

  async #subscribe(bitmask: Uint8Array, listener: number): Promise<void> {
    this.#listening.add(bitmask, listener)
    try {
      const gossip = await this.#started()
      // Otherwise it ended meanwhile, and the next one listens to it from its start.
      if (gossip === this.#running) this.#listening.attach(gossip)
    } catch (error) {
      this.#unsubscribe(listener)
      throw error
    }
  }

  #unsubscribe(listener: number): void {
    this.#listening.remove(listener)
    if (this.#listening.topics === 0 && this.#publishing === 0) void this.#stopGossip()
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
    const { seed, publicKey } = await this.#keeper.open()
    const peerId = peerIdText(peerIdOf(publicKey))
    const gossip = await startTabGossip({ seed, peerId, networkNumber, addresses, onError })
    this.#running = gossip
    // In a task of its own: listeners of the page have it first.
    gossip.service.subscribe(GLOBAL_TOPICS.frame, {
      deliver: ({ data }, peer) => void setTimeout(() => this.#hints.take(data, peer)),
    })
    this.#listening.attach(gossip)
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
    this.#listening.detach()
  }

  /** The identity is another one, or forgotten: gossip ends, and goes on where somebody listens and there is one. */
  async #changed(): Promise<void> {
    await this.#stopGossip()
    if (this.#listening.topics > 0 && !this.#stopped) await this.#started().catch(() => {})
  }

  async #status(): Promise<GossipStatus> {
    const gossip = this.#running
    const [identity, lock] = [await this.#keeper.current(), await this.#keeper.lock()]
    const connections = gossip?.node.getConnections() ?? []
    const peers = (gossip?.service.peers ?? []).map((id) => {
      const connection = connections.find(({ remotePeer }) => remotePeer.toString() === id)
      return { id, address: connection?.remoteAddr.toString() ?? '' }
    })
    return {
      identity,
      forgotten: identity === null && (await this.#keeper.forgotten()),
      locked: lock !== null,
      running: gossip !== null,
      host: gossip?.host ?? null,
      dialable: this.#parts.addresses().length,
      peers,
      published: this.#published,
      refused: gossip?.refused() ?? 0,
      ...this.#listening.status(gossip),
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

const REFUSALS: Readonly<Record<GossipError['code'], string>> = {
  subscriptions: 'a connection carries 256 topics at most',
  bitmask: 'the topic is too long',
  size: 'the message is too long',
  duplicate: 'the same bytes were published on this topic within the last hour',
  signing: 'it could not be signed',
  stopped: 'gossip was stopped meanwhile',
}

const refusalText = ({ code }: GossipError): string => `Gossip refused it: ${REFUSALS[code]}.`
