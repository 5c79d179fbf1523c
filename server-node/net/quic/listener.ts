/** What listens on a UDP port: accepts sessions of one kind, finds out who the peer is, and hands the connection to libp2p. */
import {
  type CreateListenerOptions,
  type Listener,
  type ListenerEvents,
  type Logger,
  type PeerId,
  TypedEventEmitter,
} from '@libp2p/interface'
import type { noise } from '@libp2p/noise'
import { getThinWaistAddresses } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { NetLimits } from '../limits.ts'
import { PendingPlaces } from '../pending.ts'
import type { QuicEndpoint, QuicSession } from './addon.ts'
import { hostOf, remoteMultiaddr, udpAddress, udpMultiaddr } from './address.ts'
import type { Endpoints, Kind, Share } from './endpoints.ts'
import { verifiedPeer } from './host-key.ts'
import { QuicConnection, quicMuxerFactory } from './session.ts'

export interface UdpListenerInit extends CreateListenerOptions {
  readonly endpoints: Endpoints
  readonly limits: NetLimits
  /** Those of libp2p that noise needs too. */
  readonly components: Parameters<ReturnType<typeof noise>>[0]
}

export abstract class UdpListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  protected readonly log: Logger
  readonly #init: UdpListenerInit
  readonly #kind: Kind
  readonly #closing = new AbortController()
  readonly #places: PendingPlaces
  #host = ''
  #share: Share | undefined

  constructor(init: UdpListenerInit, kind: Kind, name: string) {
    super()
    this.#init = init
    this.#kind = kind
    this.#places = new PendingPlaces(init.limits.pendingConnections)
    this.log = init.components.logger.forComponent(`petal:${name}:listener`)
  }

  /** Name of the protocol after the port: all of what a peer's address shows. */
  protected abstract readonly protocol: string
  /** What an address of ours has after the port. */
  protected abstract announced(): string
  /** Starts to serve the kind. */
  protected abstract open(endpoint: QuicEndpoint): Promise<void> | void
  /** Stops serving the kind. */
  protected abstract shut(endpoint: QuicEndpoint): void
  protected abstract accept(endpoint: QuicEndpoint): Promise<QuicSession | null>
  /** Who the peer is, proved. Throws where it is nobody. */
  protected abstract authenticate(session: QuicSession, signal: AbortSignal): Promise<PeerId>

  protected get endpoint(): QuicEndpoint | undefined {
    return this.#share?.endpoint
  }

  async listen(address: Multiaddr): Promise<void> {
    const { host, port } = udpAddress(address)
    this.#host = host
    const share = await this.#init.endpoints.share(host, port, this.#kind)
    try {
      await this.open(share.endpoint)
    } catch (error) {
      await share.leave()
      throw error
    }
    this.#share = share
    void this.#accept(share.endpoint)
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    if (this.endpoint === undefined) return []
    // An unspecified address becomes one for each interface.
    const addresses = getThinWaistAddresses(udpMultiaddr(this.#host, this.endpoint.port, ''))
    return addresses.map((address) => address.encapsulate(this.announced()))
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    const share = this.#share
    this.#share = undefined
    this.#closing.abort()
    if (share !== undefined) {
      this.shut(share.endpoint)
      await share.leave()
    }
    this.safeDispatchEvent('close')
  }

  async #accept(endpoint: QuicEndpoint): Promise<void> {
    for (;;) {
      const session = await this.accept(endpoint)
      if (session === null) return
      const leave = this.#places.take(hostOf(session.remote))
      if (leave === undefined) {
        session.close(1, 'busy')
        continue
      }
      this.#upgrade(session)
        .catch((error) => {
          this.log('inbound session failed - %e', error)
          session.close(1, 'handshake failed')
        })
        .finally(leave)
    }
  }

  async #upgrade(session: QuicSession): Promise<void> {
    const { upgrader, limits } = this.#init
    const signal = AbortSignal.any([AbortSignal.timeout(limits.handshakeMillis), this.#closing.signal])
    signal.throwIfAborted()
    const abort = () => session.close(1, 'handshake too slow')
    signal.addEventListener('abort', abort)
    try {
      const remotePeer = await this.authenticate(session, signal)
      const connection = new QuicConnection({
        session,
        remoteAddr: remoteMultiaddr(session.remote, this.protocol),
        direction: 'inbound',
        log: this.log.newScope('connection'),
      })
      await upgrader.upgradeInbound(connection, {
        skipEncryption: true,
        skipProtection: true,
        remotePeer,
        muxerFactory: quicMuxerFactory(session, this.protocol),
        signal,
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

/** libp2p peers over QUIC v1, known by the host key in their certificate. */
export class QuicListener extends UdpListener {
  protected readonly protocol = '/quic-v1'

  constructor(init: UdpListenerInit) {
    super(init, 'peer', 'quic')
  }

  protected announced(): string {
    return this.protocol
  }

  protected open(endpoint: QuicEndpoint): void {
    endpoint.serveLibp2P(true)
  }

  protected shut(endpoint: QuicEndpoint): void {
    endpoint.serveLibp2P(false)
  }

  protected accept(endpoint: QuicEndpoint): Promise<QuicSession | null> {
    return endpoint.acceptPeer()
  }

  protected authenticate(session: QuicSession, signal: AbortSignal): Promise<PeerId> {
    return verifiedPeer(session.hostKey, signal)
  }
}
