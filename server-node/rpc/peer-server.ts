/**
 * The peer listener (TCP 8340): gRPC over mutual TLS, the policies of spec 51 section 4 before every call. A caller without a valid identity
 * is told so (status 16) and closed; nothing it sends is read beyond the headers of its calls.
 */
import type { Http2ServerRequest, ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { type Ed448Signer, type Ed448Verifier, type Identity, peerIdText } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { messageOf, NodeError } from '../errors.ts'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { RateLimiter } from '../net/rate-limit.ts'
import { type Access, permit } from './access.ts'
import type { Caller } from './callers.ts'
import { Gate } from './gate.ts'
import { refuse, rpcHandler } from './handler.ts'
import type { RpcLimits } from './limits.ts'
import { tlsMaterial } from './own-certificate.ts'
import type { PeerPort } from './policy.ts'
import { type ProverLookup, rememberProvers } from './provers.ts'
import { openSession, sessionServer } from './sessions.ts'
import { type FrontRefusal, listenTls } from './tls-front.ts'

export type PeerServerEvent =
  | { readonly event: 'connected'; readonly peer: string }
  | { readonly event: 'disconnected'; readonly peer: string }
  /** A caller was told that something went wrong inside: this did. */
  | { readonly event: 'fault'; readonly error: unknown }
  | { readonly event: 'refused'; readonly reason: FrontRefusal | 'stranger' | 'peer' | 'flood'; readonly text: string }

export interface PeerServerOptions {
  readonly identity: Identity
  readonly engine: Ed448Signer & Ed448Verifier
  readonly host: string
  readonly port: number
  readonly kind: PeerPort
  /** The shard of a worker. */
  readonly shard?: Uint8Array
  readonly isProver: ProverLookup
  readonly limits: RpcLimits
  readonly rates: RateLimiter
  readonly routes: (router: ConnectRouter) => void
  readonly waitsFor: (path: string) => string | null
  readonly isDocument: (path: string) => boolean
  readonly onEvent: (event: PeerServerEvent) => void
}

export interface PeerServer {
  readonly port: number
  /** Peers connected now, one entry a connection. */
  peers(): readonly string[]
  stop(): Promise<void>
}

/** Rates of callers by the limits of RPC. */
export const rpcRates = ({ requestBurst, requestsPerSecond, byteBurst, bytesPerSecond, rememberedPeers }: RpcLimits) =>
  new RateLimiter({
    ...DEFAULT_NET_LIMITS,
    requestBurst,
    requestsPerSecond,
    byteBurst,
    bytesPerSecond,
    rememberedPeers,
  })

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startPeerServer(options: PeerServerOptions): Promise<PeerServer> {
  const { identity, limits, onEvent } = options
  const stopping = new AbortController()
  const access: Access = {
    port: options.kind,
    self: identity.peerId,
    isProver: rememberProvers(options.isProver),
    ...(options.shard === undefined ? {} : { shard: options.shard }),
  }
  const gate = new Gate({
    limits,
    rates: options.rates,
    permit: (path, caller) => permit(access, path, caller.peerId),
    waitsFor: options.waitsFor,
    isDocument: options.isDocument,
    onFlood(caller) {
      onEvent({ event: 'refused', reason: 'flood', text: `${caller.name} calls above its rate` })
      sessions.get(caller)?.destroy()
    },
  })
  const handle = rpcHandler({
    routes: options.routes,
    gate,
    limits,
    web: false,
    stopping: stopping.signal,
    onFault: (error) => onEvent({ event: 'fault', error }),
  })
  const callers = new WeakMap<object, Caller>()
  const sessions = new WeakMap<Caller, ServerHttp2Session>()
  const peers = sessionServer(limits, (request, response) => {
    const caller = callers.get(sessionOf(request))
    if (caller !== undefined) handle(request, response, caller)
  })
  const strangers = sessionServer({ ...limits, streamsPerConnection: 1 }, (request, response) => {
    refuse(response, new ConnectError(reasons.get(sessionOf(request)) ?? '', Code.Unauthenticated))
    request.stream.session?.close()
  })
  const reasons = new WeakMap<object, string>()
  const connected: string[] = []
  let strangersNow = 0

  const onPeer = (socket: TLSSocket, peerId: Uint8Array) => {
    const name = peerIdText(peerId)
    if (connected.filter((one) => one === name).length >= limits.connectionsPerPeer) {
      onEvent({ event: 'refused', reason: 'peer', text: `${name} has ${limits.connectionsPerPeer} connections` })
      socket.destroy()
      return
    }
    const session = openSession(peers, socket, limits)
    if (session === null) return
    const caller = { peerId, name, isSelf: sameBytes(peerId, identity.peerId) }
    callers.set(session, caller)
    sessions.set(caller, session)
    connected.push(name)
    onEvent({ event: 'connected', peer: name })
    socket.once('close', () => {
      connected.splice(connected.indexOf(name), 1)
      onEvent({ event: 'disconnected', peer: name })
    })
  }
  const onStranger = (socket: TLSSocket, reason: string) => {
    onEvent({ event: 'refused', reason: 'stranger', text: reason })
    if (strangersNow >= limits.strangers) {
      socket.destroy()
      return
    }
    strangersNow++
    const end = setTimeout(() => socket.destroy(), limits.strangerMillis)
    socket.once('close', () => {
      strangersNow--
      clearTimeout(end)
    })
    const session = openSession(strangers, socket, limits)
    if (session !== null) reasons.set(session, `a certificate of a peer is needed: ${reason}`)
  }
  const onRefused = (reason: FrontRefusal) => onEvent({ event: 'refused', reason, text: reason })
  const { engine, host, port } = options
  const material = tlsMaterial(identity, engine)
  const front = await listenTls({ material, engine, host, port, limits, onPeer, onStranger, onRefused }).catch(
    (error: unknown) => {
      const text = `cannot listen for peers on ${host} port ${port}: ${messageOf(error)}`
      throw new NodeError('busyPort', text, { cause: error })
    },
  )
  return {
    port: front.port,
    peers: () => [...connected],
    async stop() {
      stopping.abort(new ConnectError('the node stops', Code.Unavailable))
      await front.stop()
    },
  }
}

const sessionOf = (request: Http2ServerRequest): object => request.stream.session ?? request
