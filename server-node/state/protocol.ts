/** Messages between `NodeState` and its thread. */
import type { StateErrorCode } from '@petal/core/platform/state.ts'
import type { StoreErrorCode } from '@petal/core/platform/store.ts'
import type { NodeErrorCode } from '../errors.ts'
import type { AddonStateOptions } from './addon.ts'
import type { StateHost } from './host.ts'

/** Calls of `StateHost` by name. */
export type StateMethod = Exclude<keyof StateHost, 'verify'>
export type StateArguments<M extends StateMethod> = Parameters<StateHost[M]>
export type StateResult<M extends StateMethod> = ReturnType<StateHost[M]>

export interface StateWorkerData {
  readonly directory: string
  readonly addonPath: string | undefined
  readonly options: AddonStateOptions
}

export interface StateRequest {
  readonly id: number
  readonly method: StateMethod | 'verify'
  readonly args: readonly unknown[]
}

export type StateFailure =
  | { readonly family: 'state'; readonly code: StateErrorCode; readonly message: string }
  | { readonly family: 'store'; readonly code: StoreErrorCode; readonly message: string }
  | { readonly family: 'node'; readonly code: NodeErrorCode; readonly message: string }

export type StateResponse =
  /** The store is open, or cannot be. Comes once, first. */
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly failure: StateFailure }
  /** How much of a long call is done. */
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly all: number }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly failure: StateFailure }
