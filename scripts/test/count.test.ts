import { expect, test } from 'vitest'
import { countCargo, countChecks, countClosingLine, countPlaywright, NOTHING, settle, sum } from './count.ts'

test('cargo: the result lines of all test programs are added up', () => {
  const output = `
running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s
     Running tests/vectors.rs
test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s
`
  expect(countCargo(output)).toEqual({ passed: 7, failed: 2, skipped: 1 })
  expect(countCargo('error: could not compile `limbs`')).toEqual(NOTHING)
})

test('closing line: the last one counts, whatever comes before it', () => {
  const output = 'vdf/solve.json wasm: 3 passed, 0 failed\n1 passed, 1 failed\n12 passed, 3 failed\n'
  expect(countClosingLine(output)).toEqual({ passed: 12, failed: 3, skipped: 0 })
  expect(countClosingLine('4 passed, 0 failed, 2 skipped')).toEqual({ passed: 4, failed: 0, skipped: 2 })
  expect(countClosingLine('vdf/solve.json wasm: 3 passed, 0 failed')).toEqual(NOTHING)
})

test('Playwright: flaky tests and errors outside tests are failures', () => {
  const stats = { expected: 5, unexpected: 1, flaky: 1, skipped: 2 }
  expect(countPlaywright({ stats, errors: [{}] })).toEqual({ passed: 5, failed: 3, skipped: 2 })
})

test('checks count one each', () => {
  expect(countChecks([{ ok: true }, { ok: false }, { ok: true }])).toEqual({ passed: 2, failed: 1, skipped: 0 })
})

test('a part that crashes or runs nothing counts as one failure and is named', () => {
  const some = { passed: 3, failed: 0, skipped: 0 }
  expect(settle(some, null)).toEqual({ ...some, reason: null })
  expect(settle(some, 'vitest ended with code 1')).toEqual({ ...some, failed: 1, reason: 'vitest ended with code 1' })
  expect(settle(NOTHING, null)).toMatchObject({ failed: 1, reason: 'no test ran' })
  expect(settle({ ...NOTHING, skipped: 4 }, null)).toMatchObject({ failed: 1, reason: 'no test ran' })
  expect(settle({ ...some, failed: 2 }, 'cargo ended with code 101')).toMatchObject({ failed: 2, reason: null })
})

test('sums', () => {
  expect(sum([])).toEqual(NOTHING)
  expect(
    sum([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 1, failed: 1, skipped: 1 },
    ]),
  ).toEqual({ passed: 2, failed: 3, skipped: 4 })
})
