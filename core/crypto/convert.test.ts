import { expect, test } from 'vitest'
import { headerFacts } from './convert.ts'

test('the commitments of a header are pieces of one buffer, each with its own bytes', () => {
  const hex = (byte: number, length: number) => byte.toString(16).padStart(2, '0').repeat(length)
  const header = {
    frameNumber: '1',
    rank: '2',
    timestamp: '3',
    difficulty: 4,
    output: hex(1, 516),
    parentSelector: hex(2, 32),
    identity: hex(3, 32),
    challenge: hex(4, 32),
    prover: hex(5, 32),
    globalCommitments: Array.from({ length: 256 }, (_, at) => hex(at, at % 3 === 0 ? 64 : 74)),
    proverTreeCommitment: hex(6, 74),
    requestsRoot: hex(7, 74),
    signature: null,
  }
  const { globalCommitments } = headerFacts(JSON.stringify(header))
  expect(new Set(globalCommitments.map((commitment) => commitment.buffer)).size).toBe(1)
  expect(globalCommitments).toEqual(
    Array.from({ length: 256 }, (_, at) => new Uint8Array(at % 3 === 0 ? 64 : 74).fill(at)),
  )
})
