/** Messages between `NodeCrypto` and its worker threads. */
import type { Crypto, CryptoErrorCode } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'

/** Jobs of `Crypto` that a thread runs. */
export type JobMethod = Exclude<keyof Crypto, 'description' | 'parallelism' | 'closeCommittee' | 'close'>

export interface JobRequest {
  readonly id: number
  /** `describe` answers the description of the engine. */
  readonly method: JobMethod | 'describe'
  /** Arguments of the method without its options; a committee goes by value, each thread opens it once. */
  readonly args: readonly unknown[]
  /** Becomes 1 when the job is cancelled; the thread reads it while it computes. */
  readonly flag: Int32Array<SharedArrayBuffer>
  readonly wantsProgress: boolean
}

export type JobResponse =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: CryptoErrorCode; readonly message: string }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly total: number }

export interface WorkerData {
  readonly addonPath: string | undefined
}

/** A committee by value, with the name under which threads remember it. */
export interface NamedCommittee {
  readonly name: string
  readonly committee: EngineCommittee
}
