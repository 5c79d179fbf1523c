/** Files of the data directory: whole or not at all, and on disk before the call returns. */
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'

/** Only the owner may read secrets. */
export const SECRET_MODE = 0o600
export const PUBLIC_MODE = 0o644

/** A name beside the file for what is not whole yet. */
export const temporaryOf = (path: string): string => `${path}.${randomBytes(6).toString('hex')}.tmp`

/** Removes what a killed process left of files that it was writing. Only for the process that holds the lock of the directory. */
export async function removeLeftovers(directory: string, names: readonly string[]): Promise<void> {
  for (const found of await readdir(directory)) {
    const name = /^(.+)\.[0-9a-f]{12}\.tmp$/.exec(found)?.[1]
    if (name !== undefined && names.includes(name)) await rm(join(directory, found), { force: true })
  }
}

/** Replaces a file: a crash leaves the old content or the new one. */
export async function writeFileDurable(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const temporary = temporaryOf(path)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes names that were created, renamed or removed in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Content of a file, or undefined when there is none. */
export async function readFileIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
