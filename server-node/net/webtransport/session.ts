/** A WebTransport session as a libp2p connection: its streams need no multiplexer of libp2p's own. */
import type { CreateStreamOptions, StreamMuxerFactory } from '@libp2p/interface'
import {
  AbstractMultiaddrConnection,
  type AbstractMultiaddrConnectionInit,
  AbstractStreamMuxer,
  type SendResult,
} from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WtSession, WtStream } from './addon.ts'
import { WtLibp2pStream } from './stream.ts'

const PROTOCOL = '/webtransport'

export interface WtConnectionInit extends AbstractMultiaddrConnectionInit {
  readonly session: WtSession
}

/** The connection itself carries no bytes: streams do. */
export class WtConnection extends AbstractMultiaddrConnection {
  readonly #session: WtSession

  constructor(init: WtConnectionInit) {
    super(init)
    this.#session = init.session
    this.#session.closed().then(
      () => this.onTransportClosed(),
      (error: Error) => this.onTransportClosed(error),
    )
  }

  sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  sendReset(): void {
    this.#session.close(1, 'reset')
  }

  async sendClose(): Promise<void> {
    this.#session.close(0, '')
  }

  sendPause(): void {}

  sendResume(): void {}
}

class WtMuxer extends AbstractStreamMuxer<WtLibp2pStream> {
  readonly #session: WtSession
  #streams = 0

  constructor(connection: ConstructorParameters<typeof AbstractStreamMuxer>[0], session: WtSession) {
    super(connection, { protocol: PROTOCOL, name: 'webtransport' })
    this.#session = session
    this.#accept().catch((error: Error) => this.abort(error))
  }

  async onCreateStream(options: CreateStreamOptions): Promise<WtLibp2pStream> {
    return this.#wrap(await this.#session.openStream(), 'outbound', options)
  }

  onData(): void {}

  async #accept(): Promise<void> {
    for (;;) {
      const stream = await this.#session.acceptStream()
      if (stream === null) return
      if (this.status === 'open') this.onRemoteStream(this.#wrap(stream, 'inbound', {}))
      else await stream.reset(0)
    }
  }

  #wrap(stream: WtStream, direction: 'inbound' | 'outbound', options: CreateStreamOptions): WtLibp2pStream {
    const id = String(this.#streams++)
    const log = this.log.newScope(`${direction}:${id}`)
    return new WtLibp2pStream({ ...this.streamOptions, ...options, stream, id, direction, log })
  }
}

export function wtMuxerFactory(session: WtSession): StreamMuxerFactory {
  return { protocol: PROTOCOL, createStreamMuxer: (connection) => new WtMuxer(connection, session) }
}
