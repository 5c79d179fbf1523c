import { expect, test } from 'vitest'
import type { FieldRange } from '../client.ts'
import { damage, signersOf } from './tamper.ts'

const header = Uint8Array.from([8, 0x90, 3, 0x2a, 3, 10, 11, 12, 0x1a, 1, 0b0000_0101])
const number: FieldRange = { name: 'frame_number', index: null, offset: 1, length: 2, kind: 'number' }
const output: FieldRange = { name: 'output', index: null, offset: 5, length: 3, kind: 'bytes' }
const bitmask: FieldRange = { name: 'bitmask', index: null, offset: 10, length: 1, kind: 'bitmask' }

const changed = (bytes: Uint8Array | undefined): number[] =>
  [...header.keys()].filter((at) => bytes === undefined || bytes[at] !== header[at])

test('each damage changes one bit of a copy and leaves the original alone', () => {
  const before = header.slice()
  expect(changed(damage(header, { kind: 'byte', offset: 4 })?.bytes)).toEqual([4])
  expect(changed(damage(header, { kind: 'field', field: number })?.bytes)).toEqual([1])
  expect(changed(damage(header, { kind: 'field', field: output })?.bytes)).toEqual([6])
  expect(header).toEqual(before)
})

test('a number changes in its lowest bit, so that its encoding can still be read', () => {
  expect(damage(header, { kind: 'field', field: number })?.bytes[1]).toBe(0x91)
})

test('a signer is added or taken away, and the sentence says which', () => {
  expect(signersOf(header, bitmask).slice(0, 4)).toEqual([true, false, true, false])
  expect(damage(header, { kind: 'signer', bitmask, signer: 2 })?.deed).toContain('taken from')
  const added = damage(header, { kind: 'signer', bitmask, signer: 1 })
  expect(added?.deed).toContain('added to')
  expect(added?.bytes[10]).toBe(0b0000_0111)
})

test('what is not in the header cannot be damaged', () => {
  expect(damage(header, { kind: 'byte', offset: header.length })).toBeUndefined()
  expect(damage(header, { kind: 'byte', offset: -1 })).toBeUndefined()
  expect(damage(header, { kind: 'byte', offset: 1.5 })).toBeUndefined()
})
