/**
 * The listening side of libp2p's WebTransport (specs/webtransport of libp2p): a noise handshake over the first stream of a session
 * authenticates both peers and carries the hashes of our certificates, so that the browser knows that it talks to the peer it dialled.
 */
import type { PeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import type { QuicEndpoint, QuicSession } from '../quic/addon.ts'
import { UdpListener, type UdpListenerInit } from '../quic/listener.ts'
import { QuicLibp2pStream } from '../quic/stream.ts'
import type { Certificates } from './certificates.ts'

export const WEBTRANSPORT_PATH = '/.well-known/libp2p-webtransport?type=noise'
/** Header of a SHA-256 multihash: code and length. */
const SHA2_256 = Buffer.from([0x12, 0x20])
const ROTATION_CHECK_MILLIS = 3_600_000
/** Most bytes of a noise handshake that wait to be read. */
const MAX_HANDSHAKE_BYTES = 64 << 10

export interface WebTransportListenerInit extends UdpListenerInit {
  readonly certificates: Certificates
  readonly now: () => number
}

export class WebTransportListener extends UdpListener {
  protected readonly protocol = '/quic-v1/webtransport'
  readonly #certificates: Certificates
  readonly #components: UdpListenerInit['components']
  readonly #now: () => number
  #rotation: NodeJS.Timeout | undefined

  constructor(init: WebTransportListenerInit) {
    super(init, 'browser', 'webtransport')
    this.#certificates = init.certificates
    this.#components = init.components
    this.#now = init.now
  }

  protected announced(): string {
    const hashes = this.#certificates.announced.map((hash) => `/certhash/u${multihash(hash).toString('base64url')}`)
    return `${this.protocol}${hashes.join('')}`
  }

  protected async open(endpoint: QuicEndpoint): Promise<void> {
    await this.#certificates.advance(this.#now())
    this.#serve(endpoint)
    this.#rotation = setInterval(() => void this.rotate(), ROTATION_CHECK_MILLIS).unref()
  }

  protected shut(endpoint: QuicEndpoint): void {
    clearInterval(this.#rotation)
    endpoint.stopWebTransport()
  }

  protected accept(endpoint: QuicEndpoint): Promise<QuicSession | null> {
    return endpoint.acceptBrowser()
  }

  /** Serves the next certificate when it is time. Open sessions go on. */
  async rotate(): Promise<void> {
    try {
      if (!(await this.#certificates.advance(this.#now())) || this.endpoint === undefined) return
      this.#serve(this.endpoint)
      this.safeDispatchEvent('listening')
    } catch (error) {
      this.log.error('could not rotate the certificate - %e', error)
    }
  }

  #serve(endpoint: QuicEndpoint): void {
    const { certificate, privateKey } = this.#certificates.serving
    endpoint.serveWebTransport(WEBTRANSPORT_PATH, certificate, privateKey)
  }

  /** Noise over the first stream, which ends with it. */
  protected async authenticate(session: QuicSession, signal: AbortSignal): Promise<PeerId> {
    const stream = await session.acceptStream()
    if (stream === null) throw new Error('the session ended before its handshake')
    const messages = new QuicLibp2pStream({
      stream,
      id: 'noise',
      direction: 'inbound',
      log: this.log.newScope('noise'),
      maxReadBufferLength: MAX_HANDSHAKE_BYTES,
    })
    const webtransportCerthashes = this.#certificates.reported.map((hash) => new Uint8Array(multihash(hash)))
    const secure = noise({ extensions: { webtransportCerthashes } })(this.#components)
    const { remotePeer } = await secure.secureInbound(messages, { signal, skipStreamMuxerNegotiation: true })
    // Our side ends here. The stream is released when the peer ends its own: to stop it would fail the peer's handshake.
    messages.close({ signal }).catch((error: Error) => messages.abort(error))
    return remotePeer
  }
}

function multihash(sha256: Uint8Array): Buffer {
  return Buffer.concat([SHA2_256, sha256])
}
