import { expect, test } from 'vitest'
import type { SignatureClaim } from './keys.ts'
import { Verification } from './verification.ts'

const claim = (number: number): SignatureClaim => ({
  key: Uint8Array.of(number),
  payload: new Uint8Array(0),
  signature: new Uint8Array(0),
})
const numberOf = ({ key }: SignatureClaim): number => key[0] ?? 0

/** Answers of claims 0, 1, .. in the order in which they come, when all are there. */
function answers(verification: Verification, count: number): Promise<(readonly [number, boolean])[]> {
  const { promise, resolve } = Promise.withResolvers<(readonly [number, boolean])[]>()
  const given: (readonly [number, boolean])[] = []
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
  const verification = new Verification((claims) => {
    batches.push(claims.length)
    if (batches.length === 1) setTimeout(() => between++, 0)
    return claims.map((one) => numberOf(one) % 2 === 0)
  }, 4)
  const given = await answers(verification, 10)
  expect(batches).toEqual([4, 4, 2])
  expect(given).toEqual(Array.from({ length: 10 }, (_, number) => [number, number % 2 === 0]))
  await expect.poll(() => between).toBe(1)
})

test('verdicts may come later; what a verifier does not answer, breaks off or throws at does not hold', async () => {
  const verification = new Verification((claims) => {
    if (claims.length === 1) throw new Error('the verifier broke')
    return [Promise.resolve(true), Promise.reject(new Error('broke off')), true]
  }, 4)
  const given = await answers(verification, 5)
  expect(Object.fromEntries(given)).toEqual({ 0: true, 1: false, 2: true, 3: false, 4: false })
})

test('after the end nothing is verified', async () => {
  let asked = 0
  const verification = new Verification((claims) => {
    asked += claims.length
    return claims.map(() => true)
  }, 2)
  const waiting = answers(verification, 4)
  verification.stop()
  const ended = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('quiet'), 50))])
  expect([ended, asked]).toEqual(['quiet', 0])
})
