import type { FullEngine } from '../../core/platform/engine.ts'
import type { Kit } from './kit.ts'
import type { Platform } from './platforms.ts'

/** Something to time: `run` does the step `operations` times; `overhead` is timed alike and taken off. */
export interface Prepared {
  readonly operations: number
  run(repetition: number): void
  overhead?(repetition: number): void
}

export interface Step {
  /** Short name for `--only`. */
  readonly name: string
  readonly title: string
  /** Units that the reference needs (design baselines), natively and in WASM; null = it has no such form. */
  readonly reference: { readonly native: number | null; readonly wasm: number | null }
  /** Where it is measured when nobody asks for it by name; everywhere when absent. */
  readonly platforms?: readonly Platform[]
  readonly repetitions: { readonly native: number; readonly wasm: number }
  /** Answers text instead when this build cannot run the step: the reason. */
  prepare(engine: FullEngine, kit: Kit): Prepared | string
}

/** Throws when a step computed something wrong: a benchmark of it would mean nothing. */
export function demand(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the step gave a wrong result: ${what}`)
}
