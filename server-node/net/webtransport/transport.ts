/** libp2p transport that listens for WebTransport in Node; browsers dial it with `@libp2p/webtransport`. It does not dial. */
import {
  type Connection,
  type CreateListenerOptions,
  type Listener,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebTransport as WebTransportMatcher } from '@multiformats/multiaddr-matcher'
import { WebTransportListener, type WebTransportListenerInit } from './listener.ts'

export type WebTransportListenInit = Omit<WebTransportListenerInit, 'components' | 'upgrader'>

export class WebTransportListen implements Transport {
  readonly [transportSymbol] = true as const
  readonly [Symbol.toStringTag] = '@petal/webtransport-listen'
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly #init: WebTransportListenInit
  readonly #components: WebTransportListenerInit['components']

  constructor(init: WebTransportListenInit, components: WebTransportListenerInit['components']) {
    this.#init = init
    this.#components = components
  }

  async dial(): Promise<Connection> {
    throw new Error('this transport only listens')
  }

  createListener(options: CreateListenerOptions): Listener {
    return new WebTransportListener({ ...this.#init, ...options, components: this.#components })
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => WebTransportMatcher.matches(address))
  }

  dialFilter(): Multiaddr[] {
    return []
  }
}
