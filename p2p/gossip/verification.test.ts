import { expect, test } from 'vitest'
import type { SignatureClaim } from './keys.ts'
import { Verification } from './verification.ts'

const claim = (number: number): SignatureClaim => ({
  key: Uint8Array.of(number),
  payload: new Uint8Array(0),
  signature: new Uint8Array(0),
})
const unexpected = (error: Error): never => {
  throw error
}
const numberOf = ({ key }: SignatureClaim): number => key[0] ?? 0

type Answer = readonly [number, boolean | null]

/** Answers of claims 0, 1, .. in the order in which they come, when all are there. */
function answers(verification: Verification, count: number): Promise<Answer[]> {
  const { promise, resolve } = Promise.withResolvers<Answer[]>()
  const given: Answer[] = []
  for (let number = 0; number < count; number++)
    verification.add(claim(number), (valid) => {
      given.push([number, valid])
      if (given.length === count) resolve(given)
    })
  return promise
}

test('claims of one task are verified together, so many at a time, and other tasks come between', async () => {
  const batches: number[] = []
  let between = 0
  const verification = new Verification(
    (claims) => {
      batches.push(claims.length)
      if (batches.length === 1) setTimeout(() => between++, 0)
      return claims.map((one) => numberOf(one) % 2 === 0)
    },
    4,
    unexpected,
  )
  const given = await answers(verification, 10)
  expect(batches).toEqual([4, 4, 2])
  expect(given).toEqual(Array.from({ length: 10 }, (_, number) => [number, number % 2 === 0]))
  await expect.poll(() => between).toBe(1)
})

test('verdicts may come later; where a verifier breaks or gives none, nothing is said of the signature, and the fault is told', async () => {
  const errors: string[] = []
  const verification = new Verification(
    (claims) => {
      if (claims.length === 1) throw new Error('the verifier broke')
      return [Promise.resolve(true), Promise.reject(new Error('broke off')), true]
    },
    4,
    ({ message }) => errors.push(message),
  )
  const given = await answers(verification, 5)
  expect(Object.fromEntries(given)).toEqual({ 0: true, 1: null, 2: true, 3: null, 4: null })
  expect(errors.toSorted()).toEqual(['broke off', 'the verifier broke'])
})

test('after the end nothing is verified', async () => {
  let asked = 0
  const verification = new Verification(
    (claims) => {
      asked += claims.length
      return claims.map(() => true)
    },
    2,
    unexpected,
  )
  const waiting = answers(verification, 4)
  verification.stop()
  const ended = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('quiet'), 50))])
  expect([ended, asked]).toEqual(['quiet', 0])
})
