/** How many streams a server holds, for whom and how long (spec 22 section 3, H-07). */
import type { Millis } from '../platform/machine.ts'

export interface StreamLimits {
  readonly perPeer: number
  readonly overall: number
  readonly streamMillis: Millis
  readonly idleMillis: Millis
}

export const STREAM_LIMITS: StreamLimits = {
  perPeer: 10,
  overall: 200,
  streamMillis: 30 * 60_000,
  idleMillis: 10 * 60_000,
}

/** A stream that was let in. */
export type StreamTicket = number

interface OpenStream {
  readonly peer: string
  readonly opened: Millis
  used: Millis
}

export class StreamBook {
  readonly #limits: StreamLimits
  readonly #streams = new Map<StreamTicket, OpenStream>()
  readonly #perPeer = new Map<string, number>()
  #next = 0

  constructor(limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...STREAM_LIMITS, ...limits }
  }

  /** Null when the peer or the server has as many as it may. `unlimited`: a worker of this node's own. */
  admit(peer: string, now: Millis, unlimited = false): StreamTicket | null {
    const held = this.#perPeer.get(peer) ?? 0
    if (!unlimited && (held >= this.#limits.perPeer || this.#streams.size >= this.#limits.overall)) return null
    const ticket = this.#next++
    this.#streams.set(ticket, { peer, opened: now, used: now })
    this.#perPeer.set(peer, held + 1)
    return ticket
  }

  /** A query came on the stream. */
  use(ticket: StreamTicket, now: Millis): void {
    const stream = this.#streams.get(ticket)
    if (stream) stream.used = now
  }

  end(ticket: StreamTicket): void {
    const stream = this.#streams.get(ticket)
    if (stream === undefined) return
    this.#streams.delete(ticket)
    const left = (this.#perPeer.get(stream.peer) ?? 1) - 1
    if (left === 0) this.#perPeer.delete(stream.peer)
    else this.#perPeer.set(stream.peer, left)
  }

  /** Streams to close: too old, or idle too long. */
  expired(now: Millis): StreamTicket[] {
    const { streamMillis, idleMillis } = this.#limits
    return [...this.#streams]
      .filter(([, { opened, used }]) => now - opened >= streamMillis || now - used >= idleMillis)
      .map(([ticket]) => ticket)
  }
}
