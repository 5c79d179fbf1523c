/** Peers of one pull: who may be asked, who was dropped and why, what is on its way. */
import type { Millis } from '../platform/machine.ts'
import type { Range } from './pages.ts'

/** A question that was sent. `range` null: about the root. */
export interface Ask {
  readonly id: number
  readonly peer: string
  readonly range: Range | null
  /** When it is given up; infinite while its leaves are being checked. */
  deadline: Millis
}

export interface PullPeer {
  readonly id: string
  /** Leaves of its tree; undefined until it answered about the root. */
  leaves?: number
  strikes: number
  /** Tells answers of the current attempt from those of an earlier one. */
  readonly asks: Set<number>
}

export class PeerTable {
  readonly #peers = new Map<string, PullPeer>()
  readonly #dropped = new Set<string>()
  readonly #asks = new Map<number, Ask>()
  #nextAsk = 0

  /** False for a peer that is known, or was dropped before. */
  add(id: string): boolean {
    if (this.#peers.has(id) || this.#dropped.has(id)) return false
    this.#peers.set(id, { id, strikes: 0, asks: new Set() })
    return true
  }

  get(id: string): PullPeer | undefined {
    return this.#peers.get(id)
  }

  all(): PullPeer[] {
    return [...this.#peers.values()]
  }

  /** Takes a peer out, for good unless `mayReturn`; answers what it was asked. */
  remove(id: string, mayReturn: boolean): Ask[] {
    const peer = this.#peers.get(id)
    this.#peers.delete(id)
    if (!mayReturn) this.#dropped.add(id)
    return [...(peer?.asks ?? [])].flatMap((ask) => this.take(ask) ?? [])
  }

  open(peer: PullPeer, range: Range | null, deadline: Millis): Ask {
    const ask = { id: this.#nextAsk++, peer: peer.id, range, deadline }
    this.#asks.set(ask.id, ask)
    peer.asks.add(ask.id)
    return ask
  }

  find(id: number): Ask | undefined {
    return this.#asks.get(id)
  }

  /** Ends a question; undefined when it has ended before. */
  take(id: number): Ask | undefined {
    const ask = this.#asks.get(id)
    if (ask === undefined) return undefined
    this.#asks.delete(id)
    this.#peers.get(ask.peer)?.asks.delete(id)
    return ask
  }

  /** Ends all questions about leaves. */
  takeRanges(): Ask[] {
    return [...this.#asks.values()].filter(({ range }) => range !== null).flatMap(({ id }) => this.take(id) ?? [])
  }

  expired(now: Millis): Ask[] {
    return [...this.#asks.values()].filter(({ deadline }) => deadline <= now)
  }

  /** When the next question is given up; infinite without one. */
  nextDeadline(): Millis {
    return [...this.#asks.values()].reduce((least, { deadline }) => Math.min(least, deadline), Number.POSITIVE_INFINITY)
  }
}
