/** CAN-10: what a decoder makes of the worst input that it accepts, long lists of the smallest elements, is a small multiple of the input. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { create, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { TimeoutCertificateSchema } from '../gen/node/consensus_pb.js'
import { MessageBundleSchema, MessageRequestSchema, ProverJoinSchema } from '../gen/node/requests_pb.js'
import { consensus, envelope, MESSAGES, prover } from './index.ts'
import { fromProtobuf } from './protobuf.ts'
import { MOST_FIELDS } from './protobuf-wire.ts'

/** Heap for each byte of input: an element of five bytes is a view of about 110. */
const MOST_TIMES = 26
const INPUT_BYTES = 2_000_000

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const used = (): number => {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const zeros = (count: number): number[] => new Array<number>(count).fill(0)

/** Message: prefix, `before`, a list of as many elements as two megabytes hold, `after`. */
function longList(name: string, before: readonly number[], element: readonly number[], after: readonly number[]) {
  const message = MESSAGES.get(name)
  if (message === undefined) throw new Error(name)
  const count = Math.floor(INPUT_BYTES / element.length)
  const head = [...u32(message.prefix), ...before, ...u32(count)]
  const bytes = new Uint8Array(head.length + count * element.length + after.length)
  bytes.set(head)
  for (let index = 0; index < count; index++) bytes.set(element, head.length + index * element.length)
  bytes.set(after, bytes.length - after.length)
  return { message, bytes }
}

const nested = (prefix: number, content: readonly number[]): number[] => [
  ...u32(4 + content.length),
  ...u32(prefix),
  ...content,
]

test.each([
  ['null requests', longList('MessageBundle', [], u32(0), zeros(8))],
  ['empty byte strings', longList('TransactionInput', zeros(8), u32(0), [])],
  ['byte strings of one byte', longList('TransactionInput', zeros(8), [...u32(1), 7], [])],
  ['texts of one letter', longList('ExecutionStage', [], [...u32(1), 65], [])],
  ['addresses of a peer', longList('PeerInfo', zeros(4), zeros(12), zeros(28))],
  ['capabilities', longList('PeerInfo', zeros(24), zeros(8), zeros(8))],
  ['merge targets', longList('ProverJoin', zeros(20), nested(0x0310, zeros(12)), zeros(4))],
  ['inputs', longList('MintTransaction', zeros(4), nested(0x050d, zeros(24)), zeros(12))],
  ['stages', longList('ExecutionDAG', zeros(4), nested(0x060b, zeros(4)), [])],
])('CAN-10 %s', (_what, { message, bytes }) => {
  message.decode(bytes.slice())
  const before = used()
  const value = message.decode(bytes)
  expect((used() - before) / bytes.length).toBeLessThan(MOST_TIMES)
  expect(message.encode(value).length).toBe(bytes.length)
})

/** Heap that the largest message in protobuf form may take, in all: an empty input of two bytes is an object of about 250. */
const MOST_PROTOBUF_BYTES = 24 << 20

const TOO_MANY = expect.objectContaining({ code: 'limit', message: expect.stringContaining('fields') })

/** Protobuf of a list of empty messages: the tag of the field and a length of 0. */
const emptyMembers = (tag: number, count: number): Uint8Array => {
  const bytes = new Uint8Array(2 * count)
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = tag
  return bytes
}

test.each([
  ['requests', envelope.MessageBundle, MessageBundleSchema.field.requests],
  ['merge targets', prover.ProverJoin, ProverJoinSchema.field.mergeTargets],
] as const)('CAN-10 protobuf: empty %s are counted before they are made', (_what, table, field) => {
  const read = (count: number) => fromProtobuf<unknown>(table, emptyMembers((field.number << 3) | 2, count))
  const before = used()
  expect(() => read(MOST_FIELDS + 1)).toThrow(TOO_MANY)
  expect(() => read(INPUT_BYTES)).toThrow(TOO_MANY)
  const value = read(MOST_FIELDS)
  expect(used() - before).toBeLessThan(MOST_PROTOBUF_BYTES)
  expect(value).not.toBeNull()
})

test('CAN-10 protobuf: fields count through all messages, and packed numbers do', () => {
  const join = create(ProverJoinSchema, { mergeTargets: new Array(MOST_FIELDS / 2).fill({}) })
  const request = create(MessageRequestSchema, { kind: { case: 'join', value: join } })
  const bundle = (count: number) =>
    toBinary(MessageBundleSchema, create(MessageBundleSchema, { requests: new Array(count).fill(request) }))
  expect(() => fromProtobuf(envelope.MessageBundle, bundle(1))).not.toThrow(TOO_MANY)
  expect(() => fromProtobuf(envelope.MessageBundle, bundle(2))).toThrow(TOO_MANY)
  const numbers = create(TimeoutCertificateSchema, { latestRanks: new Array(MOST_FIELDS).fill(0n) })
  expect(() => fromProtobuf(consensus.TimeoutCertificate, toBinary(TimeoutCertificateSchema, numbers))).toThrow(
    TOO_MANY,
  )
})
