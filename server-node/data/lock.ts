/**
 * One process per data directory: a lock of the operating system on its file `lock`, which ends with the process however that ends. The
 * file holds the id of the process while one works there, and stays, empty, afterwards.
 */
import { mkdir } from 'node:fs/promises'
import { messageOf, NodeError } from '../errors.ts'
import type { AddonDirectoryLock, LockAddon } from './addon.ts'

export interface DirectoryLock {
  /** True when the last process that worked here did not stop by itself. */
  readonly stale: boolean
  release(): void
}

/** A lock that nobody refers to would be collected, and be free. */
const held = new Set<AddonDirectoryLock>()

/** Creates the directory if needed and locks it. Throws `NodeError` `dataInUse` or `data`. */
export async function lockDirectory(directory: string, addon: LockAddon): Promise<DirectoryLock> {
  const lock = await take(directory, addon)
  const { holder, stale } = lock
  if (holder !== null) throw inUse(directory, holder)
  held.add(lock)
  return {
    stale,
    release: () => {
      held.delete(lock)
      lock.release()
    },
  }
}

async function take(directory: string, { DirectoryLock }: LockAddon): Promise<AddonDirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return DirectoryLock.take(directory, String(process.pid))
  } catch (error) {
    throw new NodeError('data', `the data directory ${directory} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

function inUse(directory: string, holder: string): NodeError {
  const who = /^\d{1,10}$/.test(holder) ? `process ${holder}` : 'another process'
  return new NodeError(
    'dataInUse',
    `the data directory ${directory} is in use by ${who}: stop it or choose another --data-dir`,
  )
}
