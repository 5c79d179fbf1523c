import { expect, test } from 'vitest'
import { failedCargo, failedChecks, failedPlaywright, failedVectors, linesOfFailures } from './failures.ts'

test('checks: those that failed, with what they said', () => {
  const results = [
    { name: 'types', ok: true, detail: '' },
    { name: 'lint', ok: false, detail: 'core/a.ts: unused' },
  ]
  expect(failedChecks(results)).toEqual([{ name: 'lint', detail: 'core/a.ts: unused' }])
})

test('cargo: the output of each failed test, in every test program', () => {
  const output = `
running 3 tests
test a::one ... FAILED
failures:

---- a::one stdout ----

thread 'a::one' panicked at src/lib.rs:3:5:
left: 1
---- a::two stdout ----
right: 2

failures:
    a::one
    a::two

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s

---- three stdout ----
last`
  const failed = failedCargo(output)
  expect(failed.map(({ name }) => name)).toEqual(['a::one', 'a::two', 'three'])
  expect(failed[0]?.detail).toContain('panicked at src/lib.rs:3:5:\nleft: 1')
  expect(failed[1]?.detail).toBe('right: 2\n\n')
  expect(failed[2]?.detail).toBe('last')
  expect(failedCargo('test result: ok. 2 passed; 0 failed; 0 ignored;')).toEqual([])
})

test('vectors: files with failed cases, without runner, and missing', () => {
  const output = `vdf/solve.json wasm: 3 passed, 0 failed
bls/sign.json native: 10 passed, 2 failed
  case 1 "empty"
    signature: expected 00
      got 01
bls/sum.json wasm: no runner for 2 cases (sum: 2)
frames/a.json: due, but missing
13 passed, 2 failed
`
  expect(failedVectors(output)).toEqual([
    { name: 'bls/sign.json native', detail: '  case 1 "empty"\n    signature: expected 00\n      got 01\n' },
    { name: 'bls/sum.json wasm', detail: 'no runner for 2 cases (sum: 2)' },
    { name: 'frames/a.json', detail: 'due, but missing' },
  ])
})

test('Playwright: failed and flaky tests of nested suites, and errors outside tests', () => {
  const spec = (title: string, status: string, message?: string) => ({
    title,
    tests: [{ status, results: [{ errors: message === undefined ? [] : [{ message }] }, {}] }],
  })
  const report = {
    suites: [
      {
        title: 'a.spec.ts',
        specs: [spec('fine', 'expected'), spec('left out', 'skipped'), spec('bad', 'unexpected', 'not visible')],
        suites: [{ title: 'inner', specs: [spec('now and then', 'flaky', 'late')] }],
      },
    ],
    errors: [{ message: 'no server' }],
  }
  expect(failedPlaywright(report)).toEqual([
    { name: 'a.spec.ts > bad', detail: 'not visible' },
    { name: 'a.spec.ts > inner > now and then', detail: 'late' },
    { name: 'outside any test', detail: 'no server' },
  ])
})

test('lines are few, short and without colours', () => {
  expect(linesOfFailures('e2e', [{ name: 'a', detail: '\x1b[31mred\x1b[39m\n\n  below' }])).toEqual([
    'failed: e2e: a',
    '  | red',
    '  |   below',
  ])
  const detail = Array.from({ length: 100 }, () => 'x'.repeat(1000)).join('\n')
  const lines = linesOfFailures(
    'cargo',
    Array.from({ length: 40 }, (_, at) => ({ name: String(at), detail })),
  )
  expect(lines).toHaveLength(30 * 13 + 1)
  expect(lines.at(-1)).toBe('failed: cargo: 10 more')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(310)
  expect(linesOfFailures('cargo', [])).toEqual([])
})
