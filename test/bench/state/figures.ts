/** State on disk, as a node keeps it: the addon's store, native kernels as detected. */
import { type Figure, figureOf } from '../figure.ts'
import { quantile } from '../measure.ts'
import { TaskProcess } from '../task-process.ts'
import type { StateResults, StateTask } from './child.ts'
import { remove, temporaryDirectory } from './shard.ts'
import { type DiskTimings, GROWTH_CHANGES, type Timing, UPDATES } from './tasks.ts'

const LEAVES = 100_000
const SYNC_LEAVES = 10_000
const MILLION = 1_000_000

/** Names for `--only`. Whoever asks for none gets all but the million, whose making alone takes more than a minute. */
export const STATE_TITLES: Readonly<Record<string, string>> = {
  'state-update': `${UPDATES.toLocaleString('en-US')} random updates + commit + one durable batch, tree of 100,000 leaves on disk`,
  'state-prove': 'traversal proof create, 1 key of 100,000 on disk',
  'state-growth': 'commit per changed leaf, and proof, against the number of leaves',
  'sync-10000':
    'full sync of 10,000 leaves: two processes, light protocol on libp2p (WebSocket, Noise), from dialling to the tree on disk',
  'state-million': 'a shard of 1,000,000 leaves: memory of a process that uses it, and its growth row',
}

const ALL = Object.keys(STATE_TITLES)
const BY_DEFAULT = ALL.filter((name) => name !== 'state-million')

/** One row of the growth table; times are medians of CPU time. */
export interface GrowthRow {
  readonly leaves: number
  /** Of a durable frame with 200 changed leaves. */
  readonly commitMicrosPerLeaf: number
  readonly proofMillis: number
}

export interface StateFigures {
  readonly figures: readonly Figure[]
  readonly growth: readonly GrowthRow[]
}

/** Measures those asked for; none asked for: what is measured by default, or all. */
export async function stateFigures(
  only: readonly string[],
  all: boolean,
  progress: (step: string) => void,
): Promise<StateFigures> {
  const names = only.length > 0 ? only : all ? ALL : BY_DEFAULT
  const wanted = (name: string): boolean => names.includes(name)
  const figures: Figure[] = []
  const growth: GrowthRow[] = []
  if (wanted('state-growth'))
    for (const leaves of [1_000, 10_000]) {
      growth.push(growthRow(leaves, await run({ task: 'disk', leaves, directory: null })))
      progress(`state of ${leaves} leaves`)
    }
  if (['state-update', 'state-prove', 'state-growth'].some(wanted)) {
    const timings = await run({ task: 'disk', leaves: LEAVES, directory: null })
    if (wanted('state-growth')) growth.push(growthRow(LEAVES, timings))
    if (wanted('state-update')) figures.push(figure('state-update', timings.update, 1_000, 300))
    if (wanted('state-prove')) figures.push(figure('state-prove', timings.prove, 40, 10))
    progress(`state of ${LEAVES} leaves`)
  }
  if (wanted('sync-10000')) {
    figures.push(figure('sync-10000', await sync(), 3_000, 1_000))
    progress('sync')
  }
  if (wanted('state-million')) await million(figures, growth, progress)
  return { figures, growth }
}

async function sync(): Promise<readonly Timing[]> {
  const directory = temporaryDirectory()
  try {
    await run({ task: 'fill', leaves: SYNC_LEAVES, directory })
    await using server = end()
    const served = await server.ask({ task: 'serve', leaves: SYNC_LEAVES, directory })
    return await run({ task: 'pull', leaves: SYNC_LEAVES, served })
  } finally {
    remove(directory)
  }
}

async function million(figures: Figure[], growth: GrowthRow[], progress: (step: string) => void): Promise<void> {
  const directory = temporaryDirectory()
  try {
    const { wall } = await run({ task: 'fill', leaves: MILLION, directory })
    progress(`a shard of ${MILLION} leaves, made in ${(wall / 1_000).toFixed(0)} s`)
    const megabytes = await run({ task: 'memory', leaves: MILLION, directory })
    const title = 'peak memory of a process that opens 1,000,000 leaves on disk, reads, proves and commits'
    figures.push(figureOf('state-million', title, 'MB', [megabytes], 512, 256))
    growth.push(growthRow(MILLION, await run({ task: 'disk', leaves: MILLION, directory })))
    progress(`state of ${MILLION} leaves`)
  } finally {
    remove(directory)
  }
}

/** Wall time is judged, as a person waits for it; the title has the CPU time beside it. */
function figure(name: string, timings: readonly Timing[], atLeast: number, aim: number): Figure {
  const cpu = quantile(
    timings.map((timing) => timing.cpu),
    0.5,
  )
  const title = `${STATE_TITLES[name]} (CPU ${cpu.toFixed(cpu < 100 ? 1 : 0)} ms)`
  const walls = timings.map(({ wall }) => wall)
  return figureOf(name, title, 'ms', walls, atLeast, aim)
}

function growthRow(leaves: number, { small, prove }: DiskTimings): GrowthRow {
  const median = (timings: readonly Timing[]) =>
    quantile(
      timings.map(({ cpu }) => cpu),
      0.5,
    )
  return { leaves, commitMicrosPerLeaf: (median(small) * 1_000) / GROWTH_CHANGES, proofMillis: median(prove) }
}

const end = (): TaskProcess<StateTask, StateResults> => new TaskProcess(new URL('./child.ts', import.meta.url))

/** Each in a fresh process. */
async function run<T extends StateTask>(task: T): Promise<StateResults[T['task']]> {
  await using other = end()
  return await other.ask(task)
}
