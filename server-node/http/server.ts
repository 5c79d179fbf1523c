/** Serves the built page, `/network.json` and `/healthz` over HTTP. GET and HEAD only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { messageOf, NodeError, systemCode } from '../errors.ts'
import type { Reachability } from '../net/reachability.ts'
import type { Asset, Assets, Encoding } from './assets.ts'
import { cacheControl, NO_STORE, SECURITY_HEADERS, SHARED_HEADERS } from './headers.ts'

/** What `/healthz` says. */
export interface Health {
  /** `syncing`: newer frames are known than the head, or the network is not known yet. `halted`: by an alert. */
  readonly status: 'starting' | 'syncing' | 'ok' | 'stalled' | 'halted'
  readonly network: string | null
  /** Newest frame number, decimal. */
  readonly head: string | null
  readonly connections: number
  /** Who can reach this node, and what that means; null while it starts. */
  readonly reach: Pick<Reachability, 'reach' | 'text'> | null
}

export interface HttpOptions {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly assets: Assets
  /** Undefined while the node starts: answered with 503. */
  readonly network: () => NetworkDescription | undefined
  readonly health: () => Health
}

export interface HttpServer {
  readonly url: string
  stop(): Promise<void>
}

const CONNECTIONS = 256
const HEADER_BYTES = 8 << 10
const HEADERS_MILLIS = 10_000
const REQUEST_MILLIS = 15_000
const KEEP_ALIVE_MILLIS = 5_000
const SILENCE_MILLIS = 30_000
const REQUESTS_PER_CONNECTION = 1_000

/** Throws `NodeError` `busyPort`. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const limits = { maxHeaderSize: HEADER_BYTES, headersTimeout: HEADERS_MILLIS, requestTimeout: REQUEST_MILLIS }
  const server = createServer({ ...limits, keepAliveTimeout: KEEP_ALIVE_MILLIS }, (request, response) =>
    answer(options, request, response),
  )
  server.maxConnections = CONNECTIONS
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
  // A reader that takes nothing for this time loses its connection.
  server.setTimeout(SILENCE_MILLIS)
  await listen(server, options)
  return {
    url: urlOf(options.host, (server.address() as AddressInfo).port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = systemCode(error) === 'EADDRINUSE' ? 'is in use' : `cannot be used (${messageOf(error)})`
      const advice = 'stop the other program, or choose another --port (0 = any free one)'
      reject(new NodeError('busyPort', `port ${port} of ${host} ${reason}: ${advice}`, { cause: error }))
    })
    server.listen({ host, port }, resolve)
  })
}

/** An address that a browser on this machine can open. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/`
}

function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
  const path = pathOf(request.url ?? '')
  const asset = path === undefined ? undefined : options.assets.get(path)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    // Bodies are never read: the connection ends with the answer to a request that may have one.
    response.setHeader('allow', 'GET, HEAD').setHeader('connection', 'close')
    text(request, response, 405, 'Only GET and HEAD are answered here.')
  } else if (path === '/network.json') {
    sendNetwork(options.network(), request, response)
  } else if (path === '/healthz') {
    json(request, response, 200, options.health())
  } else if (asset !== undefined) {
    sendAsset(asset, request, response)
  } else if (path === '/') {
    text(request, response, 503, 'The page is not built: run npm run build, then start again.')
  } else {
    text(request, response, 404, 'Not found.')
  }
}

/** Decoded path without the query, or undefined when it cannot be decoded. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '')
  } catch {
    return undefined
  }
}

function sendNetwork(
  network: NetworkDescription | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  for (const [name, value] of Object.entries(SHARED_HEADERS)) response.setHeader(name, value)
  if (network === undefined) response.setHeader('retry-after', '1')
  json(request, response, network === undefined ? 503 : 200, network ?? { error: 'the node is starting' })
}

function sendAsset(asset: Asset, request: IncomingMessage, response: ServerResponse): void {
  const encoding = chooseEncoding(asset, request.headers['accept-encoding'])
  const etag = encoding === undefined ? asset.etag : asset.etag.replace(/"$/, `-${encoding}"`)
  response.setHeader('etag', etag).setHeader('cache-control', cacheControl(asset.immutable))
  if (Object.keys(asset.encoded).length > 0) response.setHeader('vary', 'accept-encoding')
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end()
    return
  }
  if (encoding !== undefined) response.setHeader('content-encoding', encoding)
  const body = encoding === undefined ? asset.body : asset.encoded[encoding]
  send(request, response, 200, asset.type, body ?? asset.body)
}

function chooseEncoding(asset: Asset, accepted: string | undefined): Encoding | undefined {
  const names = (accepted ?? '').split(',').map((part) => part.trim().toLowerCase())
  const takes = (encoding: Encoding) =>
    names.some((name) => name === encoding || (name.startsWith(`${encoding};`) && !/;\s*q=0(\.0*)?$/.test(name)))
  return (['br', 'gzip'] as const).find((encoding) => asset.encoded[encoding] !== undefined && takes(encoding))
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

function json(request: IncomingMessage, response: ServerResponse, status: number, value: unknown): void {
  response.setHeader('cache-control', NO_STORE)
  send(request, response, status, 'application/json; charset=utf-8', Buffer.from(`${JSON.stringify(value)}\n`))
}

function text(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  response.setHeader('cache-control', NO_STORE)
  send(request, response, status, 'text/plain; charset=utf-8', Buffer.from(`${message}\n`))
}

function send(request: IncomingMessage, response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}
