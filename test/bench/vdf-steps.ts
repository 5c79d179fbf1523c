import type { FullEngine } from '../../core/platform/engine.ts'
import type { Kit } from './kit.ts'
import { demand, type Step } from './step.ts'

const none = new Uint8Array()
const BITS = 2048

/** Challenge of the steps after the discriminant: one of the twenty. */
const challengeOf = (kit: Kit): Uint8Array => kit.challenges[0] ?? none

const search: Step = {
  name: 'discriminant',
  title: 'discriminant search, 20 challenges, one thread (mean counts)',
  reference: { native: 85_920, wasm: null },
  repetitions: { native: 20, wasm: 20 },
  prepare(engine, kit) {
    const challenges = kit.challenges
    return {
      operations: 1,
      run: (repetition) => void engine.vdfDiscriminant(challenges[repetition % challenges.length] ?? none, BITS),
    }
  },
}

/** Squarings per sample; the search for the discriminant that the call repeats is timed alone and taken off. */
const SQUARINGS = 4_000

const squaring: Step = {
  name: 'squaring',
  title: 'class group squaring, 2048 bit',
  reference: { native: 19.7, wasm: null },
  repetitions: { native: 12, wasm: 6 },
  prepare(engine, kit) {
    const challenge = challengeOf(kit)
    const generator = engine.vdfForm('generator', challenge, none, none)
    const start = engine.vdfFormSquareN(challenge, generator, 2_000)
    return {
      operations: SQUARINGS,
      run: () => void engine.vdfFormSquareN(challenge, start, SQUARINGS),
      overhead: () => void engine.vdfFormSquareN(challenge, start, 0),
    }
  },
}

const DIFFICULTY = 10_000

const check: Step = {
  name: 'vdf-verify',
  title: 'VDF check after the discriminant, t = 10,000',
  reference: { native: 11_290, wasm: null },
  repetitions: { native: 30, wasm: 15 },
  prepare(engine, kit) {
    const challenge = challengeOf(kit)
    const discriminant = engine.vdfDiscriminant(challenge, BITS)
    const output = engine.vdfSolve(challenge, DIFFICULTY)
    return {
      operations: 1,
      run: () => demand(engine.vdfVerifyWith(discriminant, DIFFICULTY, output), 'a good output was refused'),
    }
  },
}

const solve: Step = {
  name: 'vdf-solve',
  title: 'VDF solve after the discriminant, t = 10,000',
  reference: { native: 277_000, wasm: null },
  repetitions: { native: 4, wasm: 2 },
  prepare(engine: FullEngine, kit: Kit) {
    const challenge = challengeOf(kit)
    return {
      operations: 1,
      run: () => void engine.vdfSolve(challenge, DIFFICULTY),
      overhead: () => void engine.vdfDiscriminant(challenge, BITS),
    }
  },
}

export const vdfSteps: readonly Step[] = [search, squaring, check, solve]
