/** The thread of one state store, as calls with promises: one after the other, in the order of the calls. */
import { Worker } from 'node:worker_threads'
import { StateError } from '@petal/core/platform/state.ts'
import { StoreError } from '@petal/core/platform/store.ts'
import { messageOf, NodeError } from '../errors.ts'
import type { AddonVerified } from './addon.ts'
import type {
  StateArguments,
  StateFailure,
  StateMethod,
  StateRequest,
  StateResponse,
  StateResult,
  StateWorkerData,
} from './protocol.ts'
import type { Tell } from './store-host.ts'

interface Call {
  readonly tell: Tell | undefined
  resolve(value: unknown): void
  reject(error: Error): void
}

export class StateThread {
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  #ids = 0
  #ended: Error | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Opens or creates the store. Rejects with `NodeError` or `StateError`. */
  static async start(data: StateWorkerData): Promise<StateThread> {
    const thread = new StateThread(new Worker(new URL('./worker.ts', import.meta.url), { workerData: data }))
    await thread.#start()
    return thread
  }

  get closed(): boolean {
    return this.#ended !== undefined
  }

  call<M extends StateMethod>(method: M, ...args: StateArguments<M>): Promise<StateResult<M>> {
    return this.#post<StateResult<M>>(method, args)
  }

  /** `tell` hears how much is done while it works. */
  verify(tell?: Tell): Promise<AddonVerified> {
    return this.#post<AddonVerified>('verify', [], tell)
  }

  #post<T>(method: StateRequest['method'], args: readonly unknown[], tell?: Tell): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      const id = ++this.#ids
      this.#calls.set(id, { tell, resolve: (value) => resolve(value as T), reject })
      this.#worker.postMessage({ id, method, args } satisfies StateRequest)
    })
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    const closed = this.call('close')
    this.#ended = new StateError('closed', 'the store was closed')
    await closed.catch(() => undefined)
    await this.#worker.terminate()
  }

  async #start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#worker.on('message', (response: StateResponse) => {
      if (response.kind === 'open') resolve()
      else if (response.kind === 'refused') reject(errorOf(response.failure))
      else this.#settle(response)
    })
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', (code) => {
      this.#end(new Error(`exit code ${code}`))
      reject(this.#ended)
    })
    try {
      await promise
    } catch (error) {
      this.#ended = error instanceof Error ? error : new Error(String(error))
      await this.#worker.terminate()
      throw error
    }
  }

  #settle(response: Extract<StateResponse, { readonly id: number }>): void {
    const call = this.#calls.get(response.id)
    if (response.kind === 'progress') {
      call?.tell?.(response.done, response.all)
      return
    }
    this.#calls.delete(response.id)
    if (response.kind === 'result') call?.resolve(response.value)
    else call?.reject(errorOf(response.failure))
  }

  /** The thread is gone: nothing that waits will be answered. */
  #end(cause: unknown): void {
    this.#ended ??= new StateError('failed', `the thread of the state store ended: ${messageOf(cause)}`, { cause })
    for (const call of this.#calls.values()) call.reject(this.#ended)
    this.#calls.clear()
  }
}

function errorOf({ family, code, message }: StateFailure): Error {
  switch (family) {
    case 'node':
      return new NodeError(code, message)
    case 'store':
      return new StoreError(code, message)
    case 'state':
      return new StateError(code, message)
  }
}
