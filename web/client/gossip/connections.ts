/** Keeps connections of the tab's libp2p node to a few nodes: dials what is known, again when one goes. */
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'

export interface KeepOptions {
  /** Addresses that can be dialled, best first. They may change. */
  readonly addresses: () => readonly string[]
  readonly nodes: number
  /** Default 10 s. */
  readonly dialMillis?: number
  /** Between two looks; default 2 s. */
  readonly lookMillis?: number
}

const DIAL_MILLIS = 10_000
const LOOK_MILLIS = 2_000
/** An address that failed is left alone for the first, then twice as long each time up to the second. */
const FIRST_PAUSE_MILLIS = 1_000
const LONGEST_PAUSE_MILLIS = 60_000

interface Failed {
  readonly until: number
  readonly pause: number
}

export class Connections {
  readonly #node: Libp2p
  readonly #options: KeepOptions
  readonly #stopping = new AbortController()
  readonly #failed = new Map<string, Failed>()
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
      this.#timer = setTimeout(this.#soon, this.#options.lookMillis ?? LOOK_MILLIS)
    })
  }

  async #dialMissing(): Promise<void> {
    const { addresses, nodes } = this.#options
    const { signal } = this.#stopping
    const known = addresses()
    for (const address of this.#failed.keys()) if (!known.includes(address)) this.#failed.delete(address)
    for (const address of known) {
      const connected = new Set(this.#node.getConnections().map(({ remotePeer }) => remotePeer.toString()))
      if (signal.aborted || connected.size >= nodes) return
      const peer = peerOf(address)
      if (peer !== null && connected.has(peer)) continue
      if ((this.#failed.get(address)?.until ?? 0) > Date.now()) continue
      await this.#dial(address)
    }
  }

  async #dial(address: string): Promise<void> {
    const signal = AbortSignal.any([
      this.#stopping.signal,
      AbortSignal.timeout(this.#options.dialMillis ?? DIAL_MILLIS),
    ])
    try {
      await this.#node.dial(multiaddr(address), { signal })
      this.#failed.delete(address)
    } catch {
      const pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * (this.#failed.get(address)?.pause ?? FIRST_PAUSE_MILLIS / 2))
      this.#failed.set(address, { until: Date.now() + pause, pause })
    }
  }
}

/** Peer id at the end of an address. */
const peerOf = (address: string): string | null => /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? null
