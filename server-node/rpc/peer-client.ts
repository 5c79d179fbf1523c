/** Calls to another node: gRPC over mutual TLS, its identity verified before anything is sent, pinned when one is wanted (hazard RPC-H6). */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect as connectHttp2,
  type Http2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect, type TLSSocket } from 'node:tls'
import type { DescService } from '@bufbuild/protobuf'
import { type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createGrpcTransport, type GrpcTransportOptions } from '@connectrpc/connect-node'
import { type Ed448Verifier, peerIdText } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { messageOf } from '../errors.ts'
import { verifyPeerCertificate } from '../keys/certificate.ts'
import { RpcError, rpcErrorOf } from './errors.ts'
import { CLIENT_LIMITS, DEFAULT_RPC_LIMITS } from './limits.ts'
import type { TlsMaterial } from './own-certificate.ts'
import { watch } from './sessions.ts'

type NodeHttp2ClientSessionManager = NonNullable<GrpcTransportOptions['sessionManager']>

export interface PeerAddress {
  readonly host: string
  readonly port: number
  /** 34 bytes; null accepts whoever answers there. */
  readonly peerId: Uint8Array | null
}

export type DialProgress = { readonly reached: 'tcp' } | { readonly reached: 'identity'; readonly peerId: Uint8Array }

export interface PeerClientOptions {
  readonly material: TlsMaterial
  readonly engine: Ed448Verifier
  readonly connectMillis?: number
  readonly callMillis?: number
  /** Told how far dialling has come: a TCP connection is there; TLS too, and who answers has proven it, wanted or not. */
  readonly onProgress?: (progress: DialProgress) => void
}

/** A connection to one peer. It does not connect again: ask for a new one after `closed`. */
export interface PeerConnection {
  /** Who answered: 34 bytes. */
  readonly peerId: Uint8Array
  readonly transport: Transport
  client<S extends DescService>(service: S): Client<S>
  /** One call with the deadline of calls; throws `RpcError`. */
  call<T>(work: (options: { readonly signal: AbortSignal }) => Promise<T>, signal?: AbortSignal): Promise<T>
  readonly closed: boolean
  close(): void
}

/** Throws `RpcError`: `dial`, `timeout`, `identity`, `mismatch`, `cancelled`. */
export async function connectPeer(
  address: PeerAddress,
  {
    material,
    engine,
    connectMillis = CLIENT_LIMITS.connectMillis,
    callMillis = CLIENT_LIMITS.callMillis,
    onProgress = () => undefined,
  }: PeerClientOptions,
  signal?: AbortSignal,
): Promise<PeerConnection> {
  const socket = await dial(address, material, connectMillis, () => onProgress({ reached: 'tcp' }), signal)
  const peerId = whoAnswers(socket, address, engine, onProgress)
  const authority = `https://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
  const session = await openHttp2(authority, socket, connectMillis, signal)
  const transport = createGrpcTransport({
    baseUrl: authority,
    sessionManager: new PeerSession(authority, session),
    acceptCompression: [],
    readMaxBytes: CLIENT_LIMITS.responseBytes,
    writeMaxBytes: CLIENT_LIMITS.requestBytes,
  })
  return {
    peerId,
    transport,
    client: (service) => createClient(service, transport),
    call: (work, given) => bounded(work, callMillis, given),
    get closed() {
      return session.closed || session.destroyed
    },
    close() {
      session.destroy()
      socket.destroy()
    },
  }
}

/** What a peer may send of one answer before it is read. */
const WINDOW_BYTES = 8 << 20
/** The same for all answers at one time. */
const SESSION_WINDOW_BYTES = 32 << 20

/** One session, which is never opened again: the library's own manager dials anew, and then to whoever answers. */
class PeerSession implements NodeHttp2ClientSessionManager {
  readonly authority: string
  readonly #session: ClientHttp2Session
  readonly #began: (stream: Http2Stream) => void

  constructor(authority: string, session: ClientHttp2Session) {
    this.authority = authority
    this.#session = session
    this.#began = watch(session, { ...DEFAULT_RPC_LIMITS, idleMillis: CLIENT_LIMITS.idleMillis })
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    if (this.#session.closed || this.#session.destroyed)
      throw new ConnectError('the connection ended', Code.Unavailable)
    const stream = this.#session.request({ ...headers, ':method': method, ':path': path }, options)
    this.#began(stream)
    return stream
  }

  notifyResponseByteRead(): void {
    // Signs of life are asked for whether or not something is read.
  }
}

function openHttp2(
  authority: string,
  socket: TLSSocket,
  millis: number,
  signal: AbortSignal | undefined,
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(authority, {
      settings: {
        enablePush: false,
        initialWindowSize: WINDOW_BYTES,
        maxHeaderListSize: DEFAULT_RPC_LIMITS.headerBytes,
      },
      createConnection: () => socket,
    })
    const fail = (code: 'cancelled' | 'timeout' | 'dial', text: string) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      session.destroy()
      reject(new RpcError(code, text))
    }
    const abort = () => fail('cancelled', 'dialling was cancelled')
    const closed = () => fail('dial', 'the peer closed the connection before HTTP/2 began')
    const timer = setTimeout(() => fail('timeout', `no HTTP/2 within ${millis} ms`), millis)
    session.on('error', closed)
    // Stays: what fails later is told to the calls.
    session.on('error', () => session.destroy())
    session.once('close', closed)
    signal?.addEventListener('abort', abort)
    session.once('remoteSettings', () => {
      clearTimeout(timer)
      session.off('close', closed)
      session.off('error', closed)
      signal?.removeEventListener('abort', abort)
      session.setLocalWindowSize(SESSION_WINDOW_BYTES)
      resolve(session)
    })
  })
}

async function bounded<T>(
  work: (options: { readonly signal: AbortSignal }) => Promise<T>,
  millis: number,
  given: AbortSignal | undefined,
): Promise<T> {
  const deadline = AbortSignal.timeout(millis)
  try {
    return await work({ signal: given === undefined ? deadline : AbortSignal.any([deadline, given]) })
  } catch (error) {
    if (given?.aborted === true) throw new RpcError('cancelled', 'the call was cancelled', { cause: error })
    if (deadline.aborted) throw new RpcError('timeout', `no answer within ${millis} ms`, { cause: error })
    throw rpcErrorOf(error)
  }
}

function dial(
  { host, port }: PeerAddress,
  material: TlsMaterial,
  millis: number,
  connected: () => void,
  signal?: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...material,
      host,
      port,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
      // The network's certificates have no authority above them; what they are worth is decided by `whoAnswers`.
      rejectUnauthorized: false,
      servername: 'localhost',
    })
    const fail = (error: RpcError) => {
      end()
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(new RpcError('timeout', `no connection to ${host} within ${millis} ms`)),
      millis,
    )
    const abort = () => fail(new RpcError('cancelled', 'dialling was cancelled'))
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort)
    // Stays: a socket that fails later has its error told by HTTP/2.
    socket.on('error', (error) =>
      fail(new RpcError('dial', `${host} port ${port}: ${messageOf(error)}`, { cause: error })),
    )
    socket.once('connect', connected)
    socket.once('secureConnect', () => {
      end()
      resolve(socket)
    })
  })
}

function whoAnswers(
  socket: TLSSocket,
  { peerId, host, port }: PeerAddress,
  engine: Ed448Verifier,
  onProgress: (progress: DialProgress) => void,
): Uint8Array {
  const refuse = (code: 'identity' | 'mismatch', text: string): never => {
    socket.destroy()
    throw new RpcError(code, `${host} port ${port}: ${text}`)
  }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return refuse('identity', 'no certificate')
  const verdict = verifyPeerCertificate(certificate.raw, engine)
  if (!verdict.valid) return refuse('identity', verdict.text)
  onProgress({ reached: 'identity', peerId: verdict.peerId })
  if (peerId !== null && !sameBytes(verdict.peerId, peerId))
    return refuse('mismatch', `${peerIdText(verdict.peerId)} answers, ${peerIdText(peerId)} was wanted`)
  return verdict.peerId
}
