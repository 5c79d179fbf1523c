import { readFileSync } from 'node:fs'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StateError } from '../platform/state.ts'
import { readTreeLeaves } from './tree-reader.ts'

interface Leaf {
  readonly key: string
  readonly value: string
}
const file = new URL('../../test/vectors/execution/global_state.json', import.meta.url)
const cases: { readonly serialized?: string; readonly leaves?: readonly Leaf[] }[] = JSON.parse(
  readFileSync(file, 'utf8'),
).cases
const sample = cases.find(({ serialized }) => serialized !== undefined)
const blob = hexToBytes(sample?.serialized ?? '')

test('leaves of a serialised record are those that were written', () => {
  const read = readTreeLeaves(blob).map(({ key, value }) => [bytesToHex(key), bytesToHex(value)])
  expect(read.sort()).toEqual(sample?.leaves?.map(({ key, value }) => [key, value]).sort())
})

test('CVT-09 a tree cut or changed anywhere is read or refused, never anything else', () => {
  for (let length = 0; length < blob.length; length += 7)
    expect(() => readTreeLeaves(blob.subarray(0, length))).toThrow(StateError)
  fc.assert(
    fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = blob.map((byte, index) => (index === at ? byte ^ mask : byte))
      try {
        readTreeLeaves(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(StateError)
      }
    }),
  )
})

test('a leaf in a slot where its key does not lead is refused', () => {
  const branch = readTreeLeaves(blob)
  expect(branch.length).toBeGreaterThan(2)
  const moved = blob.slice()
  const at = 5 + 1 + 8
  expect(moved[5]).toBe(1)
  moved[at] = (moved[at] ?? 0) ^ 4
  expect(() => readTreeLeaves(moved)).toThrow(/does not lead/)
})

test('counts and depths that no tree has are refused before anything is allocated', () => {
  const branch = hexToBytes('0200000000')
  const nest = (depth: number) => Uint8Array.from({ length: depth * 5 }, (_, index) => branch[index % 5] ?? 0)
  expect(() => readTreeLeaves(nest(129))).toThrow(/path of 87/)
  expect(() => readTreeLeaves(nest(1_000_000))).toThrow(/path of 87/)
  expect(() => readTreeLeaves(hexToBytes('02ffffffff'))).toThrow(/prefix/)
  expect(() => readTreeLeaves(hexToBytes('020000000100000040'))).toThrow(/prefix element 64/)
  expect(() => readTreeLeaves(hexToBytes('01ffffffffffffffff'))).toThrow(/field of/)
  expect(() => readTreeLeaves(hexToBytes('03'))).toThrow(/tag 3/)
  expect(readTreeLeaves(hexToBytes('00ff'))).toEqual([])
})
