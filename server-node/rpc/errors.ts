/** Why a call to another node did not succeed; callers branch on `code`. */
import { Code, ConnectError } from '@connectrpc/connect'
import { messageOf } from '../errors.ts'

export type RpcErrorCode =
  | 'dial' // no connection
  | 'identity' // the other side proves no identity
  | 'mismatch' // the other side is another peer than the one wanted
  | 'timeout'
  | 'closed' // the connection ended during the call
  | 'refused' // the peer answered with a status other than OK; `status` says which
  | 'protocol' // what came is not what the method answers
  | 'cancelled' // the caller's signal fired

export class RpcError extends Error {
  readonly code: RpcErrorCode
  /** Status of gRPC, when the peer gave one. */
  readonly status: Code | undefined
  constructor(code: RpcErrorCode, message: string, options: ErrorOptions & { readonly status?: Code } = {}) {
    super(message, options)
    this.name = 'RpcError'
    this.code = code
    this.status = options.status
  }
}

/** Codes of the library for what happened here, not there. */
const LOCAL: Partial<Record<Code, RpcErrorCode>> = {
  [Code.Canceled]: 'cancelled',
  [Code.DeadlineExceeded]: 'timeout',
  [Code.Aborted]: 'closed',
  [Code.Unavailable]: 'closed',
}

/** Longest text of a peer that is passed on. */
const PEER_TEXT = 300

/** Whatever a call threw, as an error of this room. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  const { code, rawMessage, isWireError } = ConnectError.from(error)
  const text = rawMessage.slice(0, PEER_TEXT) || messageOf(error)
  if (isWireError) return new RpcError('refused', text, { status: code, cause: error })
  return new RpcError(LOCAL[code] ?? 'protocol', text, { cause: error })
}
