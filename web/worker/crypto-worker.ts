/** Dedicated worker around one engine instance. The pool (`pool.ts`) talks to it. */

import { cryptoError } from '@petal/core/crypto/convert.ts'
import { EngineHost } from '@petal/core/crypto/engine-host.ts'
import { expose } from 'comlink'
import { type CompiledEngine, instantiateEngine, prepareEngine } from './engine.ts'
import type { Arguments, CryptoWorkerApi, Method, Reply, Result } from './worker-api.ts'

let host: EngineHost | null = null

const api: CryptoWorkerApi = {
  prepare(module) {
    // What fails here fails again, and is told, when the engine is loaded.
    prepareEngine(module).catch(() => {})
  },

  async load(engine: CompiledEngine) {
    try {
      host = new EngineHost(await instantiateEngine(engine), () => performance.now())
      return { ok: true, value: host.describe() }
    } catch (error) {
      return failure(error)
    }
  },

  call<M extends Method>(method: M, args: Arguments<M>): Reply<Result<M>> {
    return attempt((engine) => {
      const run = engine[method] as (...args: Arguments<M>) => Result<M>
      return run.apply(engine, args)
    })
  },

  solve(challenge, difficulty, progress) {
    const tell = (done: number, total: number) => {
      void progress(done, total)
      return false
    }
    return attempt((engine) => engine.solveVdf(challenge, difficulty, tell))
  },
}

function attempt<T>(run: (engine: EngineHost) => T): Reply<T> {
  try {
    if (host === null) return { ok: false, code: 'arguments', message: 'the engine is not loaded' }
    return { ok: true, value: run(host) }
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Extract<Reply<never>, { ok: false }> {
  const { code, message } = cryptoError(error)
  return { ok: false, code, message }
}

expose(api)
