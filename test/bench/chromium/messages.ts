import type { WasmVariant } from '../../engines/wasm.ts'
import type { KitData } from '../kit.ts'
import type { StepResult } from '../platforms.ts'
import type { VerifierStart } from '../tab-steps.ts'

/** What the page asks of a worker; one question at a time. */
export type Question =
  | { readonly type: 'load'; readonly variant: WasmVariant }
  | { readonly type: 'step'; readonly step: string; readonly kit: KitData }
  | { readonly type: 'search'; readonly challenge: Uint8Array; readonly from: number; readonly count: number }
  /** Asked of a new worker, first of all. */
  | { readonly type: 'start'; readonly variant: WasmVariant; readonly traversal: KitData['traversal'] }
  | { readonly type: 'unit'; readonly iterations: number }

export type Answer =
  | { readonly type: 'engine'; readonly engine: string }
  | { readonly type: 'result'; readonly result: StepResult }
  /** Index of the first prime in the slice, or -1. */
  | { readonly type: 'found'; readonly index: number }
  | { readonly type: 'started'; readonly start: VerifierStart }
  | { readonly type: 'nanos'; readonly nanos: number }
  | { readonly type: 'failed'; readonly reason: string }
