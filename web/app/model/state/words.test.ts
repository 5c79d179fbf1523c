import { expect, test } from 'vitest'
import { ClientError } from '../../client.ts'
import { adviceOf, frameFieldWords, passedSteps, quil, stepWords, valueWords } from './words.ts'

test('only a chain to a header with its time proof is green', () => {
  const words = (value: unknown, verified: 'full' | 'certificate' | false) =>
    valueWords({ value, verified, reason: null })
  expect(words({}, 'full').tone).toBe('good')
  expect(words({}, 'certificate').tone).toBe('wait')
  expect(words({}, false)).toMatchObject({ tone: 'bad', title: 'Not verified' })
})

test('what is absent is said to be unproven', () => {
  const absent = valueWords({ value: null, verified: false, reason: null })
  expect(absent).toMatchObject({ tone: 'wait', title: 'Absent (unproven)' })
  expect(absent.reason).toContain('Absence has no proof')
})

test('something else under the address is neither absent nor green', () => {
  const reason = 'what is proved to be at this address is no record of a prover'
  for (const verified of ['full', 'certificate'] as const) {
    expect(valueWords({ value: null, verified, reason })).toEqual({
      tone: 'warn',
      title: 'Something else is there',
      reason,
    })
  }
})

test('steps are named; those that failed do not count as passed', () => {
  const step = (name: 'value' | 'shard' | 'header', ok: boolean) => ({
    name,
    ok,
    reason: null,
    section: '',
    to: '',
    millis: null,
  })
  expect(passedSteps([step('value', true), step('shard', false), step('header', true)])).toBe('value,header')
  expect(stepWords('shard', 94).title).toBe('In global tree 94')
  expect(stepWords('value', null).to).toBe('Root of the prover registry')
})

test('a failure is told with its cause and what to do', () => {
  const advice = adviceOf(new ClientError('notFound', 'No node holds frame 7.'))
  expect(advice.text).toBe('No node holds frame 7.')
  expect(advice.next).toContain('newest frame')
  expect(adviceOf(new TypeError('oops'))).toMatchObject({ title: 'That did not work', text: 'oops' })
  expect(adviceOf('plain').text).toBe('plain')
})

test('rewards are told in QUIL, rounded down and never as nothing when there is something', () => {
  expect([0n, 1n, 8_000_000_000n, 12_000_000_000n, 8_000_000_000_000_000n, 9_123_456_789n].map(quil)).toEqual([
    '0 QUIL',
    '<0.000001 QUIL',
    '1 QUIL',
    '1.5 QUIL',
    '1,000,000 QUIL',
    '1.140432 QUIL',
  ])
})

test('frame fields lose their technical ending', () => {
  expect(['JoinFrameNumber', 'joinConfirmFrameNumber', 'LastActiveFrameNumber', 'kick'].map(frameFieldWords)).toEqual([
    'join',
    'join confirm',
    'last active',
    'kick',
  ])
})
