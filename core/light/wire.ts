/**
 * Bytes of the protocol `/petal/light/1.0.0` (core/proto/light.proto), the same for both ends: messages with their limits.
 * Every message travels behind its length (`frame-decoder.ts`). A side calls `encodeRequest` or `encodeResponse` and writes what comes
 * back as it is; it reads with `readFrames` and passes each message to `decodeRequest` or `decodeResponse`.
 *
 * Strict: whatever breaks a limit or the form is a `WireError`, and the stream it came from is of no more use.
 */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { Error_Code, RequestSchema, ResponseSchema } from '../gen/light_pb.js'
import type { PeerHello, ShardAnswer, ShardsAnswer, StateAnswer, StateQuestion } from '../platform/network.ts'
import { frame } from './frame-decoder.ts'
import { checkAlerts } from './wire-alerts.ts'
import { WIRE_LIMITS, WireError } from './wire-limits.ts'
import {
  descriptionBytes,
  readDescription,
  readShards,
  readShardsQuestion,
  shardsFields,
  shardsQuestionFields,
} from './wire-node.ts'
import {
  checkSyncQuery,
  checkSyncResponse,
  readShard,
  readShardQuestion,
  readState,
  readStateQuestion,
  shardFields,
  shardQuestionFields,
  stateFields,
  stateQuestionFields,
} from './wire-state.ts'

export { FrameDecoder, frame, readFrames } from './frame-decoder.ts'
export { WIRE_LIMITS, WireError, type WireErrorCode } from './wire-limits.ts'

export type LightRequest =
  | { readonly kind: 'hello'; readonly network: string; readonly profile: string }
  | { readonly kind: 'head' }
  | { readonly kind: 'headers'; readonly from: bigint; readonly count: number }
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'state'; readonly question: StateQuestion }
  | { readonly kind: 'shard'; readonly domain: Uint8Array; readonly frame: bigint | null }
  | { readonly kind: 'sync'; readonly query: Uint8Array }
  | { readonly kind: 'describe' }
  | { readonly kind: 'shards'; readonly frame: bigint | null; readonly after: Uint8Array | null }
  | { readonly kind: 'alerts' }

/** Why a server did not answer what was asked. */
export type RefusalCode = 'notFound' | 'badRequest' | 'rateLimited' | 'wrongNetwork' | 'unavailable'

export type LightResponse =
  | { readonly kind: 'hello'; readonly hello: PeerHello }
  | { readonly kind: 'head'; readonly header: Uint8Array }
  | { readonly kind: 'headers'; readonly headers: readonly Uint8Array[] }
  | { readonly kind: 'state'; readonly state: StateAnswer }
  | { readonly kind: 'shard'; readonly shard: ShardAnswer }
  | { readonly kind: 'sync'; readonly response: Uint8Array }
  | { readonly kind: 'description'; readonly text: string }
  | { readonly kind: 'shards'; readonly shards: ShardsAnswer }
  /** Canonical bytes of each, newest first. */
  | { readonly kind: 'alerts'; readonly alerts: readonly Uint8Array[] }
  | { readonly kind: 'error'; readonly code: RefusalCode; readonly message: string }

const U64_MAX = 0xffff_ffff_ffff_ffffn

const refusalNumber: Record<RefusalCode, Error_Code> = {
  notFound: Error_Code.NOT_FOUND,
  badRequest: Error_Code.BAD_REQUEST,
  rateLimited: Error_Code.RATE_LIMITED,
  wrongNetwork: Error_Code.WRONG_NETWORK,
  unavailable: Error_Code.UNAVAILABLE,
}
const refusalName = new Map(Object.entries(refusalNumber).map(([name, code]) => [code, name as RefusalCode]))

/** Framed bytes of a request. Throws `WireError` `limit` for a request that no server would take. */
export function encodeRequest(request: LightRequest): Uint8Array {
  return frame(toBinary(RequestSchema, create(RequestSchema, { kind: requestKind(request) })), WIRE_LIMITS.requestBytes)
}

function requestKind(request: LightRequest): NonNullable<MessageInitShape<typeof RequestSchema>['kind']> {
  switch (request.kind) {
    case 'hello':
      checkName(request.network)
      checkName(request.profile)
      return { case: 'hello', value: { network: request.network, profile: request.profile } }
    case 'head':
      return { case: 'getHead', value: {} }
    case 'headers':
      checkRange(request.from, request.count)
      return { case: 'getHeaders', value: { from: request.from, count: request.count } }
    case 'subscribe':
      return { case: 'subscribe', value: {} }
    case 'state':
      return { case: 'getState', value: stateQuestionFields(request.question) }
    case 'shard':
      return { case: 'getShard', value: shardQuestionFields(request.domain, request.frame) }
    case 'sync':
      return { case: 'sync', value: checkSyncQuery(request.query) }
    case 'describe':
      return { case: 'describe', value: {} }
    case 'shards':
      return { case: 'getShards', value: shardsQuestionFields(request.frame, request.after) }
    case 'alerts':
      return { case: 'getAlerts', value: {} }
  }
}

/** A request from one unframed message. Throws `WireError`. */
export function decodeRequest(message: Uint8Array): LightRequest {
  if (message.length > WIRE_LIMITS.requestBytes) {
    throw new WireError('limit', `request of ${message.length} bytes, at most ${WIRE_LIMITS.requestBytes} are taken`)
  }
  expectOneKind(message)
  const { kind } = parse('request', () => fromBinary(RequestSchema, message, { readUnknownFields: false }))
  switch (kind.case) {
    case 'hello':
      checkName(kind.value.network)
      checkName(kind.value.profile)
      return { kind: 'hello', network: kind.value.network, profile: kind.value.profile }
    case 'getHead':
      return { kind: 'head' }
    case 'getHeaders':
      checkRange(kind.value.from, kind.value.count)
      return { kind: 'headers', from: kind.value.from, count: kind.value.count }
    case 'subscribe':
      return { kind: 'subscribe' }
    case 'getState':
      return { kind: 'state', question: readStateQuestion(kind.value) }
    case 'getShard':
      return { kind: 'shard', ...readShardQuestion(kind.value) }
    case 'sync':
      return { kind: 'sync', query: checkSyncQuery(kind.value) }
    case 'describe':
      return { kind: 'describe' }
    case 'getShards':
      return { kind: 'shards', ...readShardsQuestion(kind.value) }
    case 'getAlerts':
      return { kind: 'alerts' }
    default:
      throw new WireError('kind', 'request of an unknown kind')
  }
}

/** Framed bytes of a response. Throws `WireError` `limit` when it is too large: see `fitHeaders`. */
export function encodeResponse(response: LightResponse): Uint8Array {
  const message = create(ResponseSchema, { kind: responseKind(response) })
  return frame(toBinary(ResponseSchema, message), WIRE_LIMITS.messageBytes)
}

function responseKind(response: LightResponse): NonNullable<MessageInitShape<typeof ResponseSchema>['kind']> {
  switch (response.kind) {
    case 'hello':
      checkName(response.hello.network)
      checkName(response.hello.profile)
      return { case: 'hello', value: { ...response.hello } }
    case 'head':
      checkHeader(response.header)
      return { case: 'head', value: { header: response.header } }
    case 'headers':
      checkCount(response.headers.length)
      response.headers.forEach(checkHeader)
      return { case: 'headers', value: { headers: [...response.headers] } }
    case 'state':
      return { case: 'state', value: stateFields(response.state) }
    case 'shard':
      return { case: 'shard', value: shardFields(response.shard) }
    case 'sync':
      return { case: 'sync', value: checkSyncResponse(response.response) }
    case 'description':
      return { case: 'description', value: descriptionBytes(response.text) }
    case 'shards':
      return { case: 'shards', value: shardsFields(response.shards) }
    case 'alerts':
      return { case: 'alerts', value: { alerts: [...checkAlerts(response.alerts)] } }
    case 'error': {
      const message = response.message.slice(0, WIRE_LIMITS.errorCharacters)
      return { case: 'error', value: { code: refusalNumber[response.code], message } }
    }
  }
}

/** A response from one unframed message. Throws `WireError`. */
export function decodeResponse(message: Uint8Array): LightResponse {
  if (message.length > WIRE_LIMITS.messageBytes) {
    throw new WireError('limit', `message of ${message.length} bytes, at most ${WIRE_LIMITS.messageBytes} are taken`)
  }
  expectOneKind(message)
  const { kind } = parse('response', () => fromBinary(ResponseSchema, message, { readUnknownFields: false }))
  switch (kind.case) {
    case 'hello': {
      const { network, profile, head, oldest, maxHeaders } = kind.value
      checkName(network)
      checkName(profile)
      return { kind: 'hello', hello: { network, profile, head, oldest, maxHeaders } }
    }
    case 'head':
      checkHeader(kind.value.header)
      return { kind: 'head', header: kind.value.header }
    case 'headers':
      kind.value.headers.forEach(checkHeader)
      return { kind: 'headers', headers: kind.value.headers }
    case 'state':
      return { kind: 'state', state: readState(kind.value) }
    case 'shard':
      return { kind: 'shard', shard: readShard(kind.value) }
    case 'sync':
      return { kind: 'sync', response: checkSyncResponse(kind.value) }
    case 'description':
      return { kind: 'description', text: readDescription(kind.value) }
    case 'shards':
      return { kind: 'shards', shards: readShards(kind.value) }
    case 'alerts':
      return { kind: 'alerts', alerts: checkAlerts(kind.value.alerts) }
    case 'error':
      return {
        kind: 'error',
        code: refusalName.get(kind.value.code) ?? 'unavailable',
        message: kind.value.message.slice(0, WIRE_LIMITS.errorCharacters),
      }
    default:
      throw new WireError('kind', 'response of an unknown kind')
  }
}

/** The longest start of `headers` that one response can carry. */
export function fitHeaders(headers: readonly Uint8Array[]): readonly Uint8Array[] {
  // Each header costs its bytes, its tag and its length; the kind around them costs at most eight bytes.
  const overhead = 8
  let bytes = overhead
  let count = 0
  for (const header of headers.slice(0, WIRE_LIMITS.headers)) {
    bytes += header.length + overhead
    if (bytes > WIRE_LIMITS.messageBytes) break
    count++
  }
  return headers.slice(0, count)
}

/** Field numbers of kinds that repeat fields: headers (or the range that asks for them), values, shard roots, shards, alerts. */
const REPEATING: ReadonlyMap<number, { readonly limit: number; readonly what: string }> = new Map([
  [3, { limit: WIRE_LIMITS.headers, what: 'headers' }],
  [5, { limit: WIRE_LIMITS.addresses + 4, what: 'fields' }],
  [6, { limit: 8, what: 'fields' }],
  [9, { limit: WIRE_LIMITS.shards + 2, what: 'fields' }],
  [10, { limit: WIRE_LIMITS.alerts, what: 'alerts' }],
])
/** Field `present` of `State`: its booleans come packed. */
const STATE = 5
const PRESENT = 3

/**
 * Refuses a message that is not exactly one kind, and counts what repeats before anything is allocated for it: a message of
 * 1 MiB can name half a million empty headers.
 */
function expectOneKind(message: Uint8Array): void {
  parse('message', () => {
    const reader = new BinaryReader(message)
    let kinds = 0
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag()
      if (++kinds > 1) throw new WireError('kind', 'message of more than one kind')
      if (wireType !== WireType.LengthDelimited) throw new WireError('decode', 'a kind is not a message')
      countFields(field, reader.bytes())
    }
    if (kinds === 0) throw new WireError('kind', 'empty message')
  })
}

function countFields(kind: number, content: Uint8Array): void {
  const repeating = REPEATING.get(kind)
  if (repeating === undefined) return
  const reader = new BinaryReader(content)
  let count = 0
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType === WireType.StartGroup) throw new WireError('decode', 'groups are not part of this protocol')
    const start = reader.pos
    reader.skip(wireType, field)
    const packed = kind === STATE && field === PRESENT ? reader.pos - start - 1 : 0
    if (packed > WIRE_LIMITS.addresses || ++count > repeating.limit) {
      throw new WireError('limit', `more than ${repeating.limit} ${repeating.what} in one message`)
    }
  }
}

function parse<T>(what: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof WireError) throw cause
    throw new WireError('decode', `${what} is not valid protobuf`, { cause })
  }
}

function checkName(name: string): void {
  if (name.length > WIRE_LIMITS.nameCharacters) {
    throw new WireError('limit', `name of ${name.length} characters, at most ${WIRE_LIMITS.nameCharacters} are taken`)
  }
}

function checkHeader(header: Uint8Array): void {
  if (header.length === 0) throw new WireError('decode', 'empty header')
  if (header.length > WIRE_LIMITS.headerBytes) {
    throw new WireError('limit', `header of ${header.length} bytes, at most ${WIRE_LIMITS.headerBytes} are taken`)
  }
}

function checkCount(count: number): void {
  if (count > WIRE_LIMITS.headers)
    throw new WireError('limit', `more than ${WIRE_LIMITS.headers} headers in one message`)
}

function checkRange(from: bigint, count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new WireError('limit', 'a range of headers has at least one')
  checkCount(count)
  if (from < 0n || from + BigInt(count) - 1n > U64_MAX)
    throw new WireError('limit', 'a range of headers leaves 64 bits')
}
