/** Messages between `NodeCrypto` and its worker threads. */
import type { EngineHost } from '@petal/core/crypto/engine-host.ts'
import type { CommitteeHandle, CryptoErrorCode } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee } from '@petal/core/platform/engine.ts'

/** Calls of `EngineHost` that a thread makes for us. */
export type JobMethod = Exclude<
  keyof EngineHost,
  'describe' | 'hasCommittee' | 'closeCommittee' | 'endSearch' | 'close'
>

export interface JobRequest {
  readonly id: number
  readonly method: JobMethod
  /** Arguments of the call; `solveVdf` gets its progress function in the thread. */
  readonly args: readonly unknown[]
  /** Committee that the call names; each thread opens it once. */
  readonly committee?: { readonly handle: CommitteeHandle; readonly committee: EngineCommittee } | undefined
  /** Becomes 1 when the job is cancelled; the thread reads it while it computes. */
  readonly flag: Int32Array<SharedArrayBuffer>
  readonly wantsProgress: boolean
}

/** Nobody uses this committee any more. */
export interface ForgetCommittee {
  readonly forget: CommitteeHandle
}

export type JobResponse =
  /** The engine is loaded. Comes once, before the first result. */
  | { readonly kind: 'engine'; readonly description: string }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: CryptoErrorCode; readonly message: string }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly total: number }

export interface WorkerData {
  readonly addonPath: string | undefined
}
