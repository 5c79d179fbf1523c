import { filterIndices, shardFilter, slicesOf } from '../../../core/gossip/bitmask.ts'
import {
  authorFault,
  decodeMessage,
  encodeMessage,
  type MessageFields,
  messageDigest,
  readId,
  signingPayload,
  writeId,
} from '../../../core/gossip/message.ts'
import { decodeRpc, encodeRpc, RpcError, type RpcParts, rpcFrames } from '../../../core/gossip/rpc.ts'
import { shardTopics } from '../../../core/gossip/topics.ts'
import { otherVerify, publicKeyOfRecord, publicKeyRecord } from '../../../core/identity/index.ts'
import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex } from '../fields.ts'
import { type CoreRunner, eachCase } from '../runner.ts'

const core = (run: (fields: Fields, check: Checks) => void): CoreRunner => ({ backing: 'core', open: () => run })

const values = (run: (fields: Fields, check: Checks) => void): CoreRunner =>
  core((fields, check) => check.values(fields, (each) => run(fields, each)))

/** `p2p/bitmask.json`, `p2p/bitmask_collisions.json` (spec 50 section 4, P2P-04). */
export const bitmask = values((fields, check) => {
  const address = fields.bytes('address')
  const filter = shardFilter(address)
  check.equal('filter', fields.hex('filter'), filter)
  check.equal('filter_slices', fields.hexList('filter_slices'), slicesOf(filter).map(toHex))
  const topics = shardTopics(address)
  check.equal('frame_topic', fields.hex('frame_topic'), topics.frame)
  check.equal('consensus_topic', fields.hex('consensus_topic'), topics.consensus)
  check.equal('dispatch_topic', fields.hex('dispatch_topic'), topics.dispatch)
  check.equal('prover_topic', fields.hex('prover_topic'), topics.prover)
  check.equal('indices', fields.hex('indices'), filterIndices(address))
})

/** `p2p/bitmask_slices.json` (P2P-04). */
export const bitmaskSlices = values((fields, check) => {
  check.equal('slices', fields.hexList('slices'), slicesOf(fields.bytes('bitmask')).map(toHex))
})

/** What the frame of a control case says, by the kind in its name. */
const CONTROL: Readonly<Record<string, (fields: Fields) => RpcParts>> = {
  subscribe: (fields) => ({ subscriptions: fields.bytesList('bitmasks').map((each) => subscription(true, each)) }),
  unsubscribe: (fields) => ({ subscriptions: fields.bytesList('bitmasks').map((each) => subscription(false, each)) }),
  graft: (fields) => ({ graft: fields.bytesList('bitmasks') }),
  prune: (fields) => ({
    prune: fields
      .bytesList('bitmasks')
      .map((each) => ({ bitmask: each, peers: [], backoff: fields.integer('backoff') })),
  }),
  ihave: (fields) => ({
    ihave: fields.bytesList('bitmasks').map((each) => ({ bitmask: each, ids: fields.bytesList('ids') })),
  }),
  iwant: (fields) => ({ iwant: fields.bytesList('ids') }),
  idontwant: (fields) => ({ idontwant: fields.bytesList('ids') }),
  empty: () => ({}),
}

const subscription = (subscribe: boolean, each: Uint8Array) => ({ subscribe, bitmask: each })

/** The one RPC of `bytes`, read and written again; undefined when they hold none that is complete. */
function again(bytes: Uint8Array): Uint8Array | undefined {
  for (const frame of rpcFrames().push(bytes)) {
    const rpc = decodeRpc(frame)
    return encodeRpc({ ...rpc, messages: rpc.messages.map((message) => message.bytes) })
  }
  return undefined
}

/** `p2p/blossomsub_control.json` (spec 50 section 5, P2P-06): both directions; a frame that is refused is refused from its length alone. */
export const control = core((fields, check) => {
  const frame = fields.bytes('frame')
  if (!fields.requiredVerdict()) {
    check.equal(
      'frame',
      'refused',
      refusal(() => again(frame)),
    )
    return
  }
  const kind = fields.text('name').split('-')[0] ?? ''
  const parts = Object.hasOwn(CONTROL, kind) ? CONTROL[kind] : undefined
  if (parts === undefined)
    throw new Malformed(`${fields.path}: ${kind} is not one of ${Object.keys(CONTROL).join(', ')}`)
  check.gives('frame', toHex(frame), () => encodeRpc(parts(fields)))
  check.gives('frame, read and written', toHex(frame), () => again(frame))
  for (const id of fields.has('ids') ? fields.bytesList('ids') : [])
    check.gives('id', toHex(id), () => {
      const read = readId(id)
      return read === null ? 'no id' : writeId(read.digest, read.form)
    })
})

function refusal(call: () => unknown): string {
  try {
    return call() === undefined ? 'incomplete' : 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? 'refused' : `aborted: ${error}`
  }
}

/** The verifier of spec 50 section 5 over an engine. */
function verifies(engine: FullEngine, message: MessageFields): boolean {
  if (authorFault(message) !== null) return false
  const { key, signature } = message
  const [payload, ed448] = [signingPayload(message), publicKeyOfRecord(key)]
  if (ed448 !== null) return engine.ed448Verify(ed448, payload, signature)
  const isEd25519 = toHex(key.subarray(0, ED25519_HEAD)) === '08011220'
  return isEd25519 && otherVerify('ed25519', key.subarray(ED25519_HEAD), new Uint8Array(), payload, signature)
}

/** Bytes of a key record before its key. */
const ED25519_HEAD = 4

/** The verdict on bytes that may be no message at all. */
function bytesVerify(engine: FullEngine, bytes: Uint8Array): boolean {
  try {
    return verifies(engine, decodeMessage(bytes))
  } catch (error) {
    if (error instanceof RpcError) return false
    throw error
  }
}

/** `p2p/blossomsub_message.json` (spec 50 section 5, P2P-05). */
export const message = eachCase((engine, fields, check) => {
  const protobuf = fields.bytes('message_protobuf')
  if (!fields.requiredVerdict()) {
    check.gives('verify', false, () => bytesVerify(engine, protobuf))
    return
  }
  const data = fields.bytes('data')
  const unsigned = { from: fields.bytes('from'), data, seqno: fields.bytes('seqno'), bitmask: fields.bytes('bitmask') }
  const signed = { ...unsigned, signature: fields.bytes('signature'), key: fields.bytes('key') }
  const none = new Uint8Array()
  check.equal(
    'unsigned_protobuf',
    fields.hex('unsigned_protobuf'),
    encodeMessage({ ...unsigned, signature: none, key: none }),
  )
  check.equal('signing_payload', fields.hex('signing_payload'), signingPayload(unsigned))
  if (fields.has('seed')) {
    const seed = fields.bytes('seed')
    check.gives('key', fields.hex('key'), () => publicKeyRecord(Uint8Array.from(engine.ed448PublicKey(seed))))
    check.gives('signature', fields.hex('signature'), () => engine.ed448Sign(seed, signingPayload(unsigned)))
  }
  check.equal('message_protobuf', toHex(protobuf), encodeMessage(signed))
  check.gives('message_protobuf, read and written', toHex(protobuf), () => decodeMessage(protobuf).bytes)
  check.gives('verify', true, () => bytesVerify(engine, protobuf))
  check.equal('rpc_frame', fields.hex('rpc_frame'), encodeRpc({ messages: [protobuf] }))
  check.gives('rpc_frame, read and written', fields.hex('rpc_frame'), () => again(fields.bytes('rpc_frame')))
  check.equal('message_id', fields.hex('message_id'), writeId(messageDigest(data), 'long'))
  check.equal('message_id_legacy', fields.hex('message_id_legacy'), writeId(messageDigest(data), 'short'))
})
