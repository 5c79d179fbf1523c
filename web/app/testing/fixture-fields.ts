/** Where the fields of a recorded header lie, for the fixture only: the page asks the client. */
import type { FieldRange } from '../client.ts'

const NAMES: Readonly<Record<number, string>> = {
  1: 'frame_number',
  2: 'rank',
  3: 'timestamp',
  4: 'difficulty',
  5: 'output',
  6: 'parent_selector',
  7: 'global_commitments',
  8: 'prover_tree_commitment',
  9: 'requests_root',
  10: 'prover',
}

export function fixtureFields(header: Uint8Array): readonly FieldRange[] {
  const found: FieldRange[] = []
  let at = 0
  let commitments = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = header[at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < header.length) {
    const tag = varint()
    const number = tag >> 3
    const name = NAMES[number]
    if ((tag & 7) === 0) {
      const offset = at
      varint()
      if (name) found.push({ name, index: null, offset, length: at - offset, kind: 'number' })
    } else {
      const length = varint()
      if (name) found.push({ name, index: number === 7 ? commitments++ : null, offset: at, length, kind: 'bytes' })
      at += length
    }
  }
  return found
}
