import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { searchDiscriminant, type TestRange } from './discriminant-search.ts'

/** A lane over known primes, with delays from a list. */
const laneOf =
  (primes: readonly number[], delays: readonly number[], log: number[] = []): TestRange =>
  async (from, count, signal) => {
    log.push(from)
    for (let i = delays[(from / count) % delays.length] ?? 0; i > 0; i--) await Promise.resolve()
    if (signal.aborted) throw new Error('aborted')
    return primes.find((prime) => prime >= from && prime < from + count) ?? -1
  }

describe('the search for a discriminant (spec 11 section 1.1)', () => {
  test('answers the smallest prime index, however many lanes and whatever order they end in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(2000), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 32 }),
        async (found, delays, lanes, range) => {
          const primes = found.toSorted((a, b) => a - b)
          const index = await searchDiscriminant(Array(lanes).fill(laneOf(primes, delays)), undefined, range)
          expect(index).toBe(primes[0])
        },
      ),
      { seed: 6, numRuns: 300 },
    )
  })

  test('hands out ranges in ascending order and none that starts above a find', async () => {
    const log: number[] = []
    expect(await searchDiscriminant([laneOf([70], [0], log), laneOf([70], [0], log)], undefined, 16)).toBe(70)
    expect(log).toEqual(log.toSorted((a, b) => a - b))
    expect(Math.max(...log)).toBeLessThanOrEqual(96)
  })

  test('ranges above a find are cancelled', async () => {
    let cancelled = false
    const slow: TestRange = (_from, _count, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          cancelled = true
          reject(new Error('aborted'))
        })
      })
    let first = true
    const lane: TestRange = async (from, count, signal) => {
      if (from > 0) return slow(from, count, signal)
      if (!first) return -1
      first = false
      await new Promise((resolve) => setTimeout(resolve, 5))
      return 3
    }
    expect(await searchDiscriminant([lane, lane, lane])).toBe(3)
    expect(cancelled).toBe(true)
  })

  test('a signal cancels it, a failing lane fails it', async () => {
    const controller = new AbortController()
    const endless: TestRange = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return -1
    }
    const search = searchDiscriminant([endless, endless], controller.signal)
    setTimeout(() => controller.abort(), 10)
    await expect(search).rejects.toMatchObject({ code: 'cancelled' })
    await expect(searchDiscriminant([endless], AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    const failing: TestRange = async () => {
      throw new Error('trap')
    }
    await expect(searchDiscriminant([endless, failing])).rejects.toThrow('trap')
  })

  test('does not go on for ever', async () => {
    await expect(searchDiscriminant([async () => -1], undefined, 1 << 14)).rejects.toMatchObject({ code: 'decode' })
  })
})
