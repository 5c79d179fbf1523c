/** The difficulty of a new local network: one core solves a frame in a fixed share of the interval. */
import { randomBytes } from 'node:crypto'
import type { Crypto, JobOptions } from '@petal/core/platform/crypto.ts'
import { LOCAL } from './local-profile.ts'

const ROUNDS = 3
const SHORT = 1_000
const LONG = 6_000

/** What the measurement found. */
export interface Calibration {
  readonly difficulty: number
  /** Time of one squaring, its part of the proof included. */
  readonly squaringMicros: number
  /** Time that does not depend on the difficulty: the search for the discriminant (spec 11 section 1.1). */
  readonly searchMillis: number
}

/** Solves a few short proofs and computes the difficulty from the time they took. */
export async function calibrate(
  crypto: Pick<Crypto, 'solveVdf'>,
  frameIntervalMillis: number,
  options: JobOptions = {},
  now: () => number = () => performance.now(),
): Promise<Calibration> {
  let short = 0
  let long = 0
  for (let round = 0; round < ROUNDS; round++) {
    const challenge = new Uint8Array(randomBytes(32))
    const start = now()
    await crypto.solveVdf(challenge, SHORT, options)
    const middle = now()
    await crypto.solveVdf(challenge, LONG, options)
    short += (middle - start) / ROUNDS
    long += (now() - middle) / ROUNDS
  }
  const squaringMillis = Math.max((long - short) / (LONG - SHORT), 1e-4)
  const searchMillis = Math.max(short - SHORT * squaringMillis, 0)
  const budget = frameIntervalMillis * LOCAL.solveShare - searchMillis
  const squarings = Math.round(budget / squaringMillis / 100) * 100
  return {
    difficulty: Math.min(Math.max(squarings, LOCAL.difficultyFloor), LOCAL.difficultyCeiling),
    squaringMicros: squaringMillis * 1000,
    searchMillis,
  }
}
