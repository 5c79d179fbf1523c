/** libp2p transport over QUIC v1: listens and dials from the same socket. */
import { lookup } from 'node:dns/promises'
import {
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Startable,
  serviceCapabilities,
  type Transport,
  transportSymbol,
  UnexpectedPeerError,
} from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { QUIC_V1 } from '@multiformats/multiaddr-matcher'
import type { NetLimits } from '../limits.ts'
import type { QuicSession } from './addon.ts'
import { udpAddress } from './address.ts'
import type { Endpoints } from './endpoints.ts'
import { verifiedPeer } from './host-key.ts'
import { QuicListener, type UdpListenerInit } from './listener.ts'
import { orAbandon, QuicConnection, quicMuxerFactory } from './session.ts'

const PROTOCOL = '/quic-v1'

export interface QuicInit {
  readonly endpoints: Endpoints
  readonly limits: NetLimits
}

/** A slow name server holds up neither whoever gave the dial up nor a node that stops. */
async function addressOf(name: string, family: 0 | 4 | 6, signal: AbortSignal): Promise<string> {
  const found = await orAbandon(lookup(name, { family }), signal, () => undefined)
  return found.address
}

export class Quic implements Transport, Startable {
  readonly [transportSymbol] = true as const
  readonly [Symbol.toStringTag] = '@petal/quic'
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly #init: QuicInit
  readonly #components: UdpListenerInit['components']

  constructor(init: QuicInit, components: UdpListenerInit['components']) {
    this.#init = init
    this.#components = components
  }

  start(): void {}

  /** Listeners are closed by libp2p; what only dialled is closed here. */
  stop(): Promise<void> {
    return this.#init.endpoints.stop()
  }

  /** Throws `UnexpectedPeerError` where another peer answers than the address names. */
  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const { signal, upgrader } = options
    const session = await this.#connect(address, signal)
    try {
      const remotePeer = await verifiedPeer(session.hostKey, signal)
      const wanted = address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value
      if (wanted !== undefined && !peerIdFromString(wanted).equals(remotePeer)) {
        throw new UnexpectedPeerError(`dialled ${wanted}, ${remotePeer} answered`)
      }
      const connection = new QuicConnection({
        session,
        remoteAddr: address,
        direction: 'outbound',
        log: this.#components.logger.forComponent('petal:quic:connection'),
      })
      return await upgrader.upgradeOutbound(connection, {
        ...options,
        skipEncryption: true,
        skipProtection: true,
        remotePeer,
        muxerFactory: quicMuxerFactory(session, PROTOCOL),
      })
    } catch (error) {
      session.close(1, 'dial failed')
      throw error
    }
  }

  async #connect(address: Multiaddr, signal: AbortSignal): Promise<QuicSession> {
    signal.throwIfAborted()
    const { host, port, family, isName } = udpAddress(address)
    const ip = isName ? await addressOf(host, family ?? 0, signal) : host
    const endpoint = await this.#init.endpoints.forDialling(ip)
    return orAbandon(endpoint.dial(ip, port), signal, (late) => late.close(1, 'too late'))
  }

  createListener(options: CreateListenerOptions): Listener {
    return new QuicListener({ ...this.#init, ...options, components: this.#components })
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => QUIC_V1.exactMatch(address))
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    // Addresses of `/dnsaddr` name other addresses, which libp2p looks up.
    return this.listenFilter(addresses).filter((address) => address.getComponents()[0]?.name !== 'dnsaddr')
  }
}
