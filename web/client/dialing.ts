/** From an address to a peer: built-in transports, loaded when first used, or the page's functions. */
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { type LightPeer, type LightTransport, PeerError } from '@petal/core/platform/network.ts'
import type { Remote } from 'comlink'
import type { PageServices } from './page-services.ts'
import { dialByPage } from './remote-peer.ts'
import { BUILT_IN, type BuiltIn, isAvailable, kindOf } from './transports/kinds.ts'
import type { Libp2pDialer } from './transports/libp2p-peer.ts'

/** Transports of a client: names, and how many functions the embedder gave. */
export interface TransportChoice {
  readonly builtIn: readonly BuiltIn[]
  readonly functions: number
}

/** Which addresses a client may dial, what needs least of the browser first. */
export function dialable(addresses: readonly string[], choice: TransportChoice): readonly string[] {
  const rank = (address: string): number => {
    const kind = kindOf(address)
    const place = kind === null ? -1 : BUILT_IN.indexOf(kind)
    return place === -1 ? BUILT_IN.length : place
  }
  return addresses
    .filter((address) => choice.functions > 0 || choice.builtIn.some((kind) => kind === kindOf(address)))
    .sort((a, b) => rank(a) - rank(b))
}

export class Dialing {
  readonly #choice: TransportChoice
  readonly #page: Remote<PageServices>
  readonly #dialers = new Map<BuiltIn, Promise<Libp2pDialer>>()
  #shared: Pick<Libp2pDialer, 'dial'> | null = null

  constructor(choice: TransportChoice, page: Remote<PageServices>) {
    this.#choice = choice
    this.#page = page
  }

  /** Loads what the first address will need most likely, before addresses are known. */
  preload(): void {
    const kind = BUILT_IN.find((one) => this.#choice.builtIn.includes(one))
    const isOwn = this.#choice.functions === 0 && (kind === 'websocket' || kind === 'webtransport')
    if (isOwn && isAvailable(kind, globalThis)) this.#dialer(kind).catch(() => {})
  }

  /** From now on nodes are dialled by this where workers can; null: each transport by a node of its own, whose identity lasts as long as it. */
  share(dialer: Pick<Libp2pDialer, 'dial'> | null): void {
    this.#shared = dialer
  }

  /** Which of the addresses this worker can dial itself. */
  ownAddresses(addresses: readonly string[]): readonly string[] {
    return dialable(addresses, { ...this.#choice, functions: 0 }).filter((address) => {
      const kind = kindOf(address)
      return kind !== null && kind !== 'webrtc-direct' && isAvailable(kind, globalThis)
    })
  }

  /** Dials for a network: by the embedder's functions first, in their order, then by the built-in transport of the address. */
  transport(description: NetworkDescription): LightTransport {
    return (address, signal) => this.#dial(address, description, signal)
  }

  async #dial(address: string, description: NetworkDescription, signal: AbortSignal): Promise<LightPeer> {
    let failure: unknown = new PeerError('dial', 'no transport of this client dials that address')
    for (let way = 0; way < this.#choice.functions; way++) {
      try {
        return await dialByPage(this.#page, address, way, signal)
      } catch (error) {
        failure = error
      }
    }
    const kind = kindOf(address)
    if (kind === null || !this.#choice.builtIn.includes(kind)) throw failure
    if (kind === 'webrtc-direct') return await dialByPage(this.#page, address, kind, signal)
    if (!isAvailable(kind, globalThis)) throw new PeerError('dial', `this browser has no ${kind}`)
    const dialer = this.#shared ?? (await this.#dialer(kind))
    return await dialer.dial(address, description, signal)
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.#dialers.values()].map(async (dialer) => await (await dialer).stop()))
  }

  #dialer(kind: 'websocket' | 'webtransport'): Promise<Libp2pDialer> {
    const started = this.#dialers.get(kind) ?? load(kind)
    this.#dialers.set(kind, started)
    started.catch(() => this.#dialers.delete(kind))
    return started
  }
}

async function load(kind: 'websocket' | 'webtransport'): Promise<Libp2pDialer> {
  if (kind === 'websocket') return await (await import('./transports/websocket.ts')).createWebSocketDialer()
  return await (await import('./transports/webtransport.ts')).createWebTransportDialer()
}
