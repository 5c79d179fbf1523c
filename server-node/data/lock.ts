/**
 * One process per data directory. The file `lock` names its process; a lock whose process is gone (kill -9, power) is
 * taken over. On Linux the start time of the process is compared too, because process ids are used again.
 */
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeError, systemCode } from '../errors.ts'

interface Holder {
  readonly pid: number
  /** Start of the process in clock ticks since boot; null where that is not known. */
  readonly started: string | null
}

export interface DirectoryLock {
  /** True when a lock of a dead process was found and taken over. */
  readonly stale: boolean
  release(): Promise<void>
}

/** Creates the directory if needed and locks it. Throws `NodeError` `dataInUse` or `data`. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return await takeLock(directory)
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw new NodeError('data', `the data directory ${directory} cannot be used: ${systemCode(error) ?? error}`, {
      cause: error,
    })
  }
}

async function takeLock(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock')
  const own = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder)
  const prepared = join(directory, `lock.${process.pid}.${performance.now()}`)
  await writeFile(prepared, own, { mode: 0o600 })
  try {
    let stale = false
    for (let attempt = 0; attempt < 3; attempt++) {
      // A link appears with its content, so that nobody ever reads half a lock.
      if (await linked(prepared, path)) return { stale, release: () => release(path, own) }
      const found = await readFile(path, 'utf8').catch(() => undefined)
      if (found === undefined) continue
      const holder = parse(found)
      if (holder !== undefined && (await isRunning(holder))) throw inUse(directory, holder.pid)
      stale = await removeStale(path, found)
    }
    throw new NodeError('dataInUse', `another process is just starting on the data directory ${directory}`)
  } finally {
    await rm(prepared, { force: true })
  }
}

function inUse(directory: string, pid: number): NodeError {
  return new NodeError(
    'dataInUse',
    `the data directory ${directory} is in use by process ${pid}: stop it or choose another --data-dir`,
  )
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Moves the lock away if it still is the dead one; a lock taken in between goes back. */
async function removeStale(path: string, expected: string): Promise<boolean> {
  const aside = `${path}.stale.${process.pid}.${performance.now()}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) === expected) return true
    await linked(aside, path)
    return false
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function release(path: string, own: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => '')) === own) await rm(path, { force: true })
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text)
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { pid, started: typeof started === 'string' ? started : null }
  } catch {
    return undefined
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false
  }
  const now = await startOf(pid)
  return started === null || now === null || started === now
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
