/**
 * What the page does for the client's worker: dial where only the page can (WebRTC, the embedder's own functions), and keep an embedder's
 * own store. Flat calls of plain values; errors go over as values because they lose their class on the way, signals as `cancel`.
 */
import {
  type LightPeer,
  PeerError,
  type PeerErrorCode,
  type PeerHello,
  type ShardAnswer,
  type StateAnswer,
  type StatePeer,
  type StateQuestion,
} from '@petal/core/platform/network.ts'
import {
  type Durability,
  type RangeOptions,
  type Store,
  type StoreEntry,
  StoreError,
  type StoreErrorCode,
  type StoreOperation,
} from '@petal/core/platform/store.ts'

export type Reply<T, Code> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: Code; readonly message: string }

export type PeerReply<T> = Reply<T, PeerErrorCode>
export type StoreReply<T> = Reply<T, StoreErrorCode>
export type Traffic = ReturnType<LightPeer['traffic']>

/** How the page is asked to dial: its WebRTC, or the n-th function among the transports of the embedder. */
export type Way = 'webrtc-direct' | number

/** A peer that the page has connected to, by number. */
export interface PagePeer {
  readonly handle: number
  readonly id: string
  readonly address: string
  readonly transport: string
}

type Dial = (address: string, way: Way, signal: AbortSignal) => Promise<LightPeer>

export class PageServices {
  readonly #dial: Dial
  readonly #store: Store | null
  readonly #peers = new Map<number, LightPeer>()
  readonly #calls = new Map<number, AbortController>()
  #nextHandle = 1

  constructor(dial: Dial, store: Store | null) {
    this.#dial = dial
    this.#store = store
  }

  dial(call: number, address: string, way: Way): Promise<PeerReply<PagePeer>> {
    return this.#run(call, async (signal) => {
      const peer = await this.#dial(address, way, signal)
      if (signal.aborted) {
        await peer.close()
        throw new PeerError('cancelled', 'not wanted any more')
      }
      const handle = this.#nextHandle++
      this.#peers.set(handle, peer)
      return { handle, id: peer.id, address: peer.address, transport: peer.transport }
    })
  }

  hello(call: number, handle: number): Promise<PeerReply<PeerHello>> {
    return this.#run(call, (signal) => this.#peer(handle).hello(signal))
  }

  head(call: number, handle: number): Promise<PeerReply<Uint8Array>> {
    return this.#run(call, (signal) => this.#peer(handle).head(signal))
  }

  headers(call: number, handle: number, from: bigint, count: number): Promise<PeerReply<readonly Uint8Array[]>> {
    return this.#run(call, (signal) => this.#peer(handle).headers(from, count, signal))
  }

  /** `onHead` and `onAlerts` are Comlink proxies. */
  subscribe(
    call: number,
    handle: number,
    onHead: (header: Uint8Array) => void,
    onAlerts?: (alerts: readonly Uint8Array[]) => void,
  ): Promise<PeerReply<void>> {
    const alerted = onAlerts && ((alerts: readonly Uint8Array[]) => void onAlerts(alerts))
    return this.#run(call, (signal) => this.#peer(handle).subscribe((header) => void onHead(header), signal, alerted))
  }

  state(call: number, handle: number, question: StateQuestion): Promise<PeerReply<StateAnswer>> {
    return this.#run(call, (signal) => this.#values(handle).state(question, signal))
  }

  shard(call: number, handle: number, domain: Uint8Array, frame: bigint | null): Promise<PeerReply<ShardAnswer>> {
    return this.#run(call, (signal) => this.#values(handle).shard(domain, frame, signal))
  }

  sync(call: number, handle: number, query: Uint8Array): Promise<PeerReply<Uint8Array>> {
    return this.#run(call, (signal) => this.#values(handle).sync(query, signal))
  }

  traffic(handle: number): Traffic {
    return this.#peers.get(handle)?.traffic() ?? { received: 0, sent: 0 }
  }

  async closePeer(handle: number): Promise<void> {
    const peer = this.#peers.get(handle)
    this.#peers.delete(handle)
    await peer?.close().catch(() => {})
  }

  cancel(call: number): void {
    this.#calls.get(call)?.abort()
  }

  get(key: Uint8Array): Promise<StoreReply<Uint8Array | undefined>> {
    return this.#stored((store) => store.get(key))
  }

  range(options: RangeOptions): Promise<StoreReply<readonly StoreEntry[]>> {
    return this.#stored((store) => Array.fromAsync(store.range(options)))
  }

  batch(operations: readonly StoreOperation[], durability: Durability): Promise<StoreReply<void>> {
    return this.#stored((store) => store.batch(operations, durability))
  }

  /** Closes every peer. The store belongs to the embedder. */
  async close(): Promise<void> {
    for (const call of this.#calls.values()) call.abort()
    await Promise.all([...this.#peers.keys()].map((handle) => this.closePeer(handle)))
  }

  #peer(handle: number): LightPeer {
    const peer = this.#peers.get(handle)
    if (peer === undefined) throw new PeerError('closed', 'the connection was closed')
    return peer
  }

  #values(handle: number): StatePeer {
    const { values } = this.#peer(handle)
    if (values === undefined) throw new PeerError('notFound', 'this transport carries no state')
    return values
  }

  async #run<T>(call: number, work: (signal: AbortSignal) => Promise<T>): Promise<PeerReply<T>> {
    const controller = new AbortController()
    this.#calls.set(call, controller)
    try {
      return { ok: true, value: await work(controller.signal) }
    } catch (error) {
      return { ok: false, code: error instanceof PeerError ? error.code : 'closed', message: textOf(error) }
    } finally {
      this.#calls.delete(call)
    }
  }

  async #stored<T>(work: (store: Store) => Promise<T>): Promise<StoreReply<T>> {
    try {
      if (this.#store === null) throw new StoreError('unavailable', 'the page keeps no store')
      return { ok: true, value: await work(this.#store) }
    } catch (error) {
      return { ok: false, code: error instanceof StoreError ? error.code : 'failed', message: textOf(error) }
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
