/**
 * The listening side of libp2p's WebTransport (specs/webtransport of libp2p): a noise handshake over the first stream of a session
 * authenticates both peers and carries the hashes of our certificates, so that the browser knows that it talks to the peer it dialled.
 */
import {
  type CreateListenerOptions,
  type Listener,
  type ListenerEvents,
  type Logger,
  TypedEventEmitter,
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { getThinWaistAddresses } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { NetLimits } from '../limits.ts'
import type { WebTransportAddon, WtServer, WtSession } from './addon.ts'
import type { Certificates } from './certificates.ts'
import { WtConnection, wtMuxerFactory } from './session.ts'
import { WtLibp2pStream } from './stream.ts'

export const WEBTRANSPORT_PATH = '/.well-known/libp2p-webtransport?type=noise'
/** Header of a SHA-256 multihash: code and length. */
const SHA2_256 = Buffer.from([0x12, 0x20])
const ROTATION_CHECK_MILLIS = 3_600_000
const IDLE_TIMEOUT_MILLIS = 30_000
const BACKLOG = 16

/** What the transport hands to its listeners. `components` are those of libp2p that noise needs. */
export interface WtListenerInit extends CreateListenerOptions {
  readonly addon: WebTransportAddon
  readonly certificates: Certificates
  readonly limits: NetLimits
  readonly components: Parameters<ReturnType<typeof noise>>[0]
  readonly now: () => number
}

export class WtListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: WtListenerInit
  readonly #log: Logger
  readonly #closing = new AbortController()
  #host = ''
  #server: WtServer | undefined
  #rotation: NodeJS.Timeout | undefined

  constructor(init: WtListenerInit) {
    super()
    this.#init = init
    this.#log = init.components.logger.forComponent('petal:webtransport:listener')
  }

  async listen(address: Multiaddr): Promise<void> {
    const { addon, certificates, limits, now } = this.#init
    const parts = address.getComponents()
    this.#host = parts[0]?.value ?? '127.0.0.1'
    const port = Number(parts.find(({ name }) => name === 'udp')?.value ?? 0)
    await certificates.advance(now())
    const { certificate, privateKey } = certificates.serving
    this.#server = await addon.WtServer.listen(this.#host, port, WEBTRANSPORT_PATH, certificate, privateKey, {
      maxSessions: limits.connections,
      backlog: BACKLOG,
      maxStreams: limits.webTransportStreams,
      handshakeTimeoutMillis: limits.handshakeMillis,
      idleTimeoutMillis: IDLE_TIMEOUT_MILLIS,
    })
    this.#rotation = setInterval(() => void this.rotate(), ROTATION_CHECK_MILLIS).unref()
    void this.#accept(this.#server)
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    if (this.#server === undefined) return []
    const family = this.#host.includes(':') ? 'ip6' : 'ip4'
    const hashes = this.#init.certificates.announced.map(
      (hash) => `/certhash/u${multihash(hash).toString('base64url')}`,
    )
    // An unspecified address becomes one for each interface.
    return getThinWaistAddresses(multiaddr(`/${family}/${this.#host}/udp/${this.#server.port}`)).map((address) =>
      address.encapsulate(`/quic-v1/webtransport${hashes.join('')}`),
    )
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    clearInterval(this.#rotation)
    this.#closing.abort()
    await this.#server?.close()
    this.#server = undefined
    this.safeDispatchEvent('close')
  }

  /** Serves the next certificate when it is time. Open sessions go on. */
  async rotate(): Promise<void> {
    const { certificates, now } = this.#init
    try {
      if (!(await certificates.advance(now()))) return
      const { certificate, privateKey } = certificates.serving
      this.#server?.replaceCertificate(certificate, privateKey)
      this.safeDispatchEvent('listening')
    } catch (error) {
      this.#log.error('could not rotate the certificate - %e', error)
    }
  }

  async #accept(server: WtServer): Promise<void> {
    for (;;) {
      const session = await server.accept()
      if (session === null) return
      this.#upgrade(session).catch((error) => {
        this.#log('inbound session failed - %e', error)
        session.close(1, 'handshake failed')
      })
    }
  }

  async #upgrade(session: WtSession): Promise<void> {
    const { upgrader, limits } = this.#init
    const signal = AbortSignal.any([AbortSignal.timeout(limits.handshakeMillis), this.#closing.signal])
    const abort = () => session.close(1, 'handshake too slow')
    signal.addEventListener('abort', abort)
    try {
      const remotePeer = await this.#authenticate(session, signal)
      const connection = new WtConnection({
        session,
        remoteAddr: remoteAddress(session.remote),
        direction: 'inbound',
        log: this.#log.newScope('connection'),
      })
      await upgrader.upgradeInbound(connection, {
        skipEncryption: true,
        skipProtection: true,
        remotePeer,
        muxerFactory: wtMuxerFactory(session),
        signal,
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Noise over the first stream, which ends with it. */
  async #authenticate(session: WtSession, signal: AbortSignal) {
    const stream = await session.acceptStream()
    if (stream === null) throw new Error('the session ended before its handshake')
    const messages = new WtLibp2pStream({
      stream,
      id: 'noise',
      direction: 'inbound',
      log: this.#log.newScope('noise'),
      maxReadBufferLength: 64 << 10,
    })
    const webtransportCerthashes = this.#init.certificates.reported.map((hash) => new Uint8Array(multihash(hash)))
    const secure = noise({ extensions: { webtransportCerthashes } })(this.#init.components)
    const { remotePeer } = await secure.secureInbound(messages, { signal, skipStreamMuxerNegotiation: true })
    // Our side ends here. The stream is released when the peer ends its own: to stop it would fail the peer's handshake.
    messages.close({ signal }).catch((error: Error) => messages.abort(error))
    return remotePeer
  }
}

function multihash(sha256: Uint8Array): Buffer {
  return Buffer.concat([SHA2_256, sha256])
}

/** `address:port` or `[address]:port` as a multiaddr. */
function remoteAddress(remote: string): Multiaddr {
  const colon = remote.lastIndexOf(':')
  const host = remote.slice(0, colon).replace(/^\[|\]$/g, '')
  return multiaddr(`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/udp/${remote.slice(colon + 1)}/quic-v1/webtransport`)
}
