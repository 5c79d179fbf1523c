import { describe, expect, test } from 'vitest'
import type { ShardsAnswer } from '../platform/network.ts'
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

const domain = (last: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(28, last)
  return bytes
}
const roots: ShardsAnswer['shards'][number]['roots'] = [
  new Uint8Array(74).fill(2),
  new Uint8Array(64),
  new Uint8Array(64).fill(3),
  new Uint8Array(64),
]
const shards: ShardsAnswer = { frame: 7n, shards: [1, 2, 5].map((n) => ({ domain: domain(n), roots })), more: true }

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

describe('messages between nodes', () => {
  const requests: LightRequest[] = [
    { kind: 'describe' },
    { kind: 'shards', frame: null, after: null },
    { kind: 'shards', frame: 9n, after: domain(4) },
  ]
  test.each(requests)('request $kind survives the way', (request) => {
    expect(decodeRequest(unframe(encodeRequest(request)))).toEqual(request)
  })

  const responses: LightResponse[] = [
    { kind: 'description', text: '{"network":"ö"}' },
    { kind: 'shards', shards },
    { kind: 'shards', shards: { frame: 0n, shards: [], more: false } },
  ]
  test.each(responses)('response $kind survives the way', (response) => {
    expect(decodeResponse(unframe(encodeResponse(response)))).toEqual(response)
  })

  test('the longest list of shards fits a message', () => {
    const long = [new Uint8Array(74), new Uint8Array(74), new Uint8Array(74), new Uint8Array(74)] as const
    const all = Array.from({ length: WIRE_LIMITS.shards }, (_, n) => ({ domain: domain(n), roots: long }))
    const response: LightResponse = { kind: 'shards', shards: { frame: 1n, shards: all, more: false } }
    expect(decodeResponse(unframe(encodeResponse(response)))).toEqual(response)
  })

  test('what is out of form is refused on both sides', () => {
    const answer = (change: Partial<ShardsAnswer>) =>
      code(() => encodeResponse({ kind: 'shards', shards: { ...shards, ...change } }))
    expect(answer({})).toBe('no error')
    expect(answer({ shards: [] })).toBe('decode')
    expect(answer({ shards: shards.shards.toReversed() })).toBe('decode')
    expect(answer({ shards: [1, 1].map((n) => ({ domain: domain(n), roots })) })).toBe('decode')
    expect(answer({ shards: [{ domain: new Uint8Array(31), roots }] })).toBe('limit')
    const short: typeof roots = [new Uint8Array(63), roots[1], roots[2], roots[3]]
    expect(answer({ shards: [{ domain: domain(1), roots: short }] })).toBe('decode')
    const many = Array.from({ length: WIRE_LIMITS.shards + 1 }, (_, n) => ({ domain: domain(n), roots }))
    expect(answer({ shards: many })).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'shards', frame: null, after: new Uint8Array(33) }))).toBe('limit')
    expect(code(() => encodeResponse({ kind: 'description', text: '' }))).toBe('decode')
    expect(code(() => encodeResponse({ kind: 'description', text: 'x'.repeat(1 << 20) }))).toBe('limit')
    expect(code(() => decodeResponse(Uint8Array.of(0x42, 1, 0xff)))).toBe('decode')
  })

  test('half a million empty shards are counted before they are allocated', () => {
    const length = (1 << 20) - 16
    const bytes = new Uint8Array(4 + length)
    bytes.set([0x4a, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14])
    for (let i = 4; i < bytes.length; i += 2) bytes[i] = 0x12
    expect(code(() => decodeResponse(bytes))).toBe('limit')
  })
})
