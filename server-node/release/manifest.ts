/** The digests of all files of a directory, as one text that can be signed. */
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { digestFile } from '@petal/core/identity/index.ts'
import { ReleaseError } from './errors.ts'
import { accessError, MOST_BYTES, readBounded } from './files.ts'

export const MANIFEST_LIMITS = { files: 20_000, bytes: MOST_BYTES, textBytes: 8 << 20 } as const

const LINE = /^SHA3-256\((.+)\)= [0-9a-f]{64}$/

/** One line `SHA3-256(path)= hex` for each file, in the order of their paths with `/`. Links are refused. Throws `ReleaseError`. */
export async function manifestOf(directory: string): Promise<string> {
  let bytes = 0
  const lines: string[] = []
  for (const path of await filesOf(directory)) {
    const content = await readBounded(join(directory, path), MANIFEST_LIMITS.bytes - bytes)
    bytes += content.length
    lines.push(digestFile(path.split(sep).join('/'), content))
  }
  return lines.join('')
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error) => {
    throw accessError(directory, error)
  })
  if (entries.length > MANIFEST_LIMITS.files)
    throw new ReleaseError('size', `${directory} has ${entries.length} entries, ${MANIFEST_LIMITS.files} are read`)
  const files: string[] = []
  for (const entry of entries) {
    const path = relative(directory, join(entry.parentPath, entry.name))
    if (entry.isDirectory()) continue
    if (!entry.isFile() || /[\n\r]/.test(path)) throw new ReleaseError('form', `${path} is no plain file`)
    files.push(path)
  }
  return files.sort((a, b) => (a < b ? -1 : 1))
}

/** How a directory differs from its manifest, a line for each file; empty when it does not. Throws `ReleaseError` `form`. */
export function differences(manifest: string, found: string): readonly string[] {
  const [wanted, actual] = [linesOf(manifest), linesOf(found)]
  const changed = [...wanted].filter(([path, line]) => actual.has(path) && actual.get(path) !== line)
  const missing = [...wanted.keys()].filter((path) => !actual.has(path))
  const surplus = [...actual.keys()].filter((path) => !wanted.has(path))
  return [
    ...changed.map(([path]) => `changed  ${path}`),
    ...missing.map((path) => `missing  ${path}`),
    ...surplus.map((path) => `surplus  ${path}`),
  ]
}

function linesOf(text: string): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const path = LINE.exec(line)?.[1]
    if (path === undefined || lines.has(path)) throw new ReleaseError('form', 'this is no manifest of a release')
    lines.set(path, line)
  }
  return lines
}
