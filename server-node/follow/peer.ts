/** One peer that is asked for frames and state: patience with it, and what it got wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type NodePeer, PeerError } from '@petal/core/platform/network.ts'

export const PEER_LIMITS = {
  /** An answer takes at most this long, waits for its rate limit included. */
  askMillis: 10_000,
  /** Pause after the peer said that it is asked too often; each later one of a question is twice as long, up to the most. */
  pauseMillis: 250,
  mostPauseMillis: 4_000,
  /** After an answer the next question of the same work may still come for this long. */
  betweenMillis: 2_000,
} as const

export class FollowedPeer {
  readonly id: string
  /** Questions in a row that it did not answer. */
  failures = 0
  #asking = 0
  /** When the last question ended. */
  #askedAt = Number.NEGATIVE_INFINITY
  readonly #peer: NodePeer

  constructor(peer: NodePeer) {
    this.id = peer.id
    this.#peer = peer
  }

  /** It is being asked something. */
  get isAsked(): boolean {
    return this.#asking > 0
  }

  /** It is being asked something, or was a moment ago: whoever copies from it asks again and again. */
  get isBusy(): boolean {
    return this.isAsked || performance.now() - this.#askedAt < PEER_LIMITS.betweenMillis
  }

  /** Asks, again and again while the peer wants to be asked less often. Rejects with `PeerError`, or with the reason of the signal. */
  async ask<T>(
    question: (peer: NodePeer, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    millis: number = PEER_LIMITS.askMillis,
  ): Promise<T> {
    this.#asking++
    try {
      return await this.#askUntil(question, signal, AbortSignal.any([signal, AbortSignal.timeout(millis)]))
    } finally {
      this.#asking--
      this.#askedAt = performance.now()
    }
  }

  async #askUntil<T>(
    question: (peer: NodePeer, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    limit: AbortSignal,
  ): Promise<T> {
    for (let pause: number = PEER_LIMITS.pauseMillis; ; pause = Math.min(2 * pause, PEER_LIMITS.mostPauseMillis)) {
      try {
        const answer = await question(this.#peer, limit)
        this.failures = 0
        return answer
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof PeerError && error.code === 'limited') || limit.aborted) throw error
        await sleep(pause, undefined, { signal: limit }).catch(() => {
          signal.throwIfAborted()
          throw error
        })
      }
    }
  }

  close(): Promise<void> {
    return this.#peer.close()
  }
}
