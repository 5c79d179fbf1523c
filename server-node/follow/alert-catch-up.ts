/**
 * Asks each neighbour once for the operators' alerts that it serves: gossip brings only what is said while this node runs (spec 53 section 8).
 * Nobody is blamed for an alert that does not verify: this node may have been given another alert key than its neighbours.
 */
import type { FollowedPeer } from './peer.ts'
import type { PeerPool } from './peer-pool.ts'

/** Takes canonical bytes of an alert, from whoever. */
export type AlertJudge = (bytes: Uint8Array) => Promise<unknown>

/** Neighbours of which it is remembered that they were asked; beyond these the oldest may be asked again. */
export const MOST_ASKED = 1_024

export class AlertCatchUp {
  readonly #judge: AlertJudge
  readonly #signal: AbortSignal
  /** Ids, the oldest first: the pool makes a new object of a peer that comes back. */
  readonly #asked = new Set<string>()
  readonly #onFailure: (error: unknown) => void

  /** `onFailure`: an alert could not be kept. */
  constructor(judge: AlertJudge, signal: AbortSignal, onFailure: (error: unknown) => void) {
    this.#judge = judge
    this.#signal = signal
    this.#onFailure = onFailure
  }

  /** Asks the peers of a pool, those that come later too, until the signal fires. */
  follow(pool: Pick<PeerPool, 'peers' | 'onChange'>): void {
    const look = (): void => {
      for (const peer of pool.peers()) void this.#ask(peer)
    }
    this.#signal.addEventListener('abort', pool.onChange(look), { once: true })
    look()
  }

  async #ask(peer: FollowedPeer): Promise<void> {
    if (this.#asked.has(peer.id) || this.#signal.aborted) return
    this.#asked.add(peer.id)
    const [oldest] = this.#asked
    if (this.#asked.size > MOST_ASKED && oldest !== undefined) this.#asked.delete(oldest)
    const alerts = await peer.ask((node, limit) => node.alerts(limit), this.#signal).catch(() => [])
    // The oldest first, so that the newest is the one that was told last.
    for (const alert of alerts.toReversed()) {
      if (this.#signal.aborted) return
      await this.#judge(alert).catch(this.#onFailure)
    }
  }
}
