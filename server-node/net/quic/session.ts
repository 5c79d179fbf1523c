/** A QUIC connection or WebTransport session as a libp2p connection: its streams need no multiplexer of libp2p's own. */
import type { CreateStreamOptions, StreamMuxerFactory } from '@libp2p/interface'
import {
  AbstractMultiaddrConnection,
  type AbstractMultiaddrConnectionInit,
  AbstractStreamMuxer,
  type SendResult,
} from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { QuicSession, QuicStream } from './addon.ts'
import { QuicLibp2pStream } from './stream.ts'

export interface QuicConnectionInit extends AbstractMultiaddrConnectionInit {
  readonly session: QuicSession
}

/** The connection itself carries no bytes: streams do. */
export class QuicConnection extends AbstractMultiaddrConnection {
  readonly #session: QuicSession

  constructor(init: QuicConnectionInit) {
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

class QuicMuxer extends AbstractStreamMuxer<QuicLibp2pStream> {
  readonly #session: QuicSession
  #streams = 0

  constructor(connection: ConstructorParameters<typeof AbstractStreamMuxer>[0], session: QuicSession, name: string) {
    // The session bounds the streams of a peer, early ones too.
    super(connection, { protocol: name, name: name.slice(1), maxEarlyStreams: Number.POSITIVE_INFINITY })
    this.#session = session
    this.#accept().catch((error: Error) => this.abort(error))
  }

  async onCreateStream(options: CreateStreamOptions): Promise<QuicLibp2pStream> {
    const opening = this.#session.openStream()
    const stream = await orAbandon(opening, options.signal, (late) => void late.reset(0))
    return this.#wrap(stream, 'outbound', options)
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

  #wrap(stream: QuicStream, direction: 'inbound' | 'outbound', options: CreateStreamOptions): QuicLibp2pStream {
    const id = String(this.#streams++)
    const log = this.log.newScope(`${direction}:${id}`)
    // The options name the protocol that is wanted; libp2p takes a stream that names one for negotiated.
    return new QuicLibp2pStream({ ...this.streamOptions, ...options, protocol: '', stream, id, direction, log })
  }
}

/** `protocol` is what follows the port in the peer's address. */
export function quicMuxerFactory(session: QuicSession, protocol: string): StreamMuxerFactory {
  return { protocol, createStreamMuxer: (connection) => new QuicMuxer(connection, session, protocol) }
}

/** What comes of `work`, or the signal's reason if that is sooner; what comes later is given to `discard`. */
export async function orAbandon<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  try {
    return await Promise.race([work, aborted])
  } catch (error) {
    if (signal?.aborted) work.then(discard, () => undefined)
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
