/**
 * The local port (TCP 8337 on other nodes): NodeService for programs of the operator, in clear text on loopback, off unless it is configured
 * (RPC-09, hazards RPC-H3, OPS-H5). gRPC, gRPC-web and Connect with JSON, over HTTP/1.1 and HTTP/2 on one port.
 */
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { Code, ConnectError } from '@connectrpc/connect'
import { messageOf, NodeError } from '../errors.ts'
import type { Caller } from './callers.ts'
import { Gate } from './gate.ts'
import { rpcHandler } from './handler.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts'
import { rpcRates } from './peer-server.ts'
import { type NodeContent, nodeService } from './services/node.ts'
import { waitsFor } from './services/served.ts'
import { openSession, sessionServer } from './sessions.ts'

export interface LocalRpcOptions extends NodeContent {
  /** IP address to listen on; loopback unless other machines are meant to reach it. */
  readonly host: string
  readonly port: number
  /** Origins of pages that may call, for instance `http://127.0.0.1:8080`; none by default. */
  readonly origins?: readonly string[]
  readonly limits?: Partial<RpcLimits>
  readonly onFault?: (error: unknown) => void
}

export interface LocalRpc {
  readonly port: number
  stop(): Promise<void>
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** First bytes of HTTP/2 without TLS. */
const PREFACE = 'PRI'
const FIRST_BYTES_MILLIS = 10_000
const SILENCE_MILLIS = 60_000
const CHECK_MILLIS = 1_000

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startLocalRpc(options: LocalRpcOptions): Promise<LocalRpc> {
  const { host, port, origins = [], onFault = () => undefined } = options
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits }
  const service = nodeService(options, limits.documentBytes)
  const stopping = new AbortController()
  const gate = new Gate({
    limits,
    rates: rpcRates(limits),
    // What changes the node is authorised by its own content, in the service.
    permit: () => undefined,
    waitsFor: waitsFor([service]),
    isDocument: () => true,
    onFlood: () => undefined,
  })
  const handle = rpcHandler({ routes: service.register, gate, limits, web: true, stopping: stopping.signal, onFault })
  const answer = (request: Request, response: Response) => {
    if (!isForUs(request, host) || !originFits(request, response, origins)) {
      turnAway(response, FORBIDDEN)
    } else if (request.method === 'OPTIONS') {
      turnAway(response, NO_CONTENT)
    } else {
      handle(request, response, callerOf(request))
    }
  }
  const http1 = createHttp1(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(FIRST_BYTES_MILLIS, limits.requestMillis),
      requestTimeout: limits.requestMillis,
      connectionsCheckingInterval: CHECK_MILLIS,
    },
    answer,
  )
  http1.setTimeout(SILENCE_MILLIS)
  // It never listens itself; this starts the watch over slow headers and requests.
  http1.emit('listening')
  const http2 = sessionServer(limits, answer)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    sniff(socket, (isHttp2) => {
      if (isHttp2) {
        openSession(http2, socket, limits)
        return
      }
      http1.emit('connection', socket)
      socket.resume()
    })
  })
  server.maxConnections = limits.connections
  await listen(server, host, port)
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    stop: () =>
      new Promise((resolve) => {
        stopping.abort(new ConnectError('the node stops', Code.Unavailable))
        server.close(() => resolve())
        http1.close()
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Which HTTP a connection speaks, from its first bytes, which stay to be read. */
function sniff(socket: Socket, decide: (isHttp2: boolean) => void): void {
  const late = setTimeout(() => socket.destroy(), FIRST_BYTES_MILLIS)
  socket.once('close', () => clearTimeout(late))
  socket.once('data', (chunk: Buffer) => {
    clearTimeout(late)
    socket.pause()
    socket.unshift(chunk)
    decide(chunk.subarray(0, PREFACE.length).toString('latin1') === PREFACE)
  })
}

const callerOf = (request: Request): Caller => ({
  peerId: null,
  name: request.socket.remoteAddress ?? '',
  isSelf: false,
})

/** The name that was called must be this machine's: a page elsewhere could give its own name the address of this one (DNS rebinding). */
function isForUs(request: Request, host: string): boolean {
  const authority =
    'authority' in request && request.authority !== '' ? request.authority : (request.headers.host ?? '')
  const name = authority.replace(/:[0-9]*$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === host || isAddress(name)
}

const isAddress = (name: string): boolean => /^[0-9.]+$/.test(name) || name.includes(':')

const FORBIDDEN = 403
const NO_CONTENT = 204
const BROWSER_HEADERS =
  'content-type, connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent'

/** Programs send no origin; a page is answered only when its origin was allowed. */
function originFits(request: Request, response: Response, origins: readonly string[]): boolean {
  const { origin } = request.headers
  if (origin === undefined) return request.method !== 'OPTIONS'
  if (!origins.includes(origin)) return false
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-allow-methods', 'POST')
  response.setHeader('access-control-allow-headers', BROWSER_HEADERS)
  response.setHeader('access-control-expose-headers', 'grpc-status, grpc-message')
  response.setHeader('vary', 'origin')
  return true
}

function turnAway(response: Response, status: number): void {
  response.statusCode = status
  response.end()
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const text = `cannot listen for local programs on ${host} port ${port}: ${messageOf(error)}`
      reject(new NodeError('busyPort', text, { cause: error }))
    })
    server.listen({ host, port }, resolve)
  })
}
