/** Asks some peers for their newest frame when none was heard for a while. */
import { PeerError } from '@petal/core/platform/network.ts'
import type { FollowedPeer } from './peer.ts'
import type { PeerPool } from './peer-pool.ts'
import type { HeaderVerifier, VerifiedHeader } from './verifier.ts'

export const POLL_LIMITS = {
  /** Peers that are asked at a time. */
  polled: 3,
  /** After that many intervals without a frame peers are asked. */
  silentIntervals: 2,
  /** An answer takes at most this long. */
  askMillis: 10_000,
} as const

export interface HeadPollParts {
  readonly pool: Pick<PeerPool, 'peers' | 'failed' | 'lied'>
  readonly verifier: HeaderVerifier
  readonly frameIntervalMillis: number
  /** Number of the newest frame that is known; nothing below it is worth a look. */
  readonly best: () => bigint
  /** A newer frame whose proofs hold. */
  readonly onHead: (header: VerifiedHeader) => void
}

export class HeadPoll {
  readonly #parts: HeadPollParts
  #heardAt = Number.NEGATIVE_INFINITY
  #polledAt = Number.NEGATIVE_INFINITY
  #polls = 0

  constructor(parts: HeadPollParts) {
    this.#parts = parts
  }

  /** A frame came by itself. */
  heard(): void {
    this.#heardAt = performance.now()
  }

  /** There are other peers: the next look asks, whatever was heard. */
  peersChanged(): void {
    this.#polledAt = Number.NEGATIVE_INFINITY
    this.#heardAt = Number.NEGATIVE_INFINITY
  }

  /** Asks when it is time to. Rejects with the reason of the signal. */
  async look(signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const { frameIntervalMillis, pool } = this.#parts
    if (now - this.#heardAt < POLL_LIMITS.silentIntervals * frameIntervalMillis) return
    if (now - this.#polledAt < frameIntervalMillis / 2) return
    this.#polledAt = now
    await Promise.all(this.#next(pool.peers()).map((peer) => this.#ask(peer, signal)))
  }

  /** Some of those that answer best, others each time: any few may be behind. */
  #next(peers: readonly FollowedPeer[]): readonly FollowedPeer[] {
    const best = peers.filter(({ failures }) => failures === peers[0]?.failures)
    const from = best.length === 0 ? 0 : (this.#polls++ * POLL_LIMITS.polled) % best.length
    return [...best.slice(from), ...best.slice(0, from)].slice(0, POLL_LIMITS.polled)
  }

  async #ask(peer: FollowedPeer, signal: AbortSignal): Promise<void> {
    const { pool, verifier, best, onHead } = this.#parts
    try {
      const bytes = await peer.ask((node, limit) => node.head(limit), signal, POLL_LIMITS.askMillis)
      const facts = await verifier.inspect(bytes, signal)
      if (facts === undefined) return pool.lied(peer.id, 'its head cannot be read')
      if (facts.number <= best() || verifier.isAhead(facts)) return
      const judged = await verifier.judge(bytes, facts, signal)
      if ('reason' in judged) pool.lied(peer.id, `frame ${facts.number}: ${judged.reason}`)
      else onHead(judged.header)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PeerError)) throw error
      pool.failed(peer.id)
    }
  }
}
