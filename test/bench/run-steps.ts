/** Runs steps one after the other on one engine; in Node and in a browser's worker. */
import type { FullEngine } from '../../core/platform/engine.ts'
import type { Kit } from './kit.ts'
import { type Clock, measure } from './measure.ts'
import { isNative, type Platform, type StepResult, unitIterationsOf } from './platforms.ts'
import { STEPS } from './steps.ts'

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** Measures one step; a step that fails says why and does not end the others. */
export function runStep(name: string, platform: Platform, engine: FullEngine, kit: Kit, clock: Clock): StepResult {
  const step = STEPS.find((candidate) => candidate.name === name)
  if (step === undefined) return { step: name, figures: null, reason: 'no such step' }
  const repetitions = isNative(platform) ? step.repetitions.native : step.repetitions.wasm
  try {
    const prepared = step.prepare(engine, kit)
    if (typeof prepared === 'string') return { step: name, figures: null, reason: prepared }
    const figures = measure(engine, prepared, repetitions, unitIterationsOf(platform), clock)
    return { step: name, figures, reason: null }
  } catch (thrown) {
    return { step: name, figures: null, reason: textOf(thrown) }
  }
}
