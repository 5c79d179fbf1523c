/** Throughput of PerformSync over mutual TLS: a node that serves from its store on disk, and a peer that reads every leaf, in two processes. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Figure, figureOf } from '../figure.ts'
import { remove, temporaryDirectory } from '../state/shard.ts'
import type { SyncReport, SyncResults, SyncTask } from './perform-sync-child.ts'

export const PERFORM_SYNC = 'perform-sync'
export const PERFORM_SYNC_TITLE =
  'PerformSync over mutual TLS: 40,000 leaves of 1 kB from a store on disk, one stream, two processes'

const script = fileURLToPath(new URL('./perform-sync-child.ts', import.meta.url))

export async function performSyncFigure(): Promise<Figure> {
  const directory = temporaryDirectory()
  const server = start()
  const puller = start()
  try {
    const served = await ask(server, { task: 'serve', directory })
    const before = await both(server, puller)
    const { rates, megabytes } = await ask(puller, { task: 'pull', served })
    const after = await both(server, puller)
    const [serving, pulling] = after.map((cpu, index) => ((cpu - (before[index] ?? 0)) / megabytes).toFixed(1))
    const title = `${PERFORM_SYNC_TITLE} (CPU of a megabyte: ${serving} ms to serve, ${pulling} ms to pull)`
    return figureOf(PERFORM_SYNC, title, 'MB/s', rates, 20, 60)
  } finally {
    await Promise.all([end(server), end(puller)])
    remove(directory)
  }
}

const both = (...children: readonly ChildProcess[]): Promise<number[]> =>
  Promise.all(children.map((child) => ask(child, { task: 'cpu' })))

const start = (): ChildProcess =>
  fork(script, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

async function ask<T extends SyncTask>(child: ChildProcess, task: T): Promise<SyncResults[T['task']]> {
  const { promise, resolve, reject } = Promise.withResolvers<SyncReport>()
  const gone = (code: number | null) => reject(new Error(`the process of ${task.task} ended with ${code}`))
  child.once('exit', gone)
  child.once('message', resolve as (message: unknown) => void)
  child.send(task)
  const report = await promise.finally(() => child.off('exit', gone))
  if ('failed' in report) throw new Error(`${task.task}: ${report.failed}`)
  return report.result as SyncResults[T['task']]
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.disconnect()
  await gone
}
