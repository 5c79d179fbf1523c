/** Calls to another node: gRPC over mutual TLS, its identity verified before anything is sent, pinned when one is wanted (hazard RPC-H6). */
import { connect, type TLSSocket } from 'node:tls'
import type { DescService } from '@bufbuild/protobuf'
import { type Client, createClient, type Transport } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { type Ed448Verifier, peerIdText } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { messageOf } from '../errors.ts'
import { verifyPeerCertificate } from '../keys/certificate.ts'
import { RpcError, rpcErrorOf } from './errors.ts'
import { CLIENT_LIMITS, DEFAULT_RPC_LIMITS } from './limits.ts'
import type { TlsMaterial } from './own-certificate.ts'

export interface PeerAddress {
  readonly host: string
  readonly port: number
  /** 34 bytes; null accepts whoever answers there. */
  readonly peerId: Uint8Array | null
}

export interface PeerClientOptions {
  readonly material: TlsMaterial
  readonly engine: Ed448Verifier
  readonly connectMillis?: number
  readonly callMillis?: number
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
  }: PeerClientOptions,
  signal?: AbortSignal,
): Promise<PeerConnection> {
  const socket = await dial(address, material, connectMillis, signal)
  const peerId = whoAnswers(socket, address, engine)
  let handed = false
  const authority = `https://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
  const manager = new Http2SessionManager(
    authority,
    {
      pingIntervalMs: DEFAULT_RPC_LIMITS.keepAliveMillis,
      pingTimeoutMs: DEFAULT_RPC_LIMITS.keepAliveTimeoutMillis,
      pingIdleConnection: true,
      idleConnectionTimeoutMs: CLIENT_LIMITS.idleMillis,
    },
    {
      settings: {
        enablePush: false,
        initialWindowSize: WINDOW_BYTES,
        maxHeaderListSize: DEFAULT_RPC_LIMITS.headerBytes,
      },
      createConnection() {
        if (handed) throw new RpcError('closed', 'the connection ended')
        handed = true
        return socket
      },
    },
  )
  const state = await manager.connect()
  if (state === 'error') {
    socket.destroy()
    throw new RpcError('dial', `HTTP/2 does not start: ${messageOf(manager.error())}`)
  }
  const transport = createGrpcTransport({
    baseUrl: authority,
    sessionManager: manager,
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
      return socket.destroyed
    },
    close() {
      manager.abort(new RpcError('closed', 'the connection was closed here'))
      socket.destroy()
    },
  }
}

/** What a peer may send of one answer before it is read. */
const WINDOW_BYTES = 8 << 20

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
    socket.once('secureConnect', () => {
      end()
      resolve(socket)
    })
  })
}

function whoAnswers(socket: TLSSocket, { peerId, host, port }: PeerAddress, engine: Ed448Verifier): Uint8Array {
  const refuse = (code: 'identity' | 'mismatch', text: string): never => {
    socket.destroy()
    throw new RpcError(code, `${host} port ${port}: ${text}`)
  }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return refuse('identity', 'no certificate')
  const verdict = verifyPeerCertificate(certificate.raw, engine)
  if (!verdict.valid) return refuse('identity', verdict.text)
  if (peerId !== null && !sameBytes(verdict.peerId, peerId))
    return refuse('mismatch', `${peerIdText(verdict.peerId)} answers, ${peerIdText(peerId)} was wanted`)
  return verdict.peerId
}
