import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldKey, fieldSlots, MAX_KEY_ORDER } from './field-keys.ts'
import { pathOf } from './location.ts'

test('HYP-06 keys of one document have one length, differ, and begin at the slot of their order', () => {
  const orders = fc.tuple(fc.nat(MAX_KEY_ORDER), fc.nat(MAX_KEY_ORDER), fc.nat(MAX_KEY_ORDER))
  fc.assert(
    fc.property(orders, ([a, b, extra]) => {
      const largest = Math.max(a, b, extra)
      const [first, second] = [fieldKey(a, largest), fieldKey(b, largest)]
      expect(first.length).toBe(second.length)
      expect(Buffer.compare(first, second)).toBe(Math.sign(a - b))
      const path = pathOf(first).slice(0, first.length)
      expect(path.reduce((sum, element) => sum * 64 + element, 0)).toBe(a)
      expect(fieldSlots(largest)).toBe(64 ** first.length)
    }),
  )
})

test('HYP-06 orders without a key are refused', () => {
  for (const [order, largest] of [
    [-1, 0],
    [1, 0],
    [0, MAX_KEY_ORDER + 1],
    [0.5, 1],
    [0, Number.NaN],
  ] as const)
    expect(() => fieldKey(order, largest)).toThrow(RangeError)
})
