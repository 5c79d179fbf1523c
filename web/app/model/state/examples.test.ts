import { expect, test } from 'vitest'
import type { NetworkDescription } from '../../client.ts'
import { examplesOf } from './examples.ts'

const withExamples = (examples: unknown): NetworkDescription =>
  ({ network: 'local', examples }) as unknown as NetworkDescription

test('a description without examples offers none', () => {
  expect(examplesOf(null)).toEqual([])
  expect(examplesOf({ network: 'local' } as unknown as NetworkDescription)).toEqual([])
  expect(examplesOf(withExamples('abc'))).toEqual([])
})

test('usable examples are offered, malformed ones are left out', () => {
  const address = '0a'.repeat(64)
  const examples = examplesOf(
    withExamples([
      { title: 'A rose', kind: 'vertex', address },
      { title: 'Too short', kind: 'vertex', address: '0a' },
      { title: 'Another length', kind: 'prover', address },
      { title: 'No such kind', kind: 'file', address },
      { kind: 'vertex', address },
      null,
    ]),
  )
  expect(examples).toEqual([
    { title: 'A rose', asked: { kind: 'vertex', domain: '0a'.repeat(32), address: '0a'.repeat(32) } },
  ])
})
