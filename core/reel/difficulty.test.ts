import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DIFFICULTY_FLOOR, headerDifficulty, nextDifficulty, nodeAnchor } from './difficulty.ts'

const anchor = nodeAnchor(244_200n)
const onSchedule = (frame: bigint): bigint => anchor.parentTimeMillis + 10_000n * (frame - anchor.frame + 1n)

describe('TRV-11 difficulty target (spec 31 section 3)', () => {
  test('a chain exactly on schedule keeps the difficulty of the anchor', () => {
    for (const frame of [244_200n, 244_201n, 1_000_000n])
      expect(nextDifficulty(anchor, frame, onSchedule(frame))).toBe(80_000n)
  })

  test('two hours ahead doubles, two hours behind halves, down to the floor', () => {
    const frame = 300_000n
    expect(nextDifficulty(anchor, frame, onSchedule(frame) - 7_200_000n)).toBe(160_000n)
    const rich = { ...anchor, difficulty: 800_000n }
    expect(nextDifficulty(rich, frame, onSchedule(frame) + 7_200_000n)).toBe(400_000n)
    expect(nextDifficulty(anchor, frame, onSchedule(frame) + 7_200_000n)).toBe(DIFFICULTY_FLOOR)
  })

  test('an anchor of difficulty 0 gives the floor whatever the time', () => {
    expect(nextDifficulty({ ...anchor, difficulty: 0n }, 5n, -1n)).toBe(DIFFICULTY_FLOOR)
  })

  test('more than 48 doublings ahead is 2^64 - 1, also through the wrap of 64-bit words (T-7)', () => {
    expect(nextDifficulty(anchor, 244_201n, onSchedule(244_201n) - 49n * 7_200_000n)).toBe(2n ** 64n - 1n)
    // 2^48 ms * 65536 wraps to 0, so that far future looks on schedule.
    expect(nextDifficulty(anchor, 244_200n, onSchedule(244_200n) + 2n ** 48n)).toBe(80_000n)
    expect(nextDifficulty(anchor, 244_201n, -68_605_881_757_664n)).toBe(2n ** 64n - 1n)
  })

  test('a header carries the low 32 bits', () => {
    expect(headerDifficulty(2n ** 64n - 1n)).toBe(0xffffffff)
    expect(headerDifficulty(80_000n)).toBe(80_000)
  })

  test('later never asks for more within the range that does not wrap, and every target is at least the floor', () => {
    const near = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n })
    fc.assert(
      fc.property(near, fc.bigInt({ min: 0n, max: 2n ** 20n }), (offset, later) => {
        const first = nextDifficulty(anchor, 244_200n, anchor.parentTimeMillis + offset)
        const second = nextDifficulty(anchor, 244_200n, anchor.parentTimeMillis + offset + later)
        // Further ahead the target leaves the 64-bit word before the cap is reached, and is smaller again.
        if (offset > -20n * 7_200_000n) expect(second).toBeLessThanOrEqual(first)
        expect(second).toBeGreaterThanOrEqual(DIFFICULTY_FLOOR)
      }),
    )
  })

  test('any integers give a 64-bit target', () => {
    const any = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
    fc.assert(
      fc.property(any, any, any, any, (frame, time, parentTimeMillis, difficulty) => {
        const target = nextDifficulty({ frame: 0n, parentTimeMillis, difficulty }, frame, time)
        expect(target).toBe(BigInt.asUintN(64, target))
      }),
    )
  })
})
