/** Throughput of PerformSync over mutual TLS: a node that serves from its store on disk, and a peer that reads every leaf, in two processes. */
import { type Figure, figureOf } from '../figure.ts'
import { remove, temporaryDirectory } from '../state/shard.ts'
import { TaskProcess } from '../task-process.ts'
import type { SyncResults, SyncTask } from './perform-sync-child.ts'

export const PERFORM_SYNC = 'perform-sync'
export const PERFORM_SYNC_TITLE =
  'PerformSync over mutual TLS: 40,000 leaves of 1 kB from a store on disk, one stream, two processes'

export async function performSyncFigure(): Promise<Figure> {
  const directory = temporaryDirectory()
  try {
    await using server = end()
    await using puller = end()
    const served = await server.ask({ task: 'serve', directory })
    const before = await cpuOf(server, puller)
    const { rates, megabytes } = await puller.ask({ task: 'pull', served })
    const after = await cpuOf(server, puller)
    const [serving, pulling] = after.map((cpu, index) => ((cpu - (before[index] ?? 0)) / megabytes).toFixed(1))
    const title = `${PERFORM_SYNC_TITLE} (CPU of a megabyte: ${serving} ms to serve, ${pulling} ms to pull)`
    return figureOf(PERFORM_SYNC, title, 'MB/s', rates, 20, 60)
  } finally {
    remove(directory)
  }
}

type End = TaskProcess<SyncTask, SyncResults>

const end = (): End => new TaskProcess(new URL('./perform-sync-child.ts', import.meta.url))

const cpuOf = (...ends: readonly End[]): Promise<number[]> => Promise.all(ends.map((one) => one.ask({ task: 'cpu' })))
