import { expect, test } from 'vitest'
import type { Head, NetworkDescription } from '../../client.ts'
import { examplesOf } from './examples.ts'

const withExamples = (examples: NetworkDescription['examples']): NetworkDescription =>
  ({ network: 'local', examples }) as unknown as NetworkDescription
const headOf = (prover: Uint8Array): Head => ({ value: { facts: { prover } } }) as unknown as Head

test('a description without examples offers none', () => {
  expect(examplesOf(null, null)).toEqual([])
  expect(examplesOf(withExamples(undefined), null)).toEqual([])
})

test('examples are offered as questions; an address that does not fit its kind is left out', () => {
  const address = '0a'.repeat(64)
  const examples = examplesOf(
    withExamples([
      { title: 'a rose', kind: 'vertex', address },
      { title: 'another length', kind: 'prover', address },
      { title: 'the garden', kind: 'shard', address: '0b'.repeat(32) },
    ]),
    null,
  )
  expect(examples).toEqual([
    { title: 'A rose', asked: { kind: 'vertex', domain: '0a'.repeat(32), address: '0a'.repeat(32) } },
    { title: 'The garden', asked: { kind: 'shard', domain: '0b'.repeat(32) } },
  ])
})

test('the maker of the newest frame can be tried everywhere, unless it is named by a whole key', () => {
  expect(examplesOf(null, headOf(new Uint8Array(32).fill(7)))).toMatchObject([
    { asked: { kind: 'prover', address: '07'.repeat(32) } },
  ])
  expect(examplesOf(null, headOf(new Uint8Array(585)))).toEqual([])
})
