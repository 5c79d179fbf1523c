/** One place of the pool: a worker, what is open in it, and how it ends. */
import { CryptoError } from '@petal/core/platform/crypto.ts'
import { proxy, type Remote, releaseProxy, wrap } from 'comlink'
import type { CompiledEngine } from './engine.ts'
import type { EngineModule } from './modules.ts'
import type { Arguments, CryptoWorkerApi, Method, Reply, Result } from './worker-api.ts'

/** Makes a worker of `crypto-worker.ts`. */
export type SpawnWorker = () => Worker

export class Slot {
  /** Committees that are open in this worker. */
  readonly opened = new Set<string>()
  busy = false
  #loaded = false
  #worker: Worker | null = null
  #api: Remote<CryptoWorkerApi> | null = null
  /** Rejects when the worker dies. */
  #death: Promise<never> = new Promise(() => {})
  #die: (error: CryptoError) => void = () => {}
  readonly #spawn: SpawnWorker

  constructor(spawn: SpawnWorker) {
    this.#spawn = spawn
  }

  /** The engine is loaded and answers. */
  get alive(): boolean {
    return this.#loaded
  }

  /** Starts the worker while its engine is compiled. Rejects with `unavailable` when one of both cannot. */
  async start(module: EngineModule, engine: Promise<CompiledEngine>): Promise<Result<'describe'>> {
    let worker: Worker
    try {
      worker = this.#spawn()
    } catch (cause) {
      throw new CryptoError('unavailable', 'workers cannot be started here', { cause })
    }
    this.#worker = worker
    this.opened.clear()
    this.#death = new Promise((_, reject) => {
      this.#die = (error) => {
        this.stop()
        reject(error)
      }
    })
    this.#death.catch(() => {})
    worker.addEventListener('error', (event) => {
      this.#die(new CryptoError('crashed', `the worker died: ${event.message || 'no reason given'}`))
    })
    worker.addEventListener('messageerror', () => {
      this.#die(new CryptoError('crashed', 'the worker sent something that cannot be read'))
    })
    this.#api = wrap<CryptoWorkerApi>(worker)
    try {
      void this.#api.prepare(module)
      const compiled = await Promise.race([engine, this.#death])
      const description = unpack(await Promise.race([this.#api.load(compiled), this.#death]))
      this.#loaded = true
      return description
    } catch (cause) {
      this.stop()
      if (cause instanceof CryptoError && cause.code === 'unavailable') throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new CryptoError('unavailable', `the engine does not start: ${message}`, { cause })
    }
  }

  /** Rejects with what the engine says, or with `crashed` when the worker dies; after that the slot is not alive. */
  call<M extends Method>(method: M, args: Arguments<M>): Promise<Result<M>> {
    return this.#answer((api) => api.call(method, args) as Promise<Reply<Result<M>>>)
  }

  /** The same for a solution, which takes long: see `kill`. */
  solve(
    challenge: Uint8Array,
    difficulty: number,
    progress: (done: number, total: number) => void,
  ): Promise<Uint8Array> {
    return this.#answer((api) => api.solve(challenge, difficulty, proxy(progress)))
  }

  async #answer<T>(ask: (api: Remote<CryptoWorkerApi>) => Promise<Reply<T>>): Promise<T> {
    if (this.#api === null) throw new CryptoError('crashed', 'the worker is gone')
    const reply = await Promise.race([ask(this.#api), this.#death])
    if (!reply.ok && reply.code === 'crashed') this.stop()
    return unpack(reply)
  }

  /** Ends the worker at once; a running call rejects with `error`. */
  kill(error: CryptoError): void {
    this.#die(error)
  }

  stop(): void {
    this.#api?.[releaseProxy]()
    this.#worker?.terminate()
    this.#worker = null
    this.#api = null
    this.#loaded = false
    this.opened.clear()
  }
}

function unpack<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw new CryptoError(reply.code, reply.message)
}
