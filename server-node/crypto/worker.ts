/** A thread of the pool: runs one job after the other on the addon. Started by `pool.ts` only. */
import { parentPort, workerData } from 'node:worker_threads'
import { cryptoError } from '@petal/core/crypto/convert.ts'
import { EngineHost } from '@petal/core/crypto/engine-host.ts'
import { CryptoError } from '@petal/core/platform/crypto.ts'
import { messageOf } from '../errors.ts'
import { loadAddon } from './addon.ts'
import type { ForgetCommittee, JobRequest, JobResponse, WorkerData } from './protocol.ts'

const { addonPath } = workerData as WorkerData
let host: EngineHost | undefined

const answer = (response: JobResponse) => parentPort?.postMessage(response)

parentPort?.on('message', (request: JobRequest | ForgetCommittee) => {
  if ('forget' in request) {
    host?.closeCommittee(request.forget)
    return
  }
  const { id } = request
  try {
    if (Atomics.load(request.flag, 0) === 1) throw new CryptoError('cancelled', 'the job was cancelled')
    host ??= open()
    answer({ kind: 'result', id, value: run(host, request) })
  } catch (error) {
    const { code, message } = cryptoError(error)
    // The engine broke its contract: what it holds is not trusted any more.
    if (code === 'crashed') host = undefined
    answer({ kind: 'error', id, code, message })
  }
})

function open(): EngineHost {
  try {
    const opened = new EngineHost(loadAddon(addonPath), () => performance.now())
    const { build, kernel } = opened.describe()
    answer({ kind: 'engine', description: `native ${build} ${kernel}` })
    return opened
  } catch (error) {
    // The next job looks again: the addon may have been built meanwhile.
    throw new CryptoError('unavailable', messageOf(error), { cause: error })
  }
}

function run(host: EngineHost, { id, method, args, committee, flag, wantsProgress }: JobRequest): unknown {
  if (committee !== undefined) host.openCommittee(committee.handle, committee.committee)
  const progress = (done: number, total: number): boolean => {
    if (wantsProgress) answer({ kind: 'progress', id, done, total })
    return Atomics.load(flag, 0) === 1
  }
  // The arguments are those that `NodeCrypto` passed: both ends are this program.
  const call = host[method] as (...args: readonly unknown[]) => unknown
  return call.call(host, ...args, ...(method === 'solveVdf' ? [progress] : []))
}
