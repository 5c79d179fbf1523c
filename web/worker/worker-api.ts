/** What a crypto worker answers: calls of `EngineHost` by name, errors as values because they lose their class on the way. */
import type { EngineHost } from '@petal/core/crypto/engine-host.ts'
import type { CryptoErrorCode } from '@petal/core/platform/crypto.ts'
import type { CompiledEngine } from './engine.ts'
import type { EngineModule } from './modules.ts'

export type Method = {
  [K in keyof EngineHost]: EngineHost[K] extends (...args: never[]) => unknown ? K : never
}[keyof EngineHost]

export type Arguments<M extends Method> = Parameters<EngineHost[M]>
export type Result<M extends Method> = ReturnType<EngineHost[M]>

export type Reply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: CryptoErrorCode; readonly message: string }

export interface CryptoWorkerApi {
  /** Says which module will come, before it is compiled. */
  prepare(module: EngineModule): void
  /** Makes the instance; call it once, before everything else. */
  load(engine: CompiledEngine): Promise<Reply<ReturnType<EngineHost['describe']>>>
  call<M extends Method>(method: M, args: Arguments<M>): Reply<Result<M>>
  /** Runs long: ended by ending the worker. `progress` is a Comlink proxy whose answer is not waited for. */
  solve(challenge: Uint8Array, difficulty: number, progress: (done: number, total: number) => void): Reply<Uint8Array>
}
