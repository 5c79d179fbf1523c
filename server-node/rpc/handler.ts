/** From an HTTP request to a method: the router of the library behind the gate, with deadlines on requests and calls. */

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type Interceptor,
} from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node'
import { StateError, type StateErrorCode } from '@petal/core/platform/state.ts'
import { CALLER, type Caller } from './callers.ts'
import { type Gate, UNKNOWN } from './gate.ts'
import type { RpcLimits } from './limits.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

export interface HandlerOptions {
  readonly routes: (router: ConnectRouter) => void
  readonly gate: Gate
  readonly limits: RpcLimits
  /** Which protocols beside gRPC are spoken. */
  readonly web: boolean
  /** Fires when the listener stops: running calls end. */
  readonly stopping: AbortSignal
  /** Told what went wrong inside, when a caller is told that something did. */
  readonly onFault: (error: unknown) => void
}

export type Handle = (request: Request, response: Response, caller: Caller) => void

export function rpcHandler({ routes, gate, limits, web, stopping, onFault }: HandlerOptions): Handle {
  const router = createConnectRouter({
    grpc: true,
    grpcWeb: web,
    connect: web,
    // Nothing is compressed: a small message cannot grow into a large one, and pages of state cost no time here.
    acceptCompression: [],
    readMaxBytes: limits.requestBytes,
    writeMaxBytes: limits.responseBytes,
    shutdownSignal: stopping,
    requestGate: (context) => gate.enter(context),
    interceptors: [statusOfErrors(onFault)],
  })
  routes(router)
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
  return (request, response, caller) => {
    response.on('error', () => undefined)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const handler = handlers.get(path)
    if (handler === undefined) {
      void unknown(gate, caller, response)
      return
    }
    const timers = deadlines(handler, request, response, limits)
    answer(handler, request, response, caller)
      .catch(() => closeStream(response))
      .finally(() => {
        for (const timer of timers) clearTimeout(timer)
      })
  }
}

/** Errors of the state have a status; of any other a caller learns nothing. */
const statusOfErrors =
  (onFault: (error: unknown) => void): Interceptor =>
  (next) =>
  async (request) => {
    try {
      return await next(request)
    } catch (error) {
      const status = error instanceof StateError ? STATE_STATUS[error.code] : undefined
      if (error instanceof StateError && status !== undefined) throw new ConnectError(error.message, status)
      if (!(error instanceof ConnectError)) onFault(error)
      throw error
    }
  }

const STATE_STATUS: Partial<Record<StateErrorCode, Code>> = {
  arguments: Code.InvalidArgument,
  notFound: Code.NotFound,
  unavailable: Code.NotFound,
  closed: Code.Unavailable,
  failed: Code.ResourceExhausted,
}

async function answer(handler: UniversalHandler, request: Request, response: Response, caller: Caller): Promise<void> {
  const values = createContextValues().set(CALLER, caller)
  const called = universalRequestFromNodeRequest(request, response, undefined, values)
  await universalResponseToNodeResponse(await handler(called), response)
}

/** A call of one request is bounded in time; streams have bounds of their own. */
function deadlines(
  handler: UniversalHandler,
  request: Request,
  response: Response,
  limits: RpcLimits,
): NodeJS.Timeout[] {
  const { methodKind } = handler.method
  if (methodKind === 'bidi_streaming' || methodKind === 'client_streaming') return []
  const late = setTimeout(() => {
    if (!request.readableEnded) closeStream(response)
  }, limits.requestMillis)
  if (methodKind === 'server_streaming') return [late]
  return [late, setTimeout(() => closeStream(response), limits.callMillis)]
}

function closeStream(response: Response): void {
  if (response instanceof ServerResponse) response.destroy()
  else response.stream?.close()
}

/** A path without a method is for this node itself, which learns that it is not there (RPC-07). */
async function unknown(gate: Gate, caller: Caller, response: Response): Promise<void> {
  const error = await gate.check(UNKNOWN, caller).then(
    () => new ConnectError('no such method', Code.Unimplemented),
    (thrown: unknown) => ConnectError.from(thrown),
  )
  refuse(response, error)
}

/** Status without a message, in gRPC's form for answers that end with their headers. */
export function refuse(response: Response, error: ConnectError): void {
  const message = encodeURIComponent(error.rawMessage)
  const headers = { 'content-type': 'application/grpc', 'grpc-status': String(error.code), 'grpc-message': message }
  if (response instanceof ServerResponse) {
    if (!response.headersSent) response.writeHead(200, headers).end()
    return
  }
  const { stream } = response
  // The caller may have reset it by now; a response of HTTP/2 says nothing of that itself.
  if (stream !== undefined && !stream.destroyed && !stream.closed && !stream.headersSent)
    stream.respond({ ':status': 200, ...headers }, { endStream: true })
}
