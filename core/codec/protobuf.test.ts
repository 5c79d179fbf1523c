import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { consensus, envelope, frameHeader, keys, MESSAGES, node } from './index.ts'
import { bytesOf, type Json, toHex } from './json.ts'
import { fromProtobuf, hasProtobuf, toProtobuf } from './protobuf.ts'

interface Case {
  readonly type?: string
  readonly fields?: Json
  readonly canonical?: string
  readonly header_pb?: string
  readonly name?: string
}
const read = (path: string): readonly Case[] =>
  JSON.parse(readFileSync(new URL(`../../test/vectors/${path}.json`, import.meta.url), 'utf8')).cases

const encodings = ['keys', 'node_channel', 'global_frames', 'global_prover', 'envelope', 'limits']
  .flatMap((file) => read(`canonical/${file}`))
  .filter(({ type, fields }) => fields !== undefined && type !== undefined && MESSAGES.has(type))
  .map(({ type = '', canonical = '' }) => ({ type, bytes: bytesOf(canonical) }))

const tables = [...MESSAGES.values()].filter(hasProtobuf)

describe('protobuf form (spec 40 section 6)', () => {
  test('frames, headers, votes, certificates, proposals, records of peers and keys have one', () => {
    const names = tables.map((table) => table.name)
    for (const name of ['GlobalFrame', 'AppShardFrame', 'TimeoutState', 'GlobalProposal', 'PeerInfo', 'KeyRegistry'])
      expect(names).toContain(name)
    expect(hasProtobuf(MESSAGES.get('TokenDeploy') as never)).toBe(false)
  })

  test.each(encodings.filter(({ type }) => hasProtobuf(MESSAGES.get(type) as never)))(
    '$type goes to protobuf and back without a change',
    ({ type, bytes }) => {
      const table = MESSAGES.get(type)
      if (table === undefined) throw new Error(type)
      const value = table.decode(bytes)
      if (JSON.stringify(table.toJson(value)).match(/"(vertex_remove|transaction|mint_transaction)"/)) {
        expect(() => toProtobuf(table, value)).toThrow(expect.objectContaining({ code: 'kind' }))
        return
      }
      const back = fromProtobuf(table, toProtobuf(table, value))
      expect(table.toJson(back)).toEqual(table.toJson(value))
      expect(toHex(table.encode(back))).toBe(toHex(bytes))
    },
  )

  const engine = loadNativeEngine()
  const headers = (file: string) =>
    read(file).flatMap(({ header_pb }) => (header_pb === undefined ? [] : [bytesOf(header_pb)]))

  test('FRM-06 global headers of the vectors have the numbers of 11 section 4', () => {
    const certified = headers('frames/global_chain').slice(1)
    expect(certified.length).toBeGreaterThan(5)
    for (const bytes of certified) {
      const value = fromProtobuf(consensus.GlobalFrameHeader, bytes)
      expect(toHex(toProtobuf(consensus.GlobalFrameHeader, value))).toBe(toHex(bytes))
      const canonical = consensus.GlobalFrameHeader.encode(value)
      expect(toHex(canonical)).toBe(toHex(engine.globalHeaderEncode(bytes, 'canonical')))
    }
  })

  test('FRM-06 app headers of the vectors have the numbers of 11 section 5', () => {
    const all = headers('frames/app_chain')
    expect(all.length).toBeGreaterThan(5)
    for (const bytes of all) {
      const value = fromProtobuf(frameHeader.FrameHeader, bytes)
      expect(toHex(toProtobuf(frameHeader.FrameHeader, value))).toBe(toHex(bytes))
      expect(toHex(frameHeader.FrameHeader.encode(value))).toBe(toHex(engine.appHeaderEncode(bytes, 'canonical')))
    }
  })

  test('an aggregate signature that is wholly empty reads as absent', () => {
    const value = fromProtobuf(consensus.GlobalFrameHeader, Uint8Array.of(0x5a, 2, 0x12, 0))
    expect(value.public_key_signature_bls48581).toBeNull()
  })

  test('a message that is absent as a whole is no message', () => {
    for (const table of [envelope.MessageRequest, keys.Ed448PublicKey, keys.BLS48581AggregateSignature])
      expect(() => fromProtobuf(table as never, new Uint8Array())).toThrow(expect.objectContaining({ code: 'absent' }))
  })

  test('any text is a key of a map', () => {
    const collection = { key_purpose: 'a', x448_keys: [], decaf448_keys: [] }
    const registry = {
      identity_key: null,
      prover_key: null,
      identity_to_prover: null,
      prover_to_identity: null,
      keys_by_purpose: new Map([
        ['__proto__', collection],
        ['constructor', collection],
        ['', collection],
      ]),
      last_updated: 1n,
    }
    expect(fromProtobuf(keys.KeyRegistry, toProtobuf(keys.KeyRegistry, registry))).toEqual(registry)
  })

  test('a null request is a message without member, and an unknown one is refused', () => {
    const bundle = { requests: [null], timestamp: 5n }
    const bytes = toProtobuf(envelope.MessageBundle, bundle)
    expect(toHex(bytes)).toBe('0a001005')
    expect(fromProtobuf(envelope.MessageBundle, bytes)).toEqual(bundle)
    const unknown = Uint8Array.of(0x0a, 4, 0xfa, 1, 1, 0, 0x10, 5)
    expect(() => fromProtobuf(envelope.MessageBundle, unknown)).toThrow(expect.objectContaining({ code: 'protobuf' }))
  })

  test.each([
    ['a field of another wire type', consensus.ProposalVote, [0x0b, 0]],
    ['a number as bytes', consensus.ProposalVote, [0x12, 1, 5]],
    ['bytes as a number', consensus.ProposalVote, [0x08, 5]],
    ['a single member twice', consensus.ProposalVote, [0x10, 5, 0x10, 6]],
    ['two members of a oneof', keys.SignedX448Key, [0x1a, 0, 0x22, 0]],
    ['a u32 of 33 bits', consensus.GlobalFrameHeader, [0x20, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['a number of 11 bytes', consensus.ProposalVote, [0x10, ...new Array(10).fill(0x80), 1]],
    ['a length beyond the end', consensus.ProposalVote, [0x0a, 5, 0]],
    ['field number 0', consensus.ProposalVote, [0x02, 0]],
    ['an entry of a map with a third field', keys.KeyRegistry, [0x2a, 2, 0x1a, 0]],
    ['an entry of a map with two keys', keys.KeyRegistry, [0x2a, 4, 0x0a, 0, 0x0a, 0]],
    ['a nested field of another wire type', consensus.QuorumCertificate, [0x32, 2, 0x08, 0]],
  ] as const)('%s is refused', (_what, table, bytes) => {
    const read = () => fromProtobuf(table as never, Uint8Array.from(bytes))
    expect(read).toThrow(expect.objectContaining({ code: 'protobuf' }))
  })

  test('lists of numbers are read packed and not packed', () => {
    const ranks = (bytes: readonly number[]) =>
      fromProtobuf(consensus.TimeoutCertificate, Uint8Array.from(bytes)).latest_ranks
    expect(ranks([0x1a, 2, 1, 2])).toEqual([1n, 2n])
    expect(ranks([0x18, 1, 0x18, 2])).toEqual([1n, 2n])
  })

  test('CAN-04 the limits of the canonical form hold, and no bytes throw anything but a typed error', () => {
    const long = toProtobuf(node.PeerInfo, {
      ...node.PeerInfo.decode(encodings.find(({ type }) => type === 'PeerInfo')?.bytes ?? new Uint8Array()),
    })
    const vote = Uint8Array.of(0x0a, 65, ...new Uint8Array(65))
    expect(() => fromProtobuf(consensus.ProposalVote, vote)).toThrow(expect.objectContaining({ code: 'limit' }))
    for (let at = 0; at < long.length; at++)
      for (const flip of [1, 0x80, 0xff])
        for (const bytes of [long.map((byte, index) => (index === at ? byte ^ flip : byte)), long.subarray(0, at)])
          for (const table of [node.PeerInfo, keys.KeyRegistry, consensus.GlobalProposal])
            expect(outcome(() => fromProtobuf(table as never, bytes))).toMatch(/^(value|CodecError)$/)
  })
})

function outcome(call: () => unknown): string {
  try {
    call()
    return 'value'
  } catch (error) {
    return error instanceof Error ? error.name : 'no error'
  }
}
