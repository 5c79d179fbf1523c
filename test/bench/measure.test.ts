import { expect, test } from 'vitest'
import type { FullEngine } from '../../core/platform/engine.ts'
import { measure, quantile } from './measure.ts'

test('quantiles lie between neighbours by proportion', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2)
  expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5)
  expect(quantile([1, 2], 0.95)).toBeCloseTo(1.95)
  expect(quantile([5], 0.95)).toBe(5)
  expect(quantile([], 0.5)).toBeNaN()
})

test('a step is given in units measured beside it, without its overhead and per operation', () => {
  let now = 0
  const engine = { calibrationUnit: (iterations: number) => (now += iterations * 10) } as unknown as FullEngine
  const step = { operations: 4, run: () => (now += 4_100), overhead: () => (now += 100) }
  const figures = measure(engine, step as never, 3, 5, () => now)
  expect(figures).toMatchObject({ count: 3, medianUnits: 100, meanUnits: 100, unitNanos: 10 })
  expect(figures.medianMillis).toBeCloseTo(0.001)
})

test('a machine that slows down between repetitions keeps its units', () => {
  let now = 0
  let slowness = 1
  const engine = { calibrationUnit: (iterations: number) => (now += iterations * slowness) } as unknown as FullEngine
  const step = {
    operations: 1,
    run: () => {
      now += 50 * slowness
    },
  }
  const fast = measure(engine, step, 2, 1, () => now)
  slowness = 3
  const slow = measure(engine, step, 2, 1, () => now)
  expect(slow.medianUnits).toBe(fast.medianUnits)
  expect(slow.medianMillis).toBeGreaterThan(fast.medianMillis)
})
