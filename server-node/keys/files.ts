/** Files that hold secrets: never overwritten by accident, only for their owner (hazard OPS-H2), and kept before they are changed. */
import { chmod, link, lstat, mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readFileIfPresent, SECRET_MODE, syncDirectory, temporaryOf, writeFileDurable } from '../data/files.ts'
import { systemCode } from '../errors.ts'
import { KeyStoreError } from './errors.ts'

/** No file of keys is longer, whatever it holds; each form has limits of its own. */
const MOST_BYTES = 16 * 1024 * 1024

/** Creates a directory for its owner alone; one that is there keeps its mode. */
export async function createDirectory(path: string): Promise<void> {
  await guarded(path, () => mkdir(path, { recursive: true, mode: 0o700 }))
}

/** Text of a file. Throws `KeyStoreError` `missing`, `access`. */
export async function readText(path: string): Promise<string> {
  const text = await readTextIfPresent(path)
  if (text === undefined) throw new KeyStoreError('missing', `there is no ${path}`)
  return text
}

/** Text of a file, or undefined when there is none. Throws `KeyStoreError` `access`, and `form` for one that is too long to be read. */
export async function readTextIfPresent(path: string): Promise<string | undefined> {
  return guarded(path, async () => {
    if (!(await isThere(path))) return undefined
    const { size } = await stat(path)
    if (size > MOST_BYTES) throw new KeyStoreError('form', `${path} is longer than ${MOST_BYTES} bytes`)
    return (await readFileIfPresent(path))?.toString('utf8')
  })
}

/** Whether anything has that name, a link to nowhere included. */
export async function isThere(path: string): Promise<boolean> {
  const found = await guarded(path, () =>
    lstat(path).catch((error) => (systemCode(error) === 'ENOENT' ? undefined : fail(error))),
  )
  return found !== undefined
}

/** Says early what `createFile` would say late. Throws `exists`. */
export async function requireAbsent(path: string): Promise<void> {
  if (await isThere(path)) throw exists(path)
}

function fail(error: unknown): never {
  throw error
}

const exists = (path: string): KeyStoreError =>
  new KeyStoreError('exists', `${path} is there already: it is not overwritten`)

/** Creates a file of mode 0600, durable when it resolves. Throws `exists` when anything of that name is there. */
export async function createFile(path: string, content: string): Promise<void> {
  await guarded(path, async () => {
    const temporary = temporaryOf(path)
    try {
      const file = await open(temporary, 'wx', SECRET_MODE)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await link(temporary, path) // unlike a rename, this fails where a file is
    } finally {
      await rm(temporary, { force: true })
    }
    await syncDirectory(dirname(path))
  })
}

/**
 * Replaces what is known to be there, and keeps it as `PATH.bak` (hazard OPS-H14). Throws `form` when another program changed the file
 * since it was read.
 */
export async function replaceFile(path: string, read: string, content: string): Promise<void> {
  if ((await readText(path)) !== read)
    throw new KeyStoreError('form', `${path} was changed by another program meanwhile: nothing was written`)
  await guarded(path, async () => {
    await writeFileDurable(`${path}.bak`, read, SECRET_MODE)
    await writeFileDurable(path, content, SECRET_MODE)
  })
}

/** Removes a file, if it is there; durable when it resolves. */
export async function removeFile(path: string): Promise<void> {
  await guarded(path, async () => {
    await rm(path, { force: true })
    await syncDirectory(dirname(path))
  })
}

/** Takes the file away from everybody but its owner. */
export const ownerOnly = (path: string): Promise<void> => guarded(path, () => chmod(path, SECRET_MODE))

async function guarded<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const code = systemCode(error)
    if (error instanceof KeyStoreError || code === undefined) throw error
    if (code === 'EEXIST') throw exists(path)
    throw new KeyStoreError('access', `${path} cannot be used: ${code}`, { cause: error })
  }
}
