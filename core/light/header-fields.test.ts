import { readFileSync } from 'node:fs'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { locateFields } from './header-fields.ts'

interface Case {
  readonly header_pb: string
  readonly header: {
    readonly output: string
    readonly parent_selector: string
    readonly prover: string
    readonly global_commitments_count: number
    readonly signature: { readonly signature: string; readonly public_key: string; readonly bitmask: string }
  }
}
const file = new URL('../../test/vectors/frames/global_chain.json', import.meta.url)
const cases = (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases

test('the fields of recorded headers are where they are said to be (frames/global_chain.json)', () => {
  for (const { header_pb, header } of cases.slice(1)) {
    const bytes = hexToBytes(header_pb)
    const fields = locateFields(bytes)
    const value = (name: string): string => {
      const field = fields.find((one) => one.name === name)
      return field ? bytesToHex(bytes.subarray(field.offset, field.offset + field.length)) : 'missing'
    }
    expect(value('output')).toBe(header.output)
    expect(value('parent_selector')).toBe(header.parent_selector)
    expect(value('prover')).toBe(header.prover)
    expect(value('signature')).toBe(header.signature.signature)
    expect(value('public_key')).toBe(header.signature.public_key)
    expect(value('bitmask')).toBe(header.signature.bitmask)
    const commitments = fields.filter((one) => one.name === 'global_commitments')
    expect(commitments.map((one) => one.index)).toEqual(
      Array.from({ length: header.global_commitments_count }, (_, i) => i),
    )
    expect(fields.find((one) => one.name === 'bitmask')?.kind).toBe('bitmask')
    expect(fields.find((one) => one.name === 'frame_number')?.kind).toBe('number')
  }
})

test('any bytes give ranges inside the bytes, and no error', () => {
  const inside = (bytes: Uint8Array) =>
    locateFields(bytes).every(({ offset, length }) => offset >= 0 && length >= 0 && offset + length <= bytes.length)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), inside), { seed: 3, numRuns: 3000 })
  const header = hexToBytes(cases[5]?.header_pb ?? '')
  for (let cut = 0; cut < header.length; cut += 97) expect(inside(header.subarray(0, cut))).toBe(true)
})
