/**
 * The peers that frames and state are got from: whoever is connected and speaks the light protocol. The ones that were named are dialled until
 * they are there; the ones that lied are not asked for a while. Where more are connected than are kept, the others wait: one takes the place of a
 * peer that is of no use at once, and of whoever was kept longest from time to time.
 */
import type { Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLightPeer } from '@petal/core/light/light-peer.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { type Greeting, lightStream } from '@petal/p2p/light-peer.ts'
import { peerOfAddress } from './join-target.ts'
import { FollowedPeer } from './peer.ts'

export const POOL_LIMITS = {
  /** A peer that lied is not asked for this long. */
  banMillis: 10 * 60_000,
  /** Peers whose lies are remembered. */
  banned: 1_024,
  /** Peers that are kept to be asked. */
  peers: 32,
  /** Connected peers beyond these that wait. */
  waiting: 1_024,
  /** A peer that did not answer so many questions in a row is of no use. */
  failures: 3,
  /** After this time another one of those that wait is kept. */
  rotateMillis: 30_000,
  dialMillis: 10_000,
  /** Between two tries to reach a named peer: the first, and the longest. */
  redialMillis: 1_000,
  mostRedialMillis: 15_000,
} as const

export interface PeerPoolOptions {
  readonly node: Libp2p
  readonly greeting: Greeting
  /** Addresses with peer ids. */
  readonly named: readonly string[]
  readonly onLie: (peer: string, reason: string) => void
}

export class PeerPool {
  readonly #options: PeerPoolOptions
  /** The one kept for longest first. */
  readonly #peers = new Map<string, FollowedPeer>()
  /** Connected and not kept; the one that waits for longest first. */
  readonly #waiting = new Map<string, PeerId>()
  readonly #banned = new Map<string, number>()
  readonly #named = new Map<string, Multiaddr[]>()
  readonly #listeners = new Set<() => void>()
  readonly #stopping = new AbortController()
  readonly #dialling = new Map<string, Promise<void>>()
  #topology: string | undefined
  #rotation: NodeJS.Timeout | undefined

  constructor(options: PeerPoolOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { node, named } = this.#options
    this.#topology = await node.register(LIGHT_PROTOCOL, {
      onConnect: (peer) => this.#add(peer),
      onDisconnect: (peer) => this.#remove(peer.toString()),
    })
    for (const peer of node.getPeers()) {
      const known = await node.peerStore.get(peer).catch(() => undefined)
      if (known?.protocols.includes(LIGHT_PROTOCOL)) this.#add(peer)
    }
    this.name(named)
    this.#rotation = setInterval(() => this.#exchange(true), POOL_LIMITS.rotateMillis).unref()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#rotation)
    if (this.#topology !== undefined) this.#options.node.unregister(this.#topology)
    await Promise.all(this.#dialling.values())
    await Promise.all([...this.#peers.values()].map((peer) => peer.close()))
    this.#peers.clear()
    this.#waiting.clear()
  }

  /** Dials these addresses too until their peers are there. What is none is nobody to dial: descriptions are anybody's text. */
  name(addresses: readonly string[]): void {
    for (const address of addresses) {
      const peer = peerIn(address)
      if (peer === undefined || peer === this.#options.node.peerId.toString()) continue
      const at = multiaddr(address)
      const known = this.#named.get(peer) ?? []
      if (!known.some((other) => other.equals(at))) this.#named.set(peer, [...known, at])
      if (!this.#dialling.has(peer)) this.#dialling.set(peer, this.#keepDialling(peer))
    }
  }

  /** Peers to ask, best first. */
  peers(): readonly FollowedPeer[] {
    return [...this.#peers.values()].filter(({ id }) => !this.#isBanned(id)).sort((a, b) => a.failures - b.failures)
  }

  /** A peer that may be asked, by its id. */
  get(id: string): FollowedPeer | undefined {
    return this.#isBanned(id) ? undefined : this.#peers.get(id)
  }

  /** Calls back when peers come or go until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The peer did not answer, or not with what was asked for. */
  failed(id: string): void {
    const peer = this.#peers.get(id)
    if (peer === undefined) return
    peer.failures++
    this.#exchange(false)
  }

  /** What the peer sent is false: it is not asked any more. */
  lied(id: string, reason: string): void {
    if (this.#isBanned(id)) return
    if (this.#banned.size >= POOL_LIMITS.banned) {
      const [oldest] = this.#banned.keys()
      if (oldest !== undefined) this.#banned.delete(oldest)
    }
    this.#banned.set(id, Date.now() + POOL_LIMITS.banMillis)
    this.#options.onLie(id, reason)
    this.#exchange(false)
    this.#changed()
  }

  #isBanned(id: string): boolean {
    const until = this.#banned.get(id)
    if (until === undefined) return false
    if (until > Date.now()) return true
    this.#banned.delete(id)
    return false
  }

  #add(peerId: PeerId): void {
    const id = peerId.toString()
    if (this.#stopping.signal.aborted || this.#peers.has(id)) return
    if (this.#peers.size < POOL_LIMITS.peers || this.#named.has(id)) {
      this.#keep(id, peerId)
      return
    }
    if (this.#waiting.size < POOL_LIMITS.waiting) this.#waiting.set(id, peerId)
    this.#exchange(false)
  }

  #keep(id: string, peerId: PeerId): void {
    const { node, greeting } = this.#options
    const peer = createLightPeer({
      id,
      address: id,
      transport: 'libp2p',
      ...greeting,
      openStream: async (signal) => lightStream(await node.dialProtocol(peerId, LIGHT_PROTOCOL, { signal })),
      // The connection belongs to the node.
      close: async () => undefined,
    })
    this.#waiting.delete(id)
    this.#peers.set(id, new FollowedPeer(peer))
    this.#changed()
  }

  #remove(id: string): void {
    this.#waiting.delete(id)
    void this.#peers.get(id)?.close()
    this.#peers.delete(id)
    this.#changed()
    this.#exchange(false)
  }

  /** Keeps the peer that waits for longest, where there is room for it; `inTurn`: in the place of whoever was kept longest if nobody is useless. */
  #exchange(inTurn: boolean): void {
    const next = [...this.#waiting].find(([id]) => !this.#isBanned(id))
    if (next === undefined) return
    if (this.#peers.size >= POOL_LIMITS.peers) {
      const exchangeable = [...this.#peers.values()].filter(({ id, isAsked }) => !this.#named.has(id) && !isAsked)
      const useless = exchangeable.filter(({ id, failures }) => this.#isBanned(id) || failures >= POOL_LIMITS.failures)
      const [out] = inTurn ? [...useless, ...exchangeable.filter(({ isBusy }) => !isBusy)] : useless
      if (out === undefined) return
      this.#release(out)
    }
    this.#keep(...next)
  }

  /** It stays connected, and waits behind the others. */
  #release(peer: FollowedPeer): void {
    this.#peers.delete(peer.id)
    void peer.close()
    const connected = this.#options.node.getPeers().find((other) => other.toString() === peer.id)
    if (connected !== undefined) this.#waiting.set(peer.id, connected)
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  async #keepDialling(peer: string): Promise<void> {
    const { node } = this.#options
    const { signal } = this.#stopping
    let pause: number = POOL_LIMITS.redialMillis
    while (!signal.aborted) {
      const connected = node.getPeers().find((other) => other.toString() === peer)
      if (connected !== undefined) {
        // It may have been met while it was starting, before it said what it speaks.
        this.#add(connected)
        pause = POOL_LIMITS.redialMillis
      } else {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(POOL_LIMITS.dialMillis)])
        const reached = await node.dial(this.#named.get(peer) ?? [], { signal: limit }).then(
          () => true,
          () => false,
        )
        pause = reached ? POOL_LIMITS.redialMillis : Math.min(2 * pause, POOL_LIMITS.mostRedialMillis)
      }
      await pauseUnless(signal, pause)
    }
  }
}

function peerIn(address: string): string | undefined {
  try {
    return peerOfAddress(address)
  } catch {
    return undefined
  }
}

/** Resolves after a time, or at once when the signal fires. */
export function pauseUnless(signal: AbortSignal, millis: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, millis)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
