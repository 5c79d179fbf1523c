/**
 * The TCP and TLS side of the peer listener: bounded handshakes, mutual TLS 1.3, and who the other side is. OpenSSL checks that a caller
 * holds the key of its certificate (RPC-02, hazard RPC-H1); what the certificate is worth is decided here (spec 51 section 1).
 */
import { constants } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Ed448Verifier } from '@petal/core/identity/index.ts'
import { verifyPeerCertificate } from '../keys/certificate.ts'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { RateLimiter } from '../net/rate-limit.ts'
import type { RpcLimits } from './limits.ts'
import type { TlsMaterial } from './own-certificate.ts'

/** What the front says about connections that it turns away, for counters: texts name no keys. */
export type FrontRefusal = 'handshakes' | 'connections' | 'address' | 'handshake' | 'late' | 'protocol'

export interface TlsFrontOptions {
  readonly material: TlsMaterial
  readonly engine: Ed448Verifier
  readonly host: string
  readonly port: number
  readonly limits: RpcLimits
  /** A peer that proved its identity. */
  readonly onPeer: (socket: TLSSocket, peerId: Uint8Array) => void
  /** TLS stands, but there is no certificate of a peer: `reason` says what is wrong with it. */
  readonly onStranger: (socket: TLSSocket, reason: string) => void
  readonly onRefused: (reason: FrontRefusal) => void
}

export interface TlsFront {
  readonly port: number
  stop(): Promise<void>
}

/** New connections of one address: TLS handshakes cost about a millisecond of one core each. */
const CONNECTION_BURST = 64
const CONNECTIONS_PER_SECOND = 20

/** Rejects with the system's error when it cannot listen. */
export async function listenTls(options: TlsFrontOptions): Promise<TlsFront> {
  const { material, limits, onRefused } = options
  const sockets = new Map<string, Connection>()
  const rates = new RateLimiter({
    ...DEFAULT_NET_LIMITS,
    requestBurst: CONNECTION_BURST,
    requestsPerSecond: CONNECTIONS_PER_SECOND,
  })
  const tls = createTlsServer({
    ...material,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    handshakeTimeout: limits.handshakeMillis,
    // No resumption: every connection proves its key anew.
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
  tls.on('secureConnection', (socket) => {
    const connection = sockets.get(nameOf(socket))
    if (connection === undefined) {
      socket.destroy()
      return
    }
    connection.secure()
    admit(options, socket)
  })
  tls.on('tlsClientError', (_error, socket) => {
    socket.destroy()
    onRefused('handshake')
  })
  const server = createServer({ noDelay: true }, (socket) => {
    const refusal = crowd(sockets, rates, limits, socket)
    if (refusal !== null) {
      socket.destroy()
      onRefused(refusal)
      return
    }
    const name = nameOf(socket)
    const connection = new Connection(socket, limits.handshakeMillis, () => onRefused('late'))
    sockets.set(name, connection)
    socket.once('close', () => {
      connection.secure()
      sockets.delete(name)
    })
    socket.on('error', () => socket.destroy())
    tls.emit('connection', socket)
  })
  await listen(server, options)
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : options.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const connection of sockets.values()) connection.destroy()
      }),
  }
}

/** A TCP connection, and the time it has to become a TLS one. */
class Connection {
  readonly address: string
  pending = true
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout

  constructor(socket: Socket, millis: number, onLate: () => void) {
    this.#socket = socket
    this.address = socket.remoteAddress ?? ''
    this.#timer = setTimeout(() => {
      onLate()
      socket.destroy()
    }, millis)
  }

  secure(): void {
    this.pending = false
    clearTimeout(this.#timer)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

function crowd(
  sockets: ReadonlyMap<string, Connection>,
  rates: RateLimiter,
  limits: RpcLimits,
  { remoteAddress = '' }: Socket,
): FrontRefusal | null {
  const all = [...sockets.values()]
  if (all.length >= limits.connections) return 'connections'
  if (all.filter(({ pending }) => pending).length >= limits.handshakes) return 'handshakes'
  if (all.filter(({ address }) => address === remoteAddress).length >= limits.connectionsPerAddress) return 'address'
  return rates.request(remoteAddress) ? null : 'address'
}

/** Both layers of a connection have the same name. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

function admit({ engine, onPeer, onStranger, onRefused }: TlsFrontOptions, socket: TLSSocket): void {
  socket.on('error', () => socket.destroy())
  if (socket.alpnProtocol !== 'h2') {
    onRefused('protocol')
    socket.destroy()
    return
  }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    onStranger(socket, 'no certificate')
    return
  }
  const verdict = verifyPeerCertificate(certificate.raw, engine)
  if (verdict.valid) onPeer(socket, verdict.peerId)
  else onStranger(socket, verdict.text)
}

function listen(server: Server, { host, port }: TlsFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
