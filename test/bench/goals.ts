import type { Figures } from './measure.ts'
import { isNative, type Platform } from './platforms.ts'
import type { Step } from './step.ts'
import { LARGE_TREE } from './steps/trees.ts'
import { STEPS } from './steps.ts'
import { TWO_WORKERS, VERIFIER_START } from './tab-steps.ts'

/** What a step must reach and should reach: times faster than the reference, or at most so many units or milliseconds. */
interface Goal {
  readonly measure: 'faster' | 'units' | 'ms'
  readonly atLeast: number
  readonly aim: number
}

const faster = (atLeast: number, aim: number): Goal => ({ measure: 'faster', atLeast, aim })
const units = (atLeast: number, aim: number): Goal => ({ measure: 'units', atLeast, aim })
const millis = (atLeast: number, aim: number): Goal => ({ measure: 'ms', atLeast, aim })

const everywhere = (goal: Goal) => ({ portable: goal, native: goal, wasm: goal, chromium: goal })
const natively = (goal: Goal) => ({ portable: goal, native: goal })

/** The number table of the project. 3.4 times the reference's WASM is its native speed. */
const GOALS: Readonly<Record<string, Partial<Record<Platform, Goal>>>> = {
  'bls-verify': { portable: faster(2, 3), native: faster(3, 6), wasm: faster(2, 3.4), chromium: faster(2, 3.4) },
  'bls-sign': everywhere(faster(2, 4)),
  'bls-aggregate-100-cached': everywhere(faster(2, 4)),
  'hash-to-g1': everywhere(faster(2, 4)),
  poseidon: { ...natively(units(180, 90)), wasm: units(250, 120), chromium: units(250, 120) },
  discriminant: natively(units(86_000, 55_000)),
  squaring: natively(units(20, 12)),
  'vdf-verify': { wasm: millis(150, 80), chromium: millis(150, 80) },
  // 1 MB at 150 MB/s.
  'codec-decode': { portable: millis(6.6, 3), native: millis(6.6, 3), wasm: millis(6.6, 3), chromium: millis(13.2, 6) },
  'kzg-verify': { portable: faster(2, 4), wasm: faster(2, 4), chromium: faster(2, 4) },
  // Natively the reference needs 60.8 ms for one, 3.67 times less than its WASM.
  'multiproof-verify-1': { portable: faster(2, 4), wasm: faster(2, 3.67), chromium: faster(2, 3.67) },
  'multiproof-verify-64': { portable: faster(2, 4), wasm: faster(2, 4), chromium: faster(2, 4) },
  'kzg-commit-64': natively(faster(4, 10)),
  'kzg-commit-2': natively(faster(10, 20)),
  'multiproof-prove-64': natively(faster(4, 10)),
  'tree-1000': natively(faster(5, 15)),
  'tree-10000': natively(faster(5, 15)),
  [LARGE_TREE]: natively(faster(5, 15)),
  'ed448-sign': natively(units(310, 100)),
  'ed448-verify': { ...natively(units(340, 140)), wasm: millis(3, 1.5), chromium: millis(3, 1.5) },
  [VERIFIER_START]: { chromium: millis(50, 20) },
  [TWO_WORKERS]: { chromium: millis(600, 300) },
}

/** The search is judged by its mean over the twenty challenges, as the reference is; everything else by its median. */
export const byMean = (step: string): boolean => step === 'discriminant' || step === TWO_WORKERS

/** The figures that count. */
export const counted = (step: string, figures: Figures): { readonly millis: number; readonly units: number } =>
  byMean(step)
    ? { millis: figures.meanMillis, units: figures.meanUnits }
    : { millis: figures.medianMillis, units: figures.medianUnits }

/** Set-up load of the reference, first call in a fresh WASM instance. */
const SETUP_LOAD_UNITS = 174_300

/** Units that the reference needs on that kind of platform; null = it has no such form. */
export function referenceUnits(name: string, platform: Platform): number | null {
  const step: Step | undefined = STEPS.find((candidate) => candidate.name === name)
  if (name === VERIFIER_START) return isNative(platform) ? null : SETUP_LOAD_UNITS
  return (isNative(platform) ? step?.reference.native : step?.reference.wasm) ?? null
}

export interface Judgement {
  /** `2x / 3x`, `180 / 90 units`, `150 / 80 ms`: at least / aim. */
  readonly goal: string
  readonly reached: 'aim' | 'at least' | 'missed'
}

/** How a step stands against its goal; null when it has none there. */
export function judge(step: string, platform: Platform, figures: Figures): Judgement | null {
  const goal = GOALS[step]?.[platform]
  if (goal === undefined) return null
  const { atLeast, aim } = goal
  const value = counted(step, figures)
  if (goal.measure === 'faster') {
    const factor = (referenceUnits(step, platform) ?? Number.NaN) / value.units
    return { goal: `${atLeast}x / ${aim}x`, reached: factor >= aim ? 'aim' : factor >= atLeast ? 'at least' : 'missed' }
  }
  const got = goal.measure === 'units' ? value.units : value.millis
  const text = `${atLeast.toLocaleString('en-US')} / ${aim.toLocaleString('en-US')} ${goal.measure}`
  return { goal: text, reached: got <= aim ? 'aim' : got <= atLeast ? 'at least' : 'missed' }
}
