/** Child process of the figures of state on disk: one task, then it ends; a server ends when its parent is done with it. */
import { performTasks } from '../task-process.ts'
import { pull, type Served, serve } from './sync.ts'
import { type DiskTimings, disk, fill, memory, type Timing } from './tasks.ts'

export type StateTask =
  | { readonly task: 'disk'; readonly leaves: number; readonly directory: string | null }
  | { readonly task: 'fill'; readonly leaves: number; readonly directory: string }
  | { readonly task: 'memory'; readonly leaves: number; readonly directory: string }
  | { readonly task: 'serve'; readonly leaves: number; readonly directory: string }
  | { readonly task: 'pull'; readonly leaves: number; readonly served: Served }

export interface StateResults {
  disk: DiskTimings
  fill: Timing
  memory: number
  serve: Served
  pull: readonly Timing[]
}

async function perform(asked: StateTask): Promise<unknown> {
  switch (asked.task) {
    case 'disk':
      return disk(asked.leaves, asked.directory)
    case 'fill':
      return fill(asked.leaves, asked.directory)
    case 'memory':
      return memory(asked.leaves, asked.directory)
    case 'serve': {
      const { address, root } = await serve(asked.leaves, asked.directory)
      return { address, root }
    }
    case 'pull':
      return pull(asked.leaves, asked.served)
  }
}

performTasks(perform)
