/** What the child processes measure. Each result is proved before it is reported. */
import type { EngineTraversal } from '../../../core/platform/engine.ts'
import { demand } from '../step.ts'
import { atomId, DiskShard, loadStateEngine, remove, someOf, temporaryDirectory } from './shard.ts'

/** Wall and CPU milliseconds of one repetition; CPU counts all threads of the process. */
export interface Timing {
  readonly wall: number
  readonly cpu: number
}

export interface DiskTimings {
  /** One durable frame of 2,000 changed leaves; none in a tree that is smaller. */
  readonly update: readonly Timing[]
  /** One durable frame of `GROWTH_CHANGES` changed leaves. */
  readonly small: readonly Timing[]
  readonly prove: readonly Timing[]
}

export const UPDATES = 2_000
export const GROWTH_CHANGES = 200
const ROUNDS = 5
const PROOFS = 20

export function timed(work: () => void): Timing {
  const cpu = process.cpuUsage()
  const start = performance.now()
  work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { wall, cpu: (user + system) / 1_000 }
}

/** Updates and proofs in a shard on disk that was filled, closed and opened again. `directory`: one that is filled already. */
export function disk(leaves: number, directory: string | null): DiskTimings {
  const engine = loadStateEngine()
  const home = directory ?? temporaryDirectory()
  try {
    if (directory === null) DiskShard.fill(engine, leaves, home).close()
    const shard = new DiskShard(engine, leaves, home)
    const result = measure(shard)
    shard.close()
    return result
  } finally {
    if (directory === null) remove(home)
  }
}

function measure(shard: DiskShard): DiskTimings {
  let version = 0
  const frames = (count: number): Timing[] =>
    Array.from({ length: ROUNDS }, () => {
      version++
      const changes = someOf(count, shard.leaves, version).map((index) => shard.change(index, version))
      const before = String(shard.root())
      const timing = timed(() => shard.update(changes))
      demand(String(shard.root()) !== before, 'a frame that changed nothing')
      return timing
    })
  const small = frames(GROWTH_CHANGES)
  const update = shard.leaves > UPDATES ? frames(UPDATES) : []
  const prove = someOf(PROOFS + 1, shard.leaves, 77).map((index) => {
    let proof = new Uint8Array(0)
    const timing = timed(() => {
      proof = new Uint8Array(shard.prove(index))
    })
    const verdict = shard.engine.traversalVerify(shard.root(), [atomId(index)], proof)
    demand((JSON.parse(verdict) as EngineTraversal).valid, 'a proof that does not hold')
    return timing
  })
  // The first proof fills the tables of the prover.
  return { small, update, prove: prove.slice(1) }
}

/** Fills a shard in a directory that stays. */
export function fill(leaves: number, directory: string): Timing {
  return timed(() => DiskShard.fill(loadStateEngine(), leaves, directory).close())
}

const READS = 1_000

/** Peak resident memory, in megabytes, of this process after it opened the shard, read, proved and committed. */
export function memory(leaves: number, directory: string): number {
  const shard = new DiskShard(loadStateEngine(), leaves, directory)
  for (const index of someOf(READS, leaves, 5))
    demand(shard.store.get(0, atomId(index), shard.frame) !== null, 'a vertex is missing')
  for (const index of someOf(PROOFS, leaves, 6)) shard.prove(index)
  shard.update(someOf(UPDATES, leaves, 7).map((index) => shard.change(index, 1_000)))
  shard.close()
  return (process.resourceUsage().maxRSS * 1_024) / 1e6
}
