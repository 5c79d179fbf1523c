/** Bounded reading, and writing that overwrites nothing it should not. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { systemCode } from '../errors.ts'
import { ReleaseError } from './errors.ts'

/** Longest file of a release. */
export const MOST_BYTES = 1 << 30

/** Content of a file. Throws `ReleaseError` `missing`, `form`, `size`, `access`. */
export async function readBounded(path: string, most: number): Promise<Uint8Array> {
  const content = await readIfPresent(path, most)
  if (content === null) throw new ReleaseError('missing', `there is no ${path}`)
  return content
}

/** Content of a file; null when there is none. */
export async function readIfPresent(path: string, most: number): Promise<Uint8Array | null> {
  try {
    const found = await stat(path)
    // A device or a pipe has no end, or none soon.
    if (!found.isFile()) throw new ReleaseError('form', `${path} is no plain file`)
    const { size } = found
    if (size > most) throw new ReleaseError('size', `${path} has ${size} bytes, ${most} are read`)
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw accessError(path, error)
  }
}

/** Throws `ReleaseError` `exists` when anything has that name and `replace` is false. */
export async function write(path: string, content: Uint8Array | string, replace: boolean): Promise<void> {
  try {
    await writeFile(path, content, { flag: replace ? 'w' : 'wx' })
  } catch (error) {
    if (systemCode(error) === 'EEXIST')
      throw new ReleaseError('exists', `${path} is there already: it is not overwritten`)
    throw accessError(path, error)
  }
}

export function accessError(path: string, error: unknown): unknown {
  if (error instanceof ReleaseError) return error
  const code = systemCode(error)
  return code === undefined ? error : new ReleaseError('access', `${path} cannot be used: ${code}`, { cause: error })
}
