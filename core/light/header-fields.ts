/**
 * Where the fields of a global header lie in its protobuf bytes (spec 11 section 4): for people who look at a header, or damage one on purpose.
 * Decides nothing: whether a header is good is the engine's verdict.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

export interface FieldRange {
  /** Name of spec 11 section 4; of the signature: `signature`, `public_key`, `bitmask`. */
  readonly name: string
  /** Position in a repeated field, null in others. */
  readonly index: number | null
  /** First byte of the value, without tag and length. */
  readonly offset: number
  readonly length: number
  readonly kind: 'number' | 'bytes' | 'bitmask'
}

type Fields = Readonly<Record<number, string | { readonly name?: string; readonly inner: Fields } | undefined>>

const HEADER: Fields = {
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
  11: { inner: { 1: 'signature', 2: { inner: { 1: 'public_key' } }, 3: 'bitmask' } },
}
const REPEATED = 'global_commitments'
/** A header has 268 fields; what has many more is none. */
const MOST_FIELDS = 2000

/** Fields in the order of the bytes. Stops at the first byte that cannot be read, so it never throws. */
export function locateFields(header: Uint8Array): readonly FieldRange[] {
  const found: FieldRange[] = []
  locate(header, 0, HEADER, found)
  return found
}

function locate(message: Uint8Array, base: number, fields: Fields, found: FieldRange[]): void {
  const reader = new BinaryReader(message)
  try {
    while (reader.pos < reader.len && found.length < MOST_FIELDS) {
      const [number, wireType] = reader.tag()
      const field = fields[number]
      if (wireType === WireType.LengthDelimited) {
        const length = reader.uint32()
        const start = reader.pos
        if (length > reader.len - start) return
        reader.pos += length
        if (typeof field === 'object') locate(message.subarray(start, start + length), base + start, field.inner, found)
        else if (field !== undefined) found.push(bytesField(field, base + start, length, found))
      } else {
        const start = reader.pos
        reader.skip(wireType, number)
        if (typeof field === 'string' && wireType === WireType.Varint) {
          found.push({ name: field, index: null, offset: base + start, length: reader.pos - start, kind: 'number' })
        }
      }
    }
  } catch {
    // The rest cannot be read as protobuf: what was found stands.
  }
}

function bytesField(name: string, offset: number, length: number, found: readonly FieldRange[]): FieldRange {
  const index = name === REPEATED ? found.filter((field) => field.name === REPEATED).length : null
  return { name, index, offset, length, kind: name === 'bitmask' ? 'bitmask' : 'bytes' }
}
