/** A thread of the pool: runs one job after the other on the addon. Started by `pool.ts` only. */
import { parentPort, workerData } from 'node:worker_threads'
import { CryptoError, type CryptoErrorCode } from '@petal/core/platform/crypto.ts'
import { messageOf } from '../errors.ts'
import { loadAddon } from './addon.ts'
import { EngineJobs, type JobControl } from './engine-jobs.ts'
import type { JobRequest, JobResponse, WorkerData } from './protocol.ts'

const { addonPath } = workerData as WorkerData
let jobs: EngineJobs | undefined

const answer = (response: JobResponse) => parentPort?.postMessage(response)

parentPort?.on('message', (request: JobRequest) => {
  const { id } = request
  try {
    // Without an addon every job fails alike; the next one looks again, it may have been built meanwhile.
    jobs ??= new EngineJobs(loadAddon(addonPath))
    answer({ kind: 'result', id, value: run(jobs, request) })
  } catch (error) {
    answer({ kind: 'error', id, code: codeOf(error), message: messageOf(error) })
  }
})

function run(jobs: EngineJobs, { id, method, args, flag, wantsProgress }: JobRequest): unknown {
  const control: JobControl = {
    cancelled: () => Atomics.load(flag, 0) === 1,
    progress: (done, total) => {
      if (wantsProgress) answer({ kind: 'progress', id, done, total })
    },
  }
  if (control.cancelled()) throw new CryptoError('cancelled', 'the job was cancelled')
  // The method is one of ours and the arguments are those that `NodeCrypto` passed: both ends are this program.
  const job = jobs[method] as (control: JobControl, ...args: readonly unknown[]) => unknown
  return job.call(jobs, control, ...args)
}

/** Codes of `EngineErrorCode` as callers of `Crypto` know them. */
const CODES: Record<string, CryptoErrorCode> = {
  cancelled: 'cancelled',
  decode: 'decode',
  length: 'decode',
  range: 'decode',
  empty: 'decode',
  identity: 'decode',
  arguments: 'arguments',
  handle: 'arguments',
  engine: 'unavailable',
}

function codeOf(error: unknown): CryptoErrorCode {
  if (error instanceof CryptoError) return error.code
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return CODES[code] ?? 'crashed'
}
