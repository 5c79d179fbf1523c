/** What libraries throw, as failures that say what happened and what it may mean. */
import { messageOf, systemCode } from '../errors.ts'
import { RpcError, type RpcErrorCode } from '../rpc/errors.ts'
import { peerText } from './peer-text.ts'
import type { FailureCode, Stage } from './report.ts'

export class ProbeError extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProbeError'
    this.code = code
  }
}

/** What the stage was about, for its failures. */
export interface Circumstances {
  readonly stage: Stage
  /** `udp` has no refusals: silence is all that is seen. */
  readonly layer: 'tcp' | 'udp'
  /** Host and port. */
  readonly where: string
  /** The deadline has passed. */
  readonly isLate: boolean
  /** Whoever asked gave up. */
  readonly isInterrupted: boolean
  /** Time that the stage had, for people. */
  readonly seconds: number
}

const SYSTEM: Readonly<Record<string, readonly [FailureCode, string]>> = {
  ENOTFOUND: ['dns', 'the name does not exist'],
  ENODATA: ['dns', 'the name has no address of that kind'],
  EAI_AGAIN: ['dns', 'no name server answers (is this machine online?)'],
  ECONNREFUSED: ['refused', 'nothing listens there, or a firewall refuses'],
  ENETUNREACH: ['unreachable', 'this machine has no route there (is it online?)'],
  EHOSTUNREACH: ['unreachable', 'this machine has no route there (is it online?)'],
  EADDRNOTAVAIL: ['unreachable', 'this machine has no address of that family'],
  EACCES: ['unreachable', 'this machine does not allow it'],
  EPERM: ['unreachable', 'this machine does not allow it'],
  ETIMEDOUT: ['timeout', 'no answer: a firewall may drop it, or the host is off'],
  ECONNRESET: ['closed', 'it reset the connection'],
  EPIPE: ['closed', 'it ended the connection'],
}

const SILENCE: Partial<Record<Stage, string>> = {
  resolve: 'no name server answered',
  websocket: 'something accepts connections there and is silent',
  secure: 'something accepts connections there and is silent',
  multiplex: 'it does not go on after the handshake',
  tls: 'something accepts connections there and is silent',
  http2: 'it speaks TLS and no HTTP/2',
}

/** Whatever a stage threw, as a `ProbeError`. */
export function failureOf(error: unknown, circumstances: Circumstances): ProbeError {
  const { stage, isLate, isInterrupted, seconds, where, layer } = circumstances
  if (isInterrupted) return new ProbeError('interrupted', 'stopped', { cause: error })
  if (error instanceof ProbeError) return error
  const [code, text] = firstOf(chain(error), systemOf) ?? []
  if (code !== undefined) return new ProbeError(code, `${where}: ${text}`, { cause: error })
  if (isLate || isTimeout(error)) {
    const dropped =
      layer === 'udp'
        ? 'a closed port and a firewall look the same over UDP'
        : 'a firewall may drop it, or the host is off'
    const silence = SILENCE[stage] ?? (stage === 'connect' ? dropped : 'it does not answer')
    return new ProbeError('timeout', `${where}: no answer within ${seconds} s; ${silence}`, { cause: error })
  }
  return firstOf(chain(error), (one) => ofLibraries(one, circumstances)) ?? unknown(error, circumstances)
}

const RPC_CODES: Readonly<Record<RpcErrorCode, FailureCode>> = {
  dial: 'closed',
  identity: 'identity',
  mismatch: 'wrongPeer',
  timeout: 'timeout',
  closed: 'closed',
  refused: 'status',
  protocol: 'protocol',
  cancelled: 'timeout',
}

function ofLibraries(error: Error, { stage, where }: Circumstances): ProbeError | undefined {
  const because = (code: FailureCode, text: string) => new ProbeError(code, `${where}: ${text}`, { cause: error })
  const { message, name } = error
  if (stage === 'tls' && /wrong version number|packet length too long|http request/i.test(message))
    return because('noCommonProtocol', 'it does not speak TLS')
  if (/unsupported protocol|alert protocol version|supported version|version negotiation/i.test(message))
    return because('version', stage === 'tls' ? 'it does not speak TLS 1.3' : 'it does not speak QUIC version 1')
  if (/error 120\b|known protocol|no application protocol/i.test(message))
    return because('noCommonProtocol', 'it speaks QUIC, and not libp2p over it')
  if (/^cannot bind/.test(message)) return because('unreachable', 'this machine has no address of that family')
  if (error instanceof RpcError) {
    const hint = error.code === 'identity' ? '; it is no node, or something on the way (a proxy) answers for it' : ''
    return new ProbeError(RPC_CODES[error.code], `${peerText(message, LONG)}${hint}`, { cause: error })
  }
  if (name === 'UnsupportedProtocolError' || name === 'MuxerUnavailableError' || /could not negotiate/i.test(message)) {
    return because(
      'noCommonProtocol',
      stage === 'secure'
        ? 'it does not speak Noise, or is no libp2p peer at all'
        : stage === 'multiplex'
          ? `it does not speak Yamux, or ended the connection${ENDED}`
          : `no common protocol (${peerText(message)})`,
    )
  }
  return undefined
}

const LONG = 300
const ENDED = '; peers do that when they are full, or when they do not know Ed448 keys as stock libp2p does not'

function unknown(error: unknown, { stage, where }: Circumstances): ProbeError {
  if (stage === 'websocket') {
    const text = 'it speaks no WebSocket, or has no certificate that this machine trusts where TLS is wanted'
    return new ProbeError('noCommonProtocol', `${where}: ${text}`, { cause: error })
  }
  // libp2p rejects with the event of a stream that closed, too.
  const isEvent = error instanceof Event
  const text = isEvent ? error.type : peerText(messageOf(error), LONG)
  const isEnd = isEvent || /clos|reset|abort|ended|is over|eof|unexpected end/i.test(text)
  const hint = stage === 'multiplex' || stage === 'identify' ? ENDED : ''
  return isEnd
    ? new ProbeError('closed', `${where}: it ended the connection (${text})${hint}`, { cause: error })
    : new ProbeError('protocol', `${where}: ${text}`, { cause: error })
}

function systemOf(error: Error): readonly [FailureCode, string] | undefined {
  const code = systemCode(error)
  return code !== undefined && Object.hasOwn(SYSTEM, code) ? SYSTEM[code] : undefined
}

const isTimeout = (error: unknown): boolean =>
  chain(error).some(({ name, message }) => name === 'TimeoutError' || /timed out/i.test(message))

/** Causes and parts of an error that are looked at. */
const MOST_CAUSES = 16

/** An error, and what it came from. */
function chain(error: unknown): readonly Error[] {
  const found: Error[] = []
  const waiting: unknown[] = [error]
  while (waiting.length > 0 && found.length < MOST_CAUSES) {
    const one = waiting.shift()
    if (!(one instanceof Error) || found.includes(one)) continue
    found.push(one)
    waiting.push(one.cause, ...(one instanceof AggregateError ? one.errors.slice(0, MOST_CAUSES) : []))
  }
  return found
}

function firstOf<T, R>(list: readonly T[], of: (item: T) => R | undefined): R | undefined {
  for (const item of list) {
    const found = of(item)
    if (found !== undefined) return found
  }
  return undefined
}
