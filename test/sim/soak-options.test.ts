import { expect, test } from 'vitest'
import { readSoakOptions } from './soak-options.ts'

test('one node is a soak without churn, and the defaults are those of the documentation', () => {
  expect(readSoakOptions(['--nodes', '1', '--minutes', '0.5'])).toMatchObject({ nodes: 1, minutes: 0.5 })
  expect(readSoakOptions([])).toEqual({
    minutes: 30,
    nodes: 5,
    interval: 2,
    churnSeconds: 60,
    seed: 1,
    json: undefined,
  })
})

test.each([
  ['--nodes', '0'],
  ['--nodes', '2.5'],
  ['--nodes', '27'],
  ['--nodes', 'many'],
  ['--minutes', '0'],
  ['--minutes', 'Infinity'],
  ['--interval', '-1'],
  ['--churn-seconds', 'x'],
  ['--seed', '1.5'],
  ['--unknown', '1'],
])('%s %s is a usage error', (...args) => {
  expect(() => readSoakOptions(args)).toThrow(TypeError)
})
