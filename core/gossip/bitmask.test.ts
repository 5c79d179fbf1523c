import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitmaskKey, contains, filterIndices, oneBit, setBits, shardFilter, slicesOf } from './bitmask.ts'

const masks = fc.uint8Array({ minLength: 0, maxLength: 40 })

test('P2P-04 slices have one bit each and make up the bitmask', () => {
  fc.assert(
    fc.property(masks, (mask) => {
      const slices = slicesOf(mask)
      const whole = new Uint8Array(mask.length)
      for (const slice of slices) {
        expect([...setBits(slice)].length).toBeLessThanOrEqual(1)
        for (const [index, byte] of slice.entries()) whole[index] = (whole[index] ?? 0) | byte
      }
      expect(whole).toEqual(mask)
      expect(new Set(slices.map(bitmaskKey)).size).toBe(slices.length)
    }),
  )
})

test('a bitmask without a bit, the empty one too, is its own only slice', () => {
  for (const length of [0, 1, 16]) expect(slicesOf(new Uint8Array(length))).toEqual([new Uint8Array(length)])
})

test('a bitmask contains another when it has all its slices', () => {
  fc.assert(
    fc.property(masks, masks, (a, b) => {
      const slices = new Set(slicesOf(a).map(bitmaskKey))
      const all = a.length === b.length && slicesOf(b).every((slice) => slices.has(bitmaskKey(slice)))
      expect(contains(a, b)).toBe(all)
    }),
  )
  expect(contains(Uint8Array.of(0xff), Uint8Array.of(0x81))).toBe(true)
  expect(contains(Uint8Array.of(0xff), Uint8Array.of(0x00))).toBe(false)
  expect(contains(new Uint8Array(3), new Uint8Array(3))).toBe(true)
})

test('P2P-04 a filter has one to three bits, whatever the length of the address', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (address) => {
      const filter = shardFilter(address)
      const bits = [...setBits(filter)]
      expect(filter.length).toBe(32)
      expect(bits.length).toBeGreaterThan(0)
      expect(bits.length).toBeLessThanOrEqual(3)
    }),
  )
})

test('the index form is zero for an empty address, a first byte above 3f, and zeros', () => {
  for (const address of [new Uint8Array(), Uint8Array.of(0x40, 1), new Uint8Array(32)])
    expect(filterIndices(address)).toEqual(new Uint8Array(3))
  const [a = 0, b = 0, c = 0] = filterIndices(Uint8Array.of(0x3f, 1))
  expect(a < b && b < c).toBe(true)
})

test('one bit is found again at its position', () => {
  for (let position = 0; position < 24; position++) expect([...setBits(oneBit(3, position))]).toEqual([position])
})
