/** Serves `/petal/light/1.0.0` of a libp2p node from a frame source. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { describe } from '../chain/description.ts'
import type { FrameSource } from '../chain/source.ts'
import { Conversation, type LightHost } from './conversation.ts'
import type { NetLimits } from './limits.ts'
import { OfferedAlerts } from './offered-alerts.ts'
import { RateLimiter } from './rate-limit.ts'

export class LightService implements LightHost {
  readonly source: FrameSource
  readonly limits: NetLimits
  readonly rates: RateLimiter
  readonly alerts: OfferedAlerts
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** Running conversations of each connection, and when the last one ended. */
  readonly #perConnection = new Map<string, { running: number; ended: number }>()
  readonly #addresses: () => readonly string[]
  #subscriptions = 0

  /** `addresses`: of this node, as they are when it is asked for them. */
  constructor(
    source: FrameSource,
    limits: NetLimits,
    addresses: () => readonly string[],
    alerts: OfferedAlerts = new OfferedAlerts(),
  ) {
    this.source = source
    this.#addresses = addresses
    this.limits = limits
    this.alerts = alerts
    this.rates = new RateLimiter(limits)
  }

  async register(node: Pick<Libp2p, 'handle'>): Promise<void> {
    const maxInboundStreams = this.limits.streamsPerConnection
    await node.handle(LIGHT_PROTOCOL, (stream, connection) => this.#talk(stream, connection), { maxInboundStreams })
  }

  description(): string {
    return JSON.stringify(describe(this.source, this.#addresses()))
  }

  subscription(): (() => void) | undefined {
    if (this.#subscriptions >= this.limits.subscriptions) return undefined
    this.#subscriptions++
    return () => {
      this.#subscriptions--
    }
  }

  /** Number of streams of a connection that are being served. */
  conversations(connection: string): number {
    return this.#perConnection.get(connection)?.running ?? 0
  }

  /** When the last stream of a connection ended (milliseconds since the epoch), or undefined when it never had one. */
  lastUse(connection: string): number | undefined {
    return this.#perConnection.get(connection)?.ended
  }

  /** A connection is closed: nothing more is known of it. */
  forget(connection: string): void {
    this.#perConnection.delete(connection)
  }

  /** Resets all streams and waits until their conversations are over. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#running)
  }

  #talk(stream: Stream, { id, remotePeer }: Connection): void {
    const use = this.#perConnection.get(id) ?? { running: 0, ended: Date.now() }
    this.#perConnection.set(id, use)
    use.running++
    const conversation = new Conversation(this, stream, remotePeer.toString(), this.#stopping.signal)
    const running = conversation.run().finally(() => {
      this.#running.delete(running)
      use.running--
      use.ended = Date.now()
    })
    this.#running.add(running)
  }
}
