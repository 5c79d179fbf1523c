import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameDecoder,
  fitHeaders,
  frame,
  type LightRequest,
  type LightResponse,
  readFrames,
  WIRE_LIMITS,
  WireError,
  type WireErrorCode,
} from './wire.ts'

const hello = { network: 'local', profile: '2.1.0.24', head: 2n ** 64n - 1n, oldest: 0n, maxHeaders: 32 }
const requests: LightRequest[] = [
  { kind: 'hello', network: 'local', profile: '2.1.0.24' },
  { kind: 'head' },
  { kind: 'headers', from: 244200n, count: 32 },
  { kind: 'headers', from: 2n ** 64n - 1n, count: 1 },
  { kind: 'subscribe' },
  { kind: 'alerts' },
]
const responses: LightResponse[] = [
  { kind: 'hello', hello },
  { kind: 'head', header: new Uint8Array(65536).fill(7) },
  { kind: 'headers', headers: [] },
  { kind: 'headers', headers: [Uint8Array.of(1), Uint8Array.of(2, 3)] },
  { kind: 'error', code: 'notFound', message: 'frame 9 is not here' },
  { kind: 'alerts', alerts: [] },
  { kind: 'alerts', alerts: Array.from({ length: 16 }, (_, i) => new Uint8Array(1126).fill(i)) },
]

const unframe = (bytes: Uint8Array): Uint8Array => {
  const messages = [...new FrameDecoder(WIRE_LIMITS.messageBytes).push(bytes)]
  expect(messages).toHaveLength(1)
  return messages[0] as Uint8Array
}
const code = (run: () => unknown): WireErrorCode | 'no error' => {
  try {
    run()
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
  return 'no error'
}
/** Protobuf field with length-delimited content. */
const field = (number: number, content: Uint8Array): Uint8Array => {
  const framed = frame(content, 1 << 21)
  const bytes = new Uint8Array(1 + framed.length)
  bytes[0] = (number << 3) | 2
  bytes.set(framed, 1)
  return bytes
}

describe('messages', () => {
  test.each(requests)('request $kind survives the way', (request) => {
    expect(decodeRequest(unframe(encodeRequest(request)))).toEqual(request)
  })

  test.each(responses)('response $kind survives the way', (response) => {
    expect(decodeResponse(unframe(encodeResponse(response)))).toEqual(response)
  })

  test('limits hold in both directions', () => {
    expect(code(() => encodeRequest({ kind: 'headers', from: 0n, count: 33 }))).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'headers', from: 0n, count: 0 }))).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'headers', from: 2n ** 64n - 1n, count: 2 }))).toBe('limit')
    expect(code(() => encodeRequest({ kind: 'hello', network: 'x'.repeat(65), profile: '' }))).toBe('limit')
    expect(code(() => encodeResponse({ kind: 'head', header: new Uint8Array(65537) }))).toBe('limit')
    expect(code(() => encodeResponse({ kind: 'headers', headers: Array(33).fill(Uint8Array.of(1)) }))).toBe('limit')
    expect(code(() => decodeRequest(new Uint8Array((8 << 10) + 1)))).toBe('limit')
    expect(code(() => decodeResponse(new Uint8Array((1 << 20) + 1)))).toBe('limit')
    expect(code(() => decodeResponse(field(2, field(1, new Uint8Array(65537)))))).toBe('limit')
  })

  test('OPS-08 at most 16 alerts of at most 1126 bytes, none empty, in both directions', () => {
    const alerts = (count: number, bytes: number): LightResponse => ({
      kind: 'alerts',
      alerts: Array.from({ length: count }, () => new Uint8Array(bytes)),
    })
    expect(code(() => encodeResponse(alerts(17, 10)))).toBe('limit')
    expect(code(() => encodeResponse(alerts(1, 1127)))).toBe('limit')
    expect(code(() => encodeResponse(alerts(1, 0)))).toBe('decode')
    const received = (count: number, bytes: number) => {
      const one = field(1, new Uint8Array(bytes))
      const all = new Uint8Array(count * one.length)
      for (let i = 0; i < count; i++) all.set(one, i * one.length)
      return code(() => decodeResponse(field(10, all)))
    }
    expect([received(16, 1126), received(17, 10), received(1, 1127), received(1, 0)]).toEqual([
      'no error',
      'limit',
      'limit',
      'decode',
    ])
    const empty = new Uint8Array(1 << 19)
    for (let i = 0; i < empty.length; i += 2) empty[i] = 0x0a
    expect(code(() => decodeResponse(field(10, empty)))).toBe('limit')
    expect(code(() => decodeResponse(field(10, Uint8Array.of(0x0a, 9))))).toBe('decode')
  })

  test('half a million empty headers are counted before they are allocated', () => {
    const empty = new Uint8Array((1 << 20) - 8)
    for (let i = 0; i < empty.length; i += 2) empty[i] = 0x0a
    expect(code(() => decodeResponse(field(3, empty)))).toBe('limit')
  })

  test('none, two or an unknown kind is refused', () => {
    expect(code(() => decodeResponse(new Uint8Array(0)))).toBe('kind')
    expect(code(() => decodeRequest(new Uint8Array(0)))).toBe('kind')
    expect(code(() => decodeResponse(field(11, new Uint8Array(2))))).toBe('kind')
    const one = unframe(encodeResponse({ kind: 'headers', headers: [Uint8Array.of(1)] }))
    expect(code(() => decodeResponse(Uint8Array.of(...one, ...one)))).toBe('kind')
    expect(code(() => decodeResponse(field(2, new Uint8Array(0))))).toBe('decode')
    expect(code(() => decodeResponse(Uint8Array.of(0x08, 1)))).toBe('decode')
  })

  test('a list of headers is cut to what one message carries', () => {
    const headers = Array.from({ length: 40 }, () => new Uint8Array(60_000).fill(1))
    const fitting = fitHeaders(headers)
    expect(fitting).toHaveLength(17)
    expect(decodeResponse(unframe(encodeResponse({ kind: 'headers', headers: fitting })))).toEqual({
      kind: 'headers',
      headers: fitting,
    })
    expect(fitHeaders(Array(40).fill(Uint8Array.of(1)))).toHaveLength(32)
  })

  test('no bytes make the parsers do anything but answer or throw WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        code(() => decodeRequest(bytes))
        code(() => decodeResponse(bytes))
      }),
      { seed: 11, numRuns: 5000 },
    )
    const honest = unframe(encodeResponse({ kind: 'headers', headers: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)] }))
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = honest.slice()
        changed[at] = (changed[at] ?? 0) ^ mask
        code(() => decodeResponse(changed))
      }),
      { seed: 12, numRuns: 2000 },
    )
  })
})

describe('frames', () => {
  test('any cut of the stream gives the same messages', () => {
    const message = fc.uint8Array({ maxLength: 400 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 97 })), (messages, cuts) => {
        const stream = Uint8Array.from(messages.flatMap((m) => [...frame(m)]))
        const decoder = new FrameDecoder(1024)
        const got: Uint8Array[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          got.push(...decoder.push(stream.subarray(at, at + cut)))
          at += cut
        }
        decoder.finish()
        expect(got).toEqual(messages)
      }),
      { seed: 13, numRuns: 300 },
    )
  })

  test('a message of the largest size arrives byte by byte', () => {
    const message = new Uint8Array(1 << 20).map((_, i) => i)
    const decoder = new FrameDecoder(WIRE_LIMITS.messageBytes)
    const got: Uint8Array[] = []
    for (const byte of frame(message)) got.push(...decoder.push(Uint8Array.of(byte)))
    expect(got).toHaveLength(1)
    expect(Buffer.compare(got[0] as Uint8Array, message)).toBe(0)
  })

  test('lengths are refused before anything is allocated for them', () => {
    const push = (...bytes: number[]) => code(() => [...new FrameDecoder(1 << 20).push(Uint8Array.from(bytes))])
    expect(push(0x81, 0x80, 0x40)).toBe('limit') // 1 MiB + 1
    expect(push(0x80, 0x80, 0x40)).toBe('no error') // 1 MiB
    expect(push(0xff, 0xff, 0xff, 0xff)).toBe('limit')
    expect(push(0x80, 0x00)).toBe('varint') // zero, overlong
    expect(push(0x81, 0x80, 0x00)).toBe('varint')
    expect(push(0x80, 0x80, 0x80, 0x00)).toBe('varint')
    expect(push(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80)).toBe('varint')
  })

  test('a stream that ends inside a message or its length is truncated', async () => {
    for (const bytes of [[0x80], [5, 1, 2]]) {
      const decoder = new FrameDecoder(1024)
      expect([...decoder.push(Uint8Array.from(bytes))]).toEqual([])
      expect(code(() => decoder.finish())).toBe('truncated')
    }
    async function* source() {
      yield Uint8Array.of(1, 9, 2, 8)
    }
    const got: Uint8Array[] = []
    await expect(
      (async () => {
        for await (const message of readFrames(source(), 16)) got.push(message)
      })(),
    ).rejects.toMatchObject({ code: 'truncated' })
    expect(got).toEqual([Uint8Array.of(9)])
  })
})
