/** Keeps connections of the tab's libp2p node to a few nodes: dials what is known, again when one goes. */
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'

export interface KeepOptions {
  /** Addresses that can be dialled, best first. They may change. */
  readonly addresses: () => readonly string[]
  readonly nodes: number
}

const DIAL_MILLIS = 10_000
/** Between two looks. */
const LOOK_MILLIS = 2_000
/** An address that was dialled rests for the first; one that fails rests twice as long each time, up to the second. */
const FIRST_PAUSE_MILLIS = 1_000
const LONGEST_PAUSE_MILLIS = 60_000

interface Dialled {
  /** Not dialled again before. */
  readonly until: number
  readonly pause: number
  /** Whom it led to: an address need not name its peer. */
  readonly peer: string | null
}

export class Connections {
  readonly #node: Libp2p
  readonly #options: KeepOptions
  readonly #stopping = new AbortController()
  readonly #dialled = new Map<string, Dialled>()
  #looking: Promise<void> | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #soon = () => this.#look()

  constructor(node: Libp2p, options: KeepOptions) {
    this.#node = node
    this.#options = options
    node.addEventListener('peer:disconnect', this.#soon)
    this.#look()
  }

  stop(): void {
    this.#stopping.abort()
    this.#node.removeEventListener('peer:disconnect', this.#soon)
    clearTimeout(this.#timer)
  }

  #look(): void {
    this.#looking ??= this.#dialMissing().finally(() => {
      this.#looking = null
      if (this.#stopping.signal.aborted) return
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#soon, LOOK_MILLIS)
    })
  }

  async #dialMissing(): Promise<void> {
    const { addresses, nodes } = this.#options
    const { signal } = this.#stopping
    const known = addresses()
    for (const address of this.#dialled.keys()) if (!known.includes(address)) this.#dialled.delete(address)
    for (const address of known) {
      const connected = new Set(this.#node.getConnections().map(({ remotePeer }) => remotePeer.toString()))
      if (signal.aborted || connected.size >= nodes) return
      const before = this.#dialled.get(address)
      const peer = peerOf(address) ?? before?.peer ?? null
      if (peer !== null && connected.has(peer)) continue
      if ((before?.until ?? 0) > Date.now()) continue
      await this.#dial(address)
    }
  }

  async #dial(address: string): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_MILLIS)])
    const before = this.#dialled.get(address)
    let pause = FIRST_PAUSE_MILLIS / 2
    let peer = before?.peer ?? null
    try {
      const { remotePeer } = await this.#node.dial(multiaddr(address), { signal })
      peer = remotePeer.toString()
    } catch {
      pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * (before?.pause ?? pause))
    }
    // A peer that ends every connection at once is not dialled as fast as it does so.
    this.#dialled.set(address, { until: Date.now() + Math.max(pause, FIRST_PAUSE_MILLIS), pause, peer })
  }
}

/** Peer id at the end of an address. */
const peerOf = (address: string): string | null => /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? null
