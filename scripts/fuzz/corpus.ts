/** Known good (and bad) byte strings: every hex string of the vector files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const vectors = join(import.meta.dirname, '../../test/vectors')
const MOST_OF_ONE_LENGTH = 24
const LEAST_BYTES = 4

/** Hex strings of all files of the given areas, as bytes; few of each length, so that rare ones count as much as common ones. */
export function vectorBytes(...areas: readonly string[]): Uint8Array[] {
  const byLength = new Map<number, Map<string, Uint8Array>>()
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      if (value.length < 2 * LEAST_BYTES || value.length % 2 !== 0 || !/^[0-9a-f]+$/.test(value)) return
      const group = byLength.get(value.length) ?? new Map<string, Uint8Array>()
      byLength.set(value.length, group)
      if (group.size < MOST_OF_ONE_LENGTH) group.set(value, Uint8Array.from(Buffer.from(value, 'hex')))
    } else if (typeof value === 'object' && value !== null) {
      for (const member of Object.values(value)) visit(member)
    }
  }
  for (const area of areas) {
    const files = readdirSync(join(vectors, area)).filter((name) => name.endsWith('.json'))
    for (const file of files) visit(readVector(`${area}/${file}`))
  }
  return [...byLength.values()].flatMap((group) => [...group.values()])
}

export function readVector(path: string): unknown {
  return JSON.parse(readFileSync(join(vectors, path), 'utf8'))
}

/** Those of exactly `length` bytes. */
export function ofLength(all: readonly Uint8Array[], length: number): Uint8Array[] {
  return all.filter((bytes) => bytes.length === length)
}
