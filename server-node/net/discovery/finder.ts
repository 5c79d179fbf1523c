/** Runs the rounds of `core/discovery` over Kademlia and libp2p. */
import type { Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  Discovery,
  type DiscoveryEffect,
  type DiscoveryEvent,
  type DiscoveryParams,
} from '@petal/core/discovery/discovery.ts'
import { type Kademlia, namespaceCid } from './kademlia.ts'

export interface FinderOptions {
  readonly node: Libp2p
  readonly kademlia: Kademlia
  readonly network: number
  /** Multiaddrs with peer ids; one without is told of and not dialled, since anybody could answer there. */
  readonly bootstrap: readonly Multiaddr[]
  readonly onNotice?: (message: string) => void
  readonly params?: Partial<DiscoveryParams>
}

/** A query that finds nothing more ends after this time, and a dial. */
const QUERY_MILLIS = 20_000
const DIAL_MILLIS = 10_000
/** Peers dialled at one time. */
const PARALLEL_DIALS = 8
/** Peers that one question may bring. */
const MOST_FOUND = 100

export class PeerFinder {
  readonly #options: FinderOptions
  readonly #machine: Discovery
  readonly #stopping = new AbortController()
  readonly #dialling = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: FinderOptions) {
    this.#options = options
    this.#machine = new Discovery(options.params)
  }

  start(): void {
    const { bootstrap, onNotice } = this.#options
    for (const address of bootstrap.filter((one) => peerOf(one) === undefined))
      onNotice?.(`${address} is not dialled: it does not end with /p2p/ and a peer id`)
    this.#feed({ kind: 'start' })
  }

  /** A gossip mesh has too few peers. */
  shortage(): void {
    this.#feed({ kind: 'shortage', connections: this.#connections() })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await Promise.allSettled(this.#running)
  }

  #feed(event: DiscoveryEvent): void {
    if (this.#stopping.signal.aborted) return
    for (const effect of this.#machine.handle(event, performance.now())) this.#perform(effect)
  }

  #perform(effect: DiscoveryEffect): void {
    const { node, kademlia, network, bootstrap } = this.#options
    switch (effect.kind) {
      case 'wake': {
        clearTimeout(this.#timer)
        const wake = () => this.#feed({ kind: 'wake', connections: this.#connections() })
        this.#timer = setTimeout(wake, Math.max(effect.at - performance.now(), 0)).unref()
        return
      }
      case 'dialBootstrap':
        for (const address of bootstrap) this.#dial(peerOf(address), address)
        return
      case 'provide':
        this.#run(async (signal) => {
          for await (const _ of kademlia.provide(namespaceCid(network), { signal })) signal.throwIfAborted()
        })
        return
      case 'findProviders':
        this.#run(async (signal) => {
          let found = 0
          for await (const event of kademlia.findProviders(namespaceCid(network), { signal })) {
            if (event.name !== 'PROVIDER') continue
            for (const provider of event.providers) {
              if (++found > MOST_FOUND) return
              await this.#meet(provider, effect.most)
            }
          }
        })
        return
      case 'walk':
        this.#run(async (signal) => {
          const key = crypto.getRandomValues(new Uint8Array(32))
          for await (const _ of kademlia.getClosestPeers(key, { signal })) signal.throwIfAborted()
        })
        return
      case 'dialKnown':
        this.#run(async () => {
          const known = await node.peerStore.all({ limit: MOST_FOUND })
          const others = known.filter(({ id, addresses }) => addresses.length > 0 && !node.peerId.equals(id))
          for (const { id } of others) {
            if (this.#connections() + this.#dialling.size >= effect.most) return
            if (node.getConnections(id).length === 0) this.#dial(id.toString(), id)
          }
        })
    }
  }

  /** Keeps the addresses of a peer and dials it, if there is room. */
  async #meet({ id, multiaddrs }: PeerInfo, most: number): Promise<void> {
    const { node } = this.#options
    if (node.peerId.equals(id) || node.getConnections(id).length > 0) return
    await node.peerStore.merge(id, { multiaddrs })
    if (this.#connections() + this.#dialling.size < most) this.#dial(id.toString(), id)
  }

  #dial(peer: string | undefined, target: PeerId | Multiaddr): void {
    const { node } = this.#options
    if (peer === undefined || peer === node.peerId.toString() || this.#dialling.has(peer)) return
    if (this.#dialling.size >= PARALLEL_DIALS) return
    if (node.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer)) return
    this.#dialling.add(peer)
    this.#run(async (signal) => {
      try {
        await node.dial(target, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_MILLIS)]) })
      } finally {
        this.#dialling.delete(peer)
      }
    })
  }

  /** What fails is tried again in a later round. */
  #run(work: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(QUERY_MILLIS)])
    const running = work(signal).catch(() => undefined)
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
  }

  #connections(): number {
    return this.#options.node.getConnections().length
  }
}

/** Peer id at the end of an address. */
export function peerOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}
