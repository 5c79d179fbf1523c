/** What peers may cost one call of the follower: bytes and lies of each, time of each answer, headers of all together. */
import { PeerError } from '../platform/network.ts'
import type { DriverClock } from './driver.ts'
import { FollowError, type FollowLimits, type FollowSource } from './follow-registry-types.ts'

export class FollowBudget {
  readonly #limits: FollowLimits
  readonly #clock: DriverClock
  readonly #bytes = new Map<string, number>()
  readonly #strikes = new Map<string, number>()
  #frames = 0
  #numbers = 0

  constructor(limits: FollowLimits, clock: DriverClock) {
    this.#limits = limits
    this.#clock = clock
  }

  get frames(): number {
    return this.#frames
  }

  /** Bytes that all peers sent. */
  get bytes(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0)
  }

  /** Counts a header that is looked at. Throws `FollowError` `limit`. */
  frame(): void {
    this.#frames += 1
    if (this.#frames > this.#limits.frames)
      throw new FollowError(
        'limit',
        `more than ${this.#limits.frames} headers to look at; ask for a nearer frame first`,
      )
  }

  /** Counts a number that peers are asked about. Throws `FollowError` `limit`. */
  look(): void {
    this.#numbers += 1
    if (this.#numbers > this.#limits.numbers)
      throw new FollowError(
        'limit',
        `more than ${this.#limits.numbers} frames to ask for; ask for a nearer frame first`,
      )
  }

  strike(peer: string): void {
    this.#strikes.set(peer, (this.#strikes.get(peer) ?? 0) + 1)
  }

  /** Those that may be asked, with their answers counted and timed. Throws `FollowError` `limit` when all that are left have sent too much. */
  sources(peers: readonly FollowSource[], signal: AbortSignal): readonly FollowSource[] {
    const believed = peers.filter(({ id }) => (this.#strikes.get(id) ?? 0) < this.#limits.strikes)
    const allowed = believed.filter(({ id }) => (this.#bytes.get(id) ?? 0) < this.#limits.bytesPerPeer)
    if (believed.length > 0 && allowed.length === 0)
      throw new FollowError(
        'limit',
        `more than ${this.#limits.bytesPerPeer} bytes of one node; ask for a nearer frame first`,
      )
    return allowed.map((peer): FollowSource => {
      const { id, address, values } = peer
      const headers: FollowSource['headers'] = (from, count, asked) =>
        this.#counted(id, [signal, asked], (both) => peer.headers(from, count, both), sizeOfAll)
      if (values === undefined) return { id, address, headers }
      const sync = (query: Uint8Array, asked: AbortSignal) =>
        this.#counted(id, [signal, asked], (both) => values.sync(query, both), sizeOf)
      return { id, address, headers, values: { state: values.state, shard: values.shard, sync } }
    })
  }

  /** Ends in time also where the peer does not heed the signal. */
  async #counted<T>(
    id: string,
    signals: readonly AbortSignal[],
    ask: (signal: AbortSignal) => Promise<T>,
    size: (answer: T) => number,
  ): Promise<T> {
    const spent = this.#bytes.get(id) ?? 0
    if (spent >= this.#limits.bytesPerPeer) throw new PeerError('limited', `it sent ${spent} bytes, more are not taken`)
    const timer = new AbortController()
    const calledOff = this.#clock.at(this.#clock.now() + this.#limits.askMillis, () =>
      timer.abort(new PeerError('timeout', `no answer in ${this.#limits.askMillis} ms`)),
    )
    const ended = AbortSignal.any([...signals, timer.signal])
    const over = Promise.withResolvers<never>()
    const end = () => over.reject(ended.reason)
    ended.addEventListener('abort', end, { once: true })
    try {
      ended.throwIfAborted()
      const answer = await Promise.race([ask(ended).catch(withCode), over.promise])
      this.#bytes.set(id, (this.#bytes.get(id) ?? 0) + size(answer))
      return answer
    } finally {
      calledOff()
      ended.removeEventListener('abort', end)
    }
  }
}

/** Whatever else a transport rejects with means that this peer did not answer. */
function withCode(error: unknown): never {
  if (error instanceof PeerError) throw error
  throw new PeerError('closed', error instanceof Error ? error.message : String(error), { cause: error })
}

const sizeOf = (bytes: Uint8Array): number => bytes.length
const sizeOfAll = (list: readonly Uint8Array[]): number => list.reduce((sum, bytes) => sum + bytes.length, 0)
