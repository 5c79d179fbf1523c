import { expect, test } from 'vitest'
import { campaign, choose, problemOf } from './campaign.ts'
import { coreTargets } from './core-targets.ts'
import { inputBytes } from './mutate.ts'
import { Random } from './random.ts'
import { outcomeOf, toHex } from './target.ts'

test('the same seed and number give the same target and input, others give others', () => {
  const targets = coreTargets()
  const inputOf = (seed: number, number: number) => {
    const { target, random } = choose(targets, seed, number)
    return `${target.name} ${target.run(random).input}`
  }
  const numbers = Array.from({ length: 50 }, (_, number) => number)
  expect(numbers.map((number) => inputOf(7, number))).toEqual(numbers.map((number) => inputOf(7, number)))
  expect(new Set(numbers.map((number) => inputOf(7, number))).size).toBeGreaterThan(45)
  expect(inputOf(8, 0)).not.toBe(inputOf(7, 0))
})

test('every target is chosen', () => {
  const targets = coreTargets()
  const chosen = new Set(Array.from({ length: 400 }, (_, number) => choose(targets, 1, number).target.name))
  expect([...chosen].sort()).toEqual(targets.map(({ name }) => name).sort())
})

test('inputs hold good seeds, changed seeds and random strings of 0 to 1200 bytes', () => {
  const seed = new Uint8Array(100).fill(9)
  const inputs = Array.from({ length: 2000 }, (_, number) => inputBytes([seed], new Random(3, number)))
  expect(inputs.some((input) => toHex(input) === toHex(seed))).toBe(true)
  expect(inputs.some((input) => input.length > 1100)).toBe(true)
  expect(inputs.some((input) => input.length === 0)).toBe(true)
  expect(toHex(seed)).toBe('09'.repeat(100))
})

test('only values and typed errors are allowed, and engines must agree', () => {
  class Typed extends Error {
    readonly code = 'decode'
  }
  const codeOf = (error: unknown) => (error instanceof Typed ? error.code : undefined)
  const throwing = (error: unknown) => () => {
    throw error
  }
  expect(outcomeOf(() => 5n, codeOf)).toBe('value:"5n"')
  expect(outcomeOf(throwing(new Typed()), codeOf)).toBe('error:decode')
  expect(problemOf([outcomeOf(throwing(new RangeError('index')), codeOf)])).toContain('RangeError: index')
  expect(problemOf(['value:1', 'value:1'])).toBeUndefined()
  expect(problemOf(['value:1', 'error:decode'])).toContain('different outcomes')
})

test('a campaign ends after the number of inputs that was asked for, and goes on where another ended', async () => {
  const run = (first: number, last: number) => campaign('codec', 5, first, last, 600, '/dev/null')
  const [whole, start, rest] = [await run(0, 200), await run(0, 80), await run(80, 200)]
  expect(whole).toMatchObject({ inputs: 200, next: 200, findings: [] })
  expect(start.inputs + rest.inputs).toBe(200)
  expect(start.refused + rest.refused).toBe(whole.refused)
})
