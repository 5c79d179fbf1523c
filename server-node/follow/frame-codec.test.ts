import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { consensus } from '@petal/core/codec/index.ts'
import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES } from './frame-codec.ts'

const path = fileURLToPath(new URL('../../test/vectors/frames/global_chain.json', import.meta.url))
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: { header_pb: string }[] }
const headers = cases.map(({ header_pb }) => new Uint8Array(Buffer.from(header_pb, 'hex')))

describe('frames of gossip', () => {
  test('the header of every recorded certified frame survives the way byte for byte', () => {
    // The first is a checkpoint: an aggregate that is present and empty has no canonical form (spec 40 section 3.1).
    for (const header of headers.slice(1)) expect(decodeFrame(encodeFrame(header))).toEqual(header)
    expect(headers.length).toBeGreaterThan(10)
  })

  test('what this network does not publish is none: surplus, requests, no header, too long, another message', () => {
    const bytes = encodeFrame(headers[1] ?? new Uint8Array())
    expect(decodeFrame(Uint8Array.of(...bytes, 0))).toBeUndefined()
    const { header } = consensus.GlobalFrame.decode(bytes)
    const bundle = { requests: [], timestamp: 0n }
    expect(decodeFrame(consensus.GlobalFrame.encode({ header, requests: [bundle] }))).toBeUndefined()
    expect(decodeFrame(consensus.GlobalFrame.encode({ header: null, requests: [] }))).toBeUndefined()
    expect(decodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1))).toBeUndefined()
    expect(() => decodeFrame(bytes.subarray(0, 100))).toThrow()
    expect(() => decodeFrame(Uint8Array.of(0, 0, 3, 9))).toThrow()
  })
})
