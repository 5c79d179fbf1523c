import { expect, test } from 'vitest'
import type { Check, Head } from '../client.ts'
import { type FrameRow, passedNames, ROWS, rowOfRefusal, withRow } from './frames.ts'

const check = (name: string, ok = true, millis: number | null = 1): Check => ({
  name,
  ok,
  reason: ok ? null : `${name} is wrong`,
  section: '11 section 4.4',
  millis,
})

const row = (number: bigint, outcome: FrameRow['outcome']): FrameRow => ({
  number,
  outcome,
  identity: null,
  checks: [],
  reason: null,
  certificateMillis: null,
  timeProofMillis: null,
})

test('a frame that fails by quorum alone is stepped over, one that fails by anything else is refused', () => {
  const refusal = (checks: readonly Check[]) => rowOfRefusal({ frame: 5n, from: 'a', reason: 'no', checks })
  expect(refusal([check('signature'), check('quorum', false)])?.outcome).toBe('skipped')
  expect(refusal([check('signature', false), check('quorum', false)])?.outcome).toBe('refused')
  expect(refusal([])?.outcome).toBe('refused')
})

test('bytes that could not be read have no row', () => {
  expect(rowOfRefusal({ frame: null, from: 'a', reason: 'not a header', checks: [] })).toBeNull()
})

test('times are summed apart for the certificate and the time proof; an untimed check adds nothing', () => {
  const checks = [
    check('signature', true, 40),
    check('quorum', false, null),
    check('shape', true, 2),
    check('vdf', true, 300),
  ]
  const made = rowOfRefusal({ frame: 5n, from: 'a', reason: 'no', checks })
  expect(made).toMatchObject({ certificateMillis: 42, timeProofMillis: 300 })
})

test('rows are newest first, one for each number, at most twenty', () => {
  let rows: readonly FrameRow[] = []
  for (let number = 1n; number <= 30n; number++) rows = withRow(rows, row(number, 'certified'))
  rows = withRow(rows, row(30n, 'proved'))
  expect(rows).toHaveLength(ROWS)
  expect(rows[0]).toMatchObject({ number: 30n, outcome: 'proved' })
  expect(rows.at(-1)?.number).toBe(11n)
})

test('a bad copy of a frame that was verified does not change its row', () => {
  const rows = [row(7n, 'proved')]
  expect(withRow(rows, row(7n, 'refused'))).toBe(rows)
  expect(withRow([row(7n, 'refused')], row(7n, 'certified'))[0]?.outcome).toBe('certified')
})

test('the mark `certificate` is there only for a verified head', () => {
  const head = (verified: Head['verified']): Head =>
    ({ verified, value: { checks: [check('signature'), check('quorum', false), check('vdf')] } }) as unknown as Head
  expect(passedNames(head('full'))).toEqual(['certificate', 'signature', 'vdf'])
  expect(passedNames(head(false))).toEqual(['signature', 'vdf'])
})
