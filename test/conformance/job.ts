import type { WasmVariant } from '../engines/wasm.ts'
import type { Problem } from './checks.ts'
import type { EngineName } from './runner.ts'

/** Which build of the WASM module, and whether the addon is held to its portable kernels. */
export interface Build {
  readonly variant: WasmVariant
  readonly portable: boolean
}

/** One vector file on one engine: what a child process is asked to run. */
export interface Job {
  readonly directory: string
  readonly path: string
  readonly engine: EngineName
  readonly build: Build
  /** First case to run: later than 0 after a child died in the case before. */
  readonly start: number
}

export interface CaseResult {
  readonly index: number
  readonly name: string
  /** `elsewhere`: not for this engine, but another one runs it. */
  readonly outcome: 'passed' | 'failed' | 'no runner' | 'elsewhere'
  /** Differences of a failed case. */
  readonly problems: readonly Problem[]
  /** Kind of a case without runner. */
  readonly kind: string
}

/** What a child says: which case it begins, how the case ended, and the end of the job. */
export type Report =
  | { readonly type: 'begin'; readonly index: number; readonly name: string; readonly total: number }
  | { readonly type: 'case'; readonly result: CaseResult }
  | { readonly type: 'done' }

/** All cases of one file on one engine. */
export interface FileResult {
  readonly path: string
  readonly engine: EngineName
  readonly cases: readonly CaseResult[]
}

/** A failure of the file or the process rather than of a check. */
export const failure = (index: number, name: string, got: string): CaseResult => ({
  index,
  name,
  outcome: 'failed',
  problems: [{ field: 'run', expected: 'the case runs to its end', got }],
  kind: '',
})
