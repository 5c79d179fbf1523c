/** The thread that owns the state store: one call after the other on the addon. Started by `node-state.ts` only. */
import { parentPort, workerData } from 'node:worker_threads'
import { StateError, type StateErrorCode } from '@petal/core/platform/state.ts'
import type { StoreErrorCode } from '@petal/core/platform/store.ts'
import { loadAddon } from '../crypto/addon.ts'
import { messageOf, NodeError, type NodeErrorCode, systemCode } from '../errors.ts'
import { StateHost } from './host.ts'
import type { StateFailure, StateRequest, StateResponse, StateWorkerData } from './protocol.ts'

const STATE_CODES: readonly StateErrorCode[] = [
  'arguments',
  'removed',
  'frame',
  'notFound',
  'unavailable',
  'closed',
  'corrupt',
  'failed',
]
const KV_CODES: readonly StoreErrorCode[] = ['arguments', 'full', 'closed', 'corrupt', 'failed']
const NODE_CODES: readonly NodeErrorCode[] = ['dataInUse', 'data', 'engine']

const answer = (response: StateResponse) => parentPort?.postMessage(response)

const { directory, addonPath, options } = workerData as StateWorkerData
const host = open()

parentPort?.on('message', ({ id, method, args }: StateRequest) => {
  try {
    if (host === undefined) throw new StateError('closed', 'the store is not open')
    if (method === 'verify') {
      const tell = (done: number, all: number) => answer({ kind: 'progress', id, done, all })
      answer({ kind: 'result', id, value: host.verify(tell) })
      return
    }
    // The arguments are those that `NodeState` passed: both ends are this program.
    const call = host[method] as (...args: readonly unknown[]) => unknown
    answer({ kind: 'result', id, value: call.call(host, ...args) })
  } catch (error) {
    answer({ kind: 'error', id, failure: method.startsWith('kv') ? kvFailureOf(error) : failureOf(error) })
  }
})

function open(): StateHost | undefined {
  try {
    const opened = new StateHost(loadAddon(addonPath), directory, options)
    answer({ kind: 'open' })
    return opened
  } catch (error) {
    answer({ kind: 'refused', failure: failureOf(error) })
    return undefined
  }
}

function failureOf(error: unknown): StateFailure {
  const message = messageOf(error)
  const code = error instanceof NodeError ? error.code : systemCode(error)
  if (code === 'full') return { family: 'node', code: 'data', message: `${message}: free space, then start again` }
  const ofNode = NODE_CODES.find((known) => known === code)
  if (ofNode !== undefined) return { family: 'node', code: ofNode, message }
  return { family: 'state', code: STATE_CODES.find((known) => known === code) ?? 'failed', message }
}

function kvFailureOf(error: unknown): StateFailure {
  const code = systemCode(error)
  return { family: 'store', code: KV_CODES.find((known) => known === code) ?? 'failed', message: messageOf(error) }
}
