/** Opens the store of frames and state of a data directory, and says plainly why it cannot be used. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StateError } from '@petal/core/platform/state.ts'
import { NodeError } from '../errors.ts'
import { NodeState, type NodeStateOptions } from './node-state.ts'

/** Files up to this length are checked page by page at every start; of longer ones each block is checked when it is read. */
const CHECKED_BYTES = 256 << 20

export const stateDirectory = (directory: string): string => join(directory, 'state')
export const stateFile = (directory: string): string => join(stateDirectory(directory), 'state.redb')

/** Rejects with `NodeError`: `corrupt`, `dataInUse`, `data`, `engine`. */
export async function openNodeState(directory: string, options: NodeStateOptions = {}): Promise<NodeState> {
  const old = join(directory, 'frames.log')
  if (existsSync(old)) {
    // Headers of that version commit to no state: its chain cannot be continued.
    throw new NodeError(
      'corrupt',
      `${old} was written by an earlier version: choose another --data-dir or remove ${directory}`,
    )
  }
  const file = stateFile(directory)
  const checkOnOpen = existsSync(file) && statSync(file).size <= CHECKED_BYTES
  try {
    return await NodeState.open(stateDirectory(directory), { ...options, store: { checkOnOpen, ...options.store } })
  } catch (error) {
    throw nodeError(error, file)
  }
}

/** Damage stops a node: as a `NodeError` it is final. Other errors come back as they are. */
export function nodeError(error: unknown, file = 'the state store'): unknown {
  if (!(error instanceof StateError && error.code === 'corrupt')) return error
  const advice = 'run petal-node state repair, restore a backup of the data directory, or choose another --data-dir'
  return new NodeError('corrupt', `${file} is damaged (${error.message}): ${advice}`, { cause: error })
}
