import { expect, test } from 'vitest'
import { judge, referenceUnits } from './goals.ts'

const figures = (millis: number, units: number, meanFactor = 1) => ({
  count: 10,
  medianMillis: millis,
  p95Millis: millis,
  meanMillis: millis * meanFactor,
  medianUnits: units,
  meanUnits: units * meanFactor,
  unitNanos: 1_200,
})

test('a factor goal compares units with those of the reference on the same kind of platform', () => {
  expect(judge('bls-verify', 'portable', figures(1, 27_510 / 1.9))?.reached).toBe('missed')
  expect(judge('bls-verify', 'portable', figures(1, 27_510 / 2.1))?.reached).toBe('at least')
  expect(judge('bls-verify', 'portable', figures(1, 27_510 / 3.1))?.reached).toBe('aim')
  expect(judge('bls-verify', 'wasm', figures(1, 15_440 / 1.9))?.reached).toBe('missed')
})

test('goals in units and milliseconds are upper limits', () => {
  expect(judge('poseidon', 'native', figures(1, 181))?.reached).toBe('missed')
  expect(judge('poseidon', 'native', figures(1, 90))).toEqual({ goal: '180 / 90 units', reached: 'aim' })
  expect(judge('vdf-verify', 'chromium', figures(100, 1))?.reached).toBe('at least')
})

test('the search is judged by its mean', () => {
  expect(judge('discriminant', 'portable', figures(1, 50_000, 2))?.reached).toBe('missed')
})

test('a step without a goal there is not judged', () => {
  expect(judge('squaring', 'wasm', figures(1, 1))).toBeNull()
})

test('the start of the verifier is set against the set-up load of the reference in WASM', () => {
  expect(referenceUnits('verifier-start', 'chromium')).toBe(174_300)
  expect(judge('verifier-start', 'chromium', figures(51, 1))?.reached).toBe('missed')
  expect(judge('verifier-start', 'chromium', figures(20, 1))).toEqual({ goal: '50 / 20 ms', reached: 'aim' })
})
