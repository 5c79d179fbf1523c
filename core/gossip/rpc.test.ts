import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { concatBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageSchema, RpcSchema } from '../gen/gossip_pb.js'
import { WireError } from '../light/wire-limits.ts'
import {
  authorFault,
  decodeMessage,
  encodeMessage,
  peerIdOfKey,
  readId,
  seqnoBytes,
  signedPart,
  signingPayload,
  writeId,
} from './message.ts'
import { Outbox } from './outbox.ts'
import { decodeRpc, encodeRpc, RPC_LIMITS, RpcError, rpcFrames } from './rpc.ts'

const bytes = (max: number) => fc.uint8Array({ maxLength: max })
const fields = fc.record({
  from: bytes(40),
  data: bytes(100),
  seqno: bytes(8),
  bitmask: bytes(40),
  signature: bytes(114),
  key: bytes(61),
})
const rpcs = fc.record({
  subscriptions: fc.array(fc.record({ subscribe: fc.boolean(), bitmask: bytes(40) }), { maxLength: 5 }),
  messages: fc.array(fields.map(encodeMessage), { maxLength: 5 }),
  ihave: fc.array(fc.record({ bitmask: bytes(40), ids: fc.array(bytes(33), { maxLength: 5 }) }), { maxLength: 4 }),
  iwant: fc.array(bytes(33), { maxLength: 5 }),
  graft: fc.array(bytes(40), { maxLength: 4 }),
  prune: fc.array(
    fc.record({
      bitmask: bytes(40),
      backoff: fc.bigInt(0n, 2n ** 64n - 1n),
      peers: fc.array(fc.record({ peerId: bytes(34), signedPeerRecord: bytes(50) }), { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
  idontwant: fc.array(bytes(33), { maxLength: 5 }),
})

const bodyOf = (framed: Uint8Array): Uint8Array => [...rpcFrames().push(framed)][0] ?? new Uint8Array()
const outcome = (call: () => unknown): string => {
  try {
    call()
    return 'accepted'
  } catch (error) {
    if (error instanceof RpcError || error instanceof WireError) return error.code
    throw error
  }
}

test('P2P-06 what is written is read, and is what the generated code reads', () => {
  fc.assert(
    fc.property(rpcs, (rpc) => {
      const body = bodyOf(encodeRpc(rpc))
      const { messages, ...rest } = decodeRpc(body)
      expect({ ...rest, messages: messages.map((message) => message.bytes) }).toEqual(rpc)
      expect(toBinary(RpcSchema, fromBinary(RpcSchema, body))).toEqual(body)
    }),
  )
})

test('P2P-06 a peer may cut its control message in parts', () => {
  const parts = [{ ihave: [{ bitmask: Uint8Array.of(1), ids: [] }] }, { graft: [Uint8Array.of(2)] }]
  const rpc = decodeRpc(concatBytes(...parts.map((part) => bodyOf(encodeRpc(part)))))
  expect([rpc.ihave.length, rpc.graft.length]).toEqual([1, 1])
})

test('P2P-06 a declared length above 16 MiB is refused from its first bytes', () => {
  expect(outcome(() => [...rpcFrames().push(Uint8Array.of(0x81, 0x80, 0x80, 0x08))])).toBe('limit')
  expect(outcome(() => [...rpcFrames().push(Uint8Array.of(0x80, 0x80, 0x80, 0x08))])).toBe('accepted')
  expect([...rpcFrames().push(Uint8Array.of(0, 0))]).toEqual([new Uint8Array(), new Uint8Array()])
})

test('bytes at random are read or refused with a typed error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
      expect(['accepted', 'decode', 'limit']).toContain(outcome(() => decodeRpc(garbage)))
    }),
    { numRuns: 20_000 },
  )
})

test('changed bytes of an RPC are read or refused with a typed error', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(rpcs, fc.array(change, { maxLength: 4 }), fc.nat(), (rpc, changes, cut) => {
      const body = bodyOf(encodeRpc(rpc))
      for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte
      const some = body.subarray(0, body.length - (cut % 3 === 0 ? cut % (body.length + 1) : 0))
      expect(['accepted', 'decode', 'limit']).toContain(outcome(() => decodeRpc(some)))
    }),
    { numRuns: 5000 },
  )
})

test('P2P-06 what the outbox makes of very many entries is read by its own kind', () => {
  const outbox = new Outbox()
  const count = 10_000
  for (let i = 0; i < count; i++) {
    const id = writeId(i.toString(16).padStart(64, '0'), 'long')
    outbox.ihave('a', { bitmask: Uint8Array.of(1, i >> 8, i & 0xff), ids: [id] })
    outbox.iwant('a', id)
    outbox.idontwant('a', id)
    outbox.message('a', encodeMessage({ ...blank, data: Uint8Array.of(i & 0xff) }))
  }
  const rpcs = outbox.flush().map(({ bytes }) => decodeRpc(bodyOf(bytes)))
  for (const part of ['ihave', 'iwant', 'idontwant', 'messages'] as const)
    expect(rpcs.reduce((sum, rpc) => sum + rpc[part].length, 0)).toBe(count)
})

describe('an RPC with too many', () => {
  const repeated = (entry: number[], count: number) =>
    Uint8Array.from({ length: count * entry.length }, (_, i) => entry[i % entry.length] ?? 0)
  const inControl = (content: Uint8Array) => new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(content).finish()
  test.each([
    ['subscriptions', RPC_LIMITS.subscriptions, (count: number) => repeated([0x0a, 0], count)],
    ['messages', RPC_LIMITS.messages, (count: number) => repeated([0x12, 0], count)],
    ['control messages', RPC_LIMITS.controls, (count: number) => inControl(repeated([0x1a, 0], count))],
  ])('%s is refused', (_, most, make) => {
    expect(outcome(() => decodeRpc(make(most + 1)))).toBe('limit')
    expect(outcome(() => decodeRpc(make(most)))).toBe('accepted')
  })
  test('message ids is refused', () => {
    const ids = Array.from({ length: RPC_LIMITS.ids + 1 }, () => new Uint8Array())
    expect(outcome(() => decodeRpc(bodyOf(encodeRpc({ iwant: ids }))))).toBe('limit')
    expect(outcome(() => decodeRpc(bodyOf(encodeRpc({ iwant: ids.slice(1) }))))).toBe('accepted')
  })
})

test('groups and wrong wire types are refused, other unknown fields are skipped', () => {
  expect(outcome(() => decodeRpc(Uint8Array.of(0x0b, 0x0c)))).toBe('decode')
  expect(outcome(() => decodeRpc(Uint8Array.of(0x08, 1)))).toBe('decode')
  expect(outcome(() => decodeRpc(Uint8Array.of(0x7a, 1, 7, 0x20, 1)))).toBe('accepted')
})

test('P2P-05 messages are written as the generated code writes them, and what is signed is their start', () => {
  fc.assert(
    fc.property(fields, (message) => {
      const bytes = encodeMessage(message)
      expect(bytes).toEqual(toBinary(MessageSchema, create(MessageSchema, message)))
      expect(signedPart(decodeMessage(bytes))).toEqual(signingPayload(message))
    }),
  )
})

test('fields out of order, twice, empty or with a long length are read; what is kept is their plain encoding', () => {
  const plain = Uint8Array.of(0x0a, 1, 7, 0x12, 1, 8)
  const odd = [
    [0x12, 1, 8, 0x0a, 1, 7],
    [0x0a, 1, 9, 0x0a, 1, 7, 0x12, 1, 8],
    [0x0a, 1, 7, 0x12, 1, 8, 0x1a, 0],
    [0x0a, 0x81, 0, 7, 0x12, 1, 8],
    [0x0a, 1, 7, 0x12, 1, 8, 0x3a, 1, 1],
  ]
  for (const bytes of odd) expect(decodeMessage(Uint8Array.from(bytes)).bytes).toEqual(plain)
})

test('P2P-12 a message is kept as it came; what is no part of the signature is not', () => {
  fc.assert(
    fc.property(fields, (message) => {
      const encoded = encodeMessage(message)
      expect(decodeMessage(encoded)).toEqual({ ...message, bytes: encoded, plain: true })
      const surplus = decodeMessage(concatBytes(encoded, Uint8Array.of(0x3a, 2, 1, 1)))
      expect(surplus).toEqual({ ...message, bytes: encoded, plain: false })
    }),
  )
})

test('a small message does not keep the frame that it came in', () => {
  const large = new Uint8Array(1 << 20)
  const message = encodeMessage({ ...blank, data: Uint8Array.of(1) })
  large.set(message, 5)
  expect(decodeMessage(large.subarray(5, 5 + message.length)).bytes.buffer.byteLength).toBeLessThan(100)
})

const HEAD = [0x08, 0x01, 0x12, 32]
const RAW = Array.from({ length: 32 }, (_, i) => i)
const none = new Uint8Array()
const blank = { from: none, data: none, seqno: none, bitmask: none, signature: none, key: none }

test('P2P-11 author, key and signature have to be there and to fit', () => {
  const key = Uint8Array.from({ length: 61 }, (_, i) => [0x08, 0x04, 0x12, 57][i] ?? i)
  const whole = { ...blank, key, from: peerIdOfKey(key), seqno: seqnoBytes(1n), signature: new Uint8Array(114) }
  expect(authorFault(whole)).toBe(null)
  expect(authorFault({ ...whole, key: none, signature: none })).toBe('unsigned')
  expect(authorFault({ ...whole, key: none })).toBe('incomplete')
  expect(authorFault({ ...whole, signature: none })).toBe('incomplete')
  expect(authorFault({ ...whole, from: none })).toBe('incomplete')
  expect(authorFault({ ...whole, key: key.with(60, 1) })).toBe('foreignKey')
})

test.each([
  ['with an unknown field', [...HEAD, ...RAW, 0x7a, 1, 1]],
  ['with its fields in another order', [0x12, 32, ...RAW, 0x08, 0x01]],
  ['with a long type', [0x08, 0x81, 0x00, 0x12, 32, ...RAW]],
  ['with a long length', [0x08, 0x01, 0x12, 0xa0, 0x00, ...RAW]],
  ['with its type twice', [0x08, 0x00, ...HEAD, ...RAW]],
  ['without its data', [0x08, 0x01, 0x12, 0]],
])('P2P-11 a key record %s is refused whatever its id: others compute the id from the plain record', (_, record) => {
  const key = Uint8Array.from(record)
  const plain = Uint8Array.from([...HEAD, ...RAW])
  const whole = { ...blank, key: plain, from: peerIdOfKey(plain), seqno: seqnoBytes(1n), signature: new Uint8Array(64) }
  expect(authorFault(whole)).toBe(null)
  expect(authorFault({ ...whole, key })).toBe('form')
  expect(authorFault({ ...whole, key, from: peerIdOfKey(key) })).toBe('form')
})

test('P2P-11 what other nodes may take and we do not is refused for its form', () => {
  const key = Uint8Array.from([...HEAD, ...RAW])
  const whole = { ...blank, key, from: peerIdOfKey(key), seqno: seqnoBytes(1n), signature: new Uint8Array(64) }
  // The id holds the key, so some authors leave it out; the counter has no length there.
  expect(authorFault({ ...whole, key: none })).toBe('form')
  expect(authorFault({ ...whole, seqno: none })).toBe('form')
  // A key of a kind that has several encodings.
  expect(authorFault({ ...whole, key: Uint8Array.of(0x08, 2, 0x12, 2, 3, 4) })).toBe('form')
})

test('both forms of an id hold one digest, nothing else is an id', () => {
  const digest = 'ab'.repeat(32)
  for (const form of ['long', 'short'] as const) expect(readId(writeId(digest, form))).toEqual({ digest, form })
  for (const wrong of [none, new Uint8Array(31), new Uint8Array(33), new Uint8Array(34)])
    expect(readId(wrong)).toBe(null)
})

test('the generated code and ours agree on an RPC that says nothing', () => {
  expect(encodeRpc({})).toEqual(Uint8Array.of(0))
  expect(toBinary(RpcSchema, create(RpcSchema))).toEqual(none)
})
