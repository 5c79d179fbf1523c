/** Connections of the light driver: dials, asks and leaves peers as the machine says, and lends those that said hello to who reads state. */
import { type LightPeer, type LightTransport, PeerError } from '../platform/network.ts'
import type { DriverClock } from './driver.ts'
import type { Answer, LightEffect, LightEvent, LightPeerState, PeerKey } from './events.ts'
import type { FollowSource } from './follow-registry-types.ts'
import { ASK_TIMEOUT_MILLIS } from './policy.ts'
import type { StateSource } from './state-reads.ts'

export interface DriverPeersParts {
  readonly transport: LightTransport
  readonly clock: DriverClock
  send(event: LightEvent): void
  /** Whether peers are asked for alerts. */
  readonly alerts: boolean
}

type Effect<K extends LightEffect['kind']> = Extract<LightEffect, { kind: K }>

export class DriverPeers {
  readonly #parts: DriverPeersParts
  readonly #peers = new Map<PeerKey, { peer: LightPeer | null; readonly stop: AbortController }>()

  constructor(parts: DriverPeersParts) {
    this.#parts = parts
  }

  async dial({ peer: key, address, timeoutMillis }: Effect<'dial'>): Promise<void> {
    const stop = new AbortController()
    this.#peers.set(key, { peer: null, stop })
    const { signal, done } = this.#timed(timeoutMillis, stop.signal)
    try {
      const peer = await this.#parts.transport(address, signal)
      const place = this.#peers.get(key)
      if (place === undefined) {
        await peer.close()
        return
      }
      place.peer = peer
      this.#parts.send({ kind: 'connected', peer: key, id: peer.id, transport: peer.transport })
    } catch (error) {
      this.#peers.delete(key)
      this.#parts.send({ kind: 'dialFailed', peer: key, reason: reasonOf(error) })
    } finally {
      done()
    }
  }

  hangUp(key: PeerKey): void {
    const place = this.#peers.get(key)
    this.#peers.delete(key)
    place?.stop.abort()
    void place?.peer?.close().catch(() => {})
  }

  async ask({ ask, peer: key, question, timeoutMillis }: Effect<'ask'>): Promise<void> {
    const place = this.#peers.get(key)
    if (place?.peer == null) return
    const { peer, stop } = place
    const { signal, done } = this.#timed(timeoutMillis, stop.signal)
    let answer: Answer
    try {
      if (question.kind === 'hello') answer = { kind: 'hello', hello: await peer.hello(signal) }
      else if (question.kind === 'head') answer = { kind: 'headers', headers: [await peer.head(signal)] }
      else answer = { kind: 'headers', headers: await peer.headers(question.from, question.count, signal) }
    } catch (error) {
      const code = error instanceof PeerError ? error.code : 'closed'
      answer = { kind: 'failed', code, reason: reasonOf(error) }
    } finally {
      done()
    }
    this.#parts.send({ kind: 'answered', ask, answer })
  }

  async subscribe(key: PeerKey): Promise<void> {
    const place = this.#peers.get(key)
    if (place?.peer == null) return
    const { peer, stop } = place
    const { send, alerts } = this.#parts
    const announced = (header: Uint8Array) => send({ kind: 'announced', peer: key, header })
    const alerted = (some: readonly Uint8Array[]) => send({ kind: 'alerted', peer: key, alerts: some })
    try {
      await (alerts ? peer.subscribe(announced, stop.signal, alerted) : peer.subscribe(announced, stop.signal))
    } catch (error) {
      const code = error instanceof PeerError ? error.code : 'closed'
      // A peer without free subscriptions is asked for its head from time to time.
      if (code === 'limited') return
      const misdeed = code === 'protocol' ? { misdeed: true as const } : {}
      send({ kind: 'disconnected', peer: key, reason: reasonOf(error), ...misdeed })
    }
  }

  hangUpAll(): void {
    for (const key of [...this.#peers.keys()]) this.hangUp(key)
  }

  withTraffic(states: readonly LightPeerState[]) {
    return states.map((state) => {
      const traffic = state.peer === null ? undefined : this.#peers.get(state.peer)?.peer?.traffic()
      return { ...state, received: traffic?.received ?? 0, sent: traffic?.sent ?? 0 }
    })
  }

  /** Peers that can be asked for state. A question ends when the peer is left, and all but those of a synchronisation after ten seconds. */
  sources(keys: readonly PeerKey[]): readonly StateSource[] {
    return keys.flatMap((key) => {
      const place = this.#peers.get(key)
      return place?.peer == null ? [] : [this.#source(place.peer, place.stop.signal)]
    })
  }

  /** The same peers, asked for headers too. Who asks bounds how long. */
  followSources(keys: readonly PeerKey[]): readonly FollowSource[] {
    return keys.flatMap((key): readonly FollowSource[] => {
      const place = this.#peers.get(key)
      if (place?.peer == null) return []
      const { peer, stop } = place
      const headers: FollowSource['headers'] = (from, count, asked) =>
        peer.headers(from, count, AbortSignal.any([asked, stop.signal]))
      return [{ ...this.#source(peer, stop.signal), headers }]
    })
  }

  #source({ id, address, values }: LightPeer, left: AbortSignal): StateSource {
    if (values === undefined) return { id, address }
    const within = async <T>(asked: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      const { signal, done } = this.#timed(ASK_TIMEOUT_MILLIS, AbortSignal.any([asked, left]))
      return await ask(signal).finally(done)
    }
    return {
      id,
      address,
      values: {
        state: (question, asked) => within(asked, (signal) => values.state(question, signal)),
        shard: (domain, frame, asked) => within(asked, (signal) => values.shard(domain, frame, signal)),
        sync: (query, asked) => values.sync(query, AbortSignal.any([asked, left])),
      },
    }
  }

  /** A signal that fires after `millis` with a `TimeoutError`, or with `outer`. */
  #timed(millis: number, outer: AbortSignal): { readonly signal: AbortSignal; done(): void } {
    const timer = new AbortController()
    const { clock } = this.#parts
    const timeout = () => timer.abort(new DOMException('not done in time', 'TimeoutError'))
    const done = clock.at(clock.now() + millis, timeout)
    return { signal: AbortSignal.any([timer.signal, outer]), done }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
