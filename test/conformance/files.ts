import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fields, Malformed } from './fields.ts'
import type { VectorFile } from './runner.ts'

/** Largest vector file that is read at all. */
const LARGEST_FILE = 256 * 1024 * 1024

/** Paths `AREA/FILE.json` below a directory of vectors, in order; `areas` empty = every area. */
export function listVectorFiles(directory: string, areas: readonly string[]): string[] {
  const all = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((area) =>
      readdirSync(join(directory, area.name))
        .filter((name) => name.endsWith('.json'))
        .map((name) => `${area.name}/${name}`),
    )
    .sort()
  if (areas.length === 0) return all
  for (const area of areas)
    if (!all.some((path) => selects(area, path))) throw new Malformed(`${directory} has no vectors named ${area}`)
  return all.filter((path) => areas.some((area) => selects(area, path)))
}

/** `vdf` selects the area, `vdf/solve` or `vdf/solve.json` one file. */
export const selects = (area: string, path: string): boolean =>
  path.startsWith(`${area}/`) || path === area || path === `${area}.json`

/** Reads and parses one vector file; anything wrong with it is one `Malformed`. */
export function loadVectorFile(directory: string, path: string): VectorFile {
  const location = join(directory, path)
  const document = new Fields(parse(location), '')
  const cases = document.list('cases').map((item, index) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? new Fields(item, `cases[${index}]`)
      : // Every field of it is missing, so the case fails and the others still run.
        new Fields({}, `cases[${index}] (not an object)`),
  )
  if (cases.length === 0) throw new Malformed('the file has no cases')
  return {
    document,
    cases,
    sibling: (other) => loadVectorFile(directory, other),
    binary: (other) => readBinary(directory, other),
  }
}

/** A file that a vector file names stays inside the directory of vectors, whatever the name says. */
function readBinary(directory: string, path: string): Uint8Array {
  if (!/^[\w-]+\/[\w.-]+$/.test(path)) throw new Malformed(`${path} is not AREA/FILE`)
  const location = join(directory, path)
  expectReadable(location)
  return Uint8Array.from(readFileSync(location))
}

function expectReadable(location: string): void {
  const { size } = statSync(location)
  if (size > LARGEST_FILE) throw new Malformed(`the file has ${size} bytes, more than ${LARGEST_FILE}`)
}

function parse(location: string): unknown {
  expectReadable(location)
  const text = readFileSync(location, 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Malformed(`the file is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
