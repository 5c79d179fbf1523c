import { expect, test } from 'vitest'
import { age, brief, bytes, count, groups, median, millis } from './format.ts'

const NOW = 1_800_000_000_000
const SECOND = 1000

test.each([
  [0, 'just now'],
  [12 * SECOND, '12 seconds ago'],
  [180 * SECOND, '3 minutes ago'],
  [3 * 3600 * SECOND, '3 hours ago'],
  [40 * 86_400 * SECOND, '40 days ago'],
  [584 * 86_400 * SECOND, '19 months ago'],
  [5 * 365.25 * 86_400 * SECOND, '5 years ago'],
  [-60 * SECOND, 'in the future'],
])('an age of %i ms reads "%s"', (passed, words) => {
  expect(age(NOW - passed, NOW)).toBe(words)
})

test('a clock that is a second off is not called the future', () => {
  expect(age(NOW + SECOND, NOW)).toBe('just now')
})

test('numbers are grouped, times have a unit, no time is a dash', () => {
  expect(count(244_213n)).toBe('244,213')
  expect([0.01, 0.42, 48.3, 1350].map(millis)).toEqual(['<0.1 ms', '0.4 ms', '48 ms', '1.35 s'])
  expect(millis(null)).toBe('–')
  expect([812, 36_100, 2_400_000, 1_073_741_824, 4e15].map(bytes)).toEqual([
    '812 B',
    '36.1 kB',
    '2.40 MB',
    '1.07 GB',
    '4,000 TB',
  ])
})

test('hex is cut for reading without losing a digit, or shortened in the middle', () => {
  const identity = '29934fbcac7fb2fe03a9866bb2f7e069c9d6137724758cba0bd8ffb2dbb35edf'
  expect(groups(identity)).toHaveLength(8)
  expect(groups(identity).join('')).toBe(identity)
  expect(brief(identity)).toBe('29934fbc…b35edf')
})

test('the median of nothing is nothing', () => {
  expect(median([])).toBeNull()
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})
