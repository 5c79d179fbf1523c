/**
 * Strict reading of protobuf on the wire. The decoder of the library takes fields of any wire type, merges repeated members and cuts
 * numbers to their type; then one message has readings that differ from program to program. Every encoder in use writes what passes here.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { CodecError } from './errors.ts'

const U32_MAX = 0xffffffffn

/**
 * Fields of one message, those inside it and each packed number included. An empty message takes two bytes on the wire and hundreds when it is
 * read, so their number is bounded before any is made. The largest bundle of a frame, 75,000 bytes, has fewer.
 */
export const MOST_FIELDS = 65_536

/**
 * Throws `CodecError` `limit` for more than `MOST_FIELDS`, and `protobuf` unless the bytes are fields of this message: known numbers, the wire type of their kind, single members
 * (one of a oneof) at most once, numbers within their type, and the same inside nested messages.
 */
export function checkWire(description: DescMessage, bytes: Uint8Array): void {
  checkMessage(description, bytes, new Budget())
}

class Budget {
  #left = MOST_FIELDS

  spend(): void {
    if (--this.#left < 0) throw new CodecError('limit', `more than ${MOST_FIELDS} fields`)
  }
}

function checkMessage(description: DescMessage, bytes: Uint8Array, budget: Budget): void {
  const reader = new BinaryReader(bytes)
  const seen = new Set<string>()
  while (reader.pos < reader.len) {
    budget.spend()
    const [number, wireType] = step(description, () => reader.tag())
    const field = description.fields.find((candidate) => candidate.number === number)
    if (field === undefined) throw refused(description, `the unknown field ${number}`)
    const slot = field.oneof?.name ?? field.name
    if (isSingle(field) && seen.has(slot)) throw refused(description, `${slot} twice`)
    seen.add(slot)
    step(description, () => checkField(field, wireType, reader, budget))
  }
}

const isSingle = (field: DescField): boolean => field.fieldKind !== 'list' && field.fieldKind !== 'map'

function checkField(field: DescField, wireType: WireType, reader: BinaryReader, budget: Budget): void {
  const { message } = field
  if (wireType === WireType.LengthDelimited) {
    const content = reader.bytes()
    if (field.fieldKind === 'map') checkEntry(field, content, budget)
    else if (message !== undefined) checkMessage(message, content, budget)
    else if (isNumber(field)) {
      if (isSingle(field)) throw refused(field.parent, `${field.name} of another wire type`)
      const packed = new BinaryReader(content)
      while (packed.pos < packed.len) {
        budget.spend()
        checkNumber(field, packed)
      }
    }
    return
  }
  if (wireType !== WireType.Varint || !isNumber(field))
    throw refused(field.parent, `${field.name} of another wire type`)
  checkNumber(field, reader)
}

/** An entry of a map with text keys: at most one key, at most one message. */
function checkEntry(field: DescField, content: Uint8Array, budget: Budget): void {
  const reader = new BinaryReader(content)
  let last = 0
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (number <= last || number > 2 || wireType !== WireType.LengthDelimited)
      throw refused(field.parent, `an entry of ${field.name} that is none`)
    last = number
    const member = reader.bytes()
    if (number === 2 && field.message !== undefined) checkMessage(field.message, member, budget)
  }
}

const NUMBERS: ReadonlySet<ScalarType | undefined> = new Set([ScalarType.UINT32, ScalarType.UINT64, ScalarType.INT64])

const isNumber = (field: DescField): boolean => field.message === undefined && NUMBERS.has(field.scalar)

function checkNumber(field: DescField, reader: BinaryReader): void {
  const value = BigInt(reader.uint64())
  if (field.scalar === ScalarType.UINT32 && value > U32_MAX) throw refused(field.parent, `${field.name} of ${value}`)
}

const refused = (description: DescMessage, what: string): CodecError =>
  new CodecError('protobuf', `${description.name} has ${what}`)

/** Whatever the library's reader objects to is no protobuf. */
function step<T>(description: DescMessage, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof CodecError ? error : refused(description, 'bytes that are no fields')
  }
}
