import type { FullEngine } from '../../core/platform/engine.ts'
import type { Checks } from './checks.ts'
import type { Fields } from './fields.ts'

/** One vector file, parsed as far as the common form goes. */
export interface VectorFile {
  /** The whole document: fields beside `cases` (committee, address, dst). */
  readonly document: Fields
  readonly cases: readonly Fields[]
  /** Another file of the same directory of vectors, for example `frames/app_chain.json`. */
  sibling(path: string): VectorFile
  /** A binary file of the same directory of vectors, for example `kzg/ceremony_full.bin`. */
  binary(path: string): Uint8Array
}

/** Checks one case; throws or records differences, both of which fail the case. `index` is its place in the file. */
export type CaseRunner = (fields: Fields, check: Checks, index: number) => void

interface RunnerCommon {
  /** Null when the runner handles this case, else the kind of case in words. Absent: it handles all. */
  readonly unhandled?: (fields: Fields) => string | null
  /** Fields of the format that no check covers yet; printed with every run of the file. */
  readonly unchecked?: readonly string[]
}

/** Checks of one vector file that is backed by the Rust crates: runs on the WASM module and on the addon. */
export interface RustRunner extends RunnerCommon {
  readonly backing: 'rust'
  /** Prepares what the cases share; what it throws fails every case. */
  open(file: VectorFile, engine: FullEngine): CaseRunner
}

/** Checks of one vector file that is backed by the TypeScript core. */
export interface CoreRunner extends RunnerCommon {
  readonly backing: 'core'
  open(file: VectorFile): CaseRunner
}

export type FileRunner = RustRunner | CoreRunner

/** A runner whose cases share nothing. */
export const eachCase = (run: (engine: FullEngine, fields: Fields, check: Checks) => void): RustRunner => ({
  backing: 'rust',
  open: (_file, engine) => (fields, check) => run(engine, fields, check),
})

/** Runs on the addon and on WASM, or on the TypeScript core. */
export type EngineName = 'wasm' | 'native' | 'core'
