import { describe, expect, test } from 'vitest'
import type { ShardAnswer, StateAnswer, StateQuestion } from '../platform/network.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameDecoder,
  type LightRequest,
  type LightResponse,
  WIRE_LIMITS,
  WireError,
} from './wire.ts'

const address = (last: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  bytes[31] = last
  return bytes
}
const question: StateQuestion = { frame: 7n, domain: address(1), phaseSet: 2, addresses: [address(2), address(3)] }
const shard: ShardAnswer = {
  frame: 7n,
  roots: [new Uint8Array(74).fill(2), new Uint8Array(64), new Uint8Array(64), new Uint8Array(64)],
  tree: 255,
  proof: Uint8Array.of(1, 2, 3),
}
const state: StateAnswer = {
  frame: 7n,
  root: new Uint8Array(74),
  present: [true, false],
  proof: Uint8Array.of(9),
  shard,
}

/** Of a set of one leaf. */
const onlyLeaf: StateAnswer = {
  ...state,
  root: new Uint8Array(64),
  proof: new Uint8Array(0),
  leaf: Uint8Array.of(1, 2),
}

const unframe = (bytes: Uint8Array): Uint8Array =>
  [...new FrameDecoder(WIRE_LIMITS.messageBytes).push(bytes)][0] ?? bytes
const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
  return 'no error'
}

describe('messages of state', () => {
  const requests: LightRequest[] = [
    { kind: 'state', question },
    { kind: 'state', question: { ...question, frame: null, phaseSet: 0 } },
    { kind: 'shard', domain: address(4), frame: null },
    { kind: 'sync', query: Uint8Array.of(10, 0) },
  ]
  test.each(requests)('request $kind survives the way', (request) => {
    expect(decodeRequest(unframe(encodeRequest(request)))).toEqual(request)
  })

  const responses: LightResponse[] = [
    { kind: 'state', state },
    { kind: 'state', state: onlyLeaf },
    { kind: 'state', state: { ...onlyLeaf, leaf: new Uint8Array(0) } },
    { kind: 'state', state: { ...state, present: [false, false], proof: new Uint8Array(0), shard: null } },
    { kind: 'shard', shard },
    { kind: 'sync', response: Uint8Array.of(10, 0) },
  ]
  test.each(responses)('response $kind survives the way', (response) => {
    expect(decodeResponse(unframe(encodeResponse(response)))).toEqual(response)
  })

  test('the largest question fits a request', () => {
    const addresses = Array.from({ length: 100 }, (_, index) => address(index))
    const largest: LightRequest = { kind: 'state', question: { ...question, addresses } }
    expect(decodeRequest(unframe(encodeRequest(largest)))).toEqual(largest)
  })

  test('questions that no server takes are refused on both sides', () => {
    const ask = (change: Partial<StateQuestion>) =>
      code(() => encodeRequest({ kind: 'state', question: { ...question, ...change } }))
    expect(ask({ addresses: [] })).toBe('limit')
    expect(ask({ addresses: Array.from({ length: 101 }, (_, index) => address(index)) })).toBe('limit')
    expect(ask({ addresses: [address(1), address(1)] })).toBe('limit')
    expect(ask({ addresses: [new Uint8Array(31)] })).toBe('limit')
    expect(ask({ domain: new Uint8Array(33) })).toBe('limit')
    expect(ask({ phaseSet: 4 })).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'sync', query: new Uint8Array(1025) }))).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'sync', query: new Uint8Array(0) }))).toBe('decode')
  })

  test('answers out of form are refused', () => {
    const answer = (change: Partial<StateAnswer>) =>
      code(() => encodeResponse({ kind: 'state', state: { ...state, ...change } }))
    expect(answer({ root: new Uint8Array(65) })).toBe('decode')
    expect(answer({ proof: new Uint8Array(0) })).toBe('decode')
    expect(answer({ present: [false, false] })).toBe('decode')
    expect(answer({ present: [] })).toBe('limit')
    const leaf = (change: Partial<StateAnswer>) => answer({ ...onlyLeaf, ...change })
    expect(leaf({})).toBe('no error')
    expect(leaf({ present: [true, true] })).toBe('decode')
    expect(leaf({ present: [false, false] })).toBe('decode')
    expect(leaf({ root: new Uint8Array(74) })).toBe('decode')
    expect(leaf({ proof: Uint8Array.of(1) })).toBe('decode')
    const roots = (change: Partial<ShardAnswer>) =>
      code(() => encodeResponse({ kind: 'shard', shard: { ...shard, ...change } }))
    expect(roots({ roots: shard.roots.slice(1) })).toBe('decode')
    expect(roots({ tree: 256 })).toBe('limit')
    expect(roots({ proof: new Uint8Array(0) })).toBe('decode')
  })

  test('what repeats is counted before it is allocated', () => {
    const length = (1 << 20) - 16
    const inner = (tag: number, content: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(4 + content.length)
      bytes.set([tag, (content.length & 127) | 128, ((content.length >> 7) & 127) | 128, content.length >> 14])
      bytes.set(content, 4)
      return bytes
    }
    const packed = inner(0x1a, new Uint8Array(length).fill(1))
    expect(code(() => decodeResponse(inner(0x2a, packed)))).toBe('limit')
    const emptyRoots = new Uint8Array(length)
    for (let i = 0; i < emptyRoots.length; i += 2) emptyRoots[i] = 0x12
    expect(code(() => decodeResponse(inner(0x32, emptyRoots)))).toBe('limit')
  })
})
