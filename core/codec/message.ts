/** Messages as tables: a type prefix and named fields in order; one reader and one writer for all (spec 40 sections 1 to 3). */
import { CodecError } from './errors.ts'
import { bytesOf, type Json, type JsonObject, objectOf, toHex } from './json.ts'
import { Reader } from './reader.ts'
import type { Lengths, Type, ValueOf } from './types.ts'
import { Writer } from './writer.ts'

/** Several members of the value that one part of the layout decides together (signature kinds, optional tails). */
export interface Inline<T extends object> {
  readonly inline: true
  read(reader: Reader): T
  write(writer: Writer, value: T): void
  toJson(value: T): JsonObject
  fromJson(json: JsonObject): T
}

type Row = readonly [string, Type<unknown>] | Inline<object>

type NamedRows<R extends readonly Row[]> = Extract<R[number], readonly [string, Type<unknown>]>
type InlineOf<X> = X extends Inline<infer T> ? (value: T) => void : never
type Intersect<U> = [U] extends [never] ? unknown : U extends (value: infer T) => void ? T : never

/** The value type of a table's rows. */
export type ValueOfRows<R extends readonly Row[]> = {
  readonly [K in NamedRows<R> as K[0]]: ValueOf<K[1]>
} & Intersect<InlineOf<R[number]>>

/** A message of the canonical encoding. `decode` accepts and ignores surplus bytes, as the network does. */
export interface Message<T> extends Type<T> {
  readonly name: string
  /** The 4-byte type prefix as a number. */
  readonly prefix: number
  /** Throws `CodecError`. Byte fields of the value are views of `bytes`. */
  decode(bytes: Uint8Array): T
  /** Throws `CodecError` when the value does not fit the layout. */
  encode(value: T): Uint8Array
}

/** Value type of a message table. */
export type MessageValue<M> = M extends Message<infer T> ? T : never

/** A value that was read. The bytes are a private member, so that a changed copy (`{ ...value }`) does not claim them. */
class Decoded {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  static bytesOf(value: object): Uint8Array | undefined {
    return #bytes in value ? value.#bytes : undefined
  }
}

/** The bytes that a decoded message, nested ones too, was read from, surplus included: hashes are taken over these (spec 40 section 5). */
export function originalBytes(value: object): Uint8Array | undefined {
  return Decoded.bytesOf(value)
}

/** Rows without a prefix, for the unprefixed elements of PeerInfo. */
export function struct<const R extends readonly Row[]>(rows: R): Type<ValueOfRows<R>> {
  return {
    read: (reader) => readRows(rows, reader, {}) as ValueOfRows<R>,
    write: (writer, value) => writeRows(rows, writer, value as object),
    ...jsonOfRows<ValueOfRows<R>>(rows),
  }
}

/** Defines a message. */
export function message<const R extends readonly Row[]>(
  name: string,
  prefix: number,
  rows: R,
): Message<ValueOfRows<R>> {
  type Value = ValueOfRows<R>
  const self: Message<Value> = {
    ...jsonOfRows<Value>(rows),
    name,
    prefix,
    read(reader) {
      const found = reader.u32()
      if (found !== prefix) throw new CodecError('prefix', `type ${hex(found)} where ${hex(prefix)} belongs`)
      return readRows(rows, reader, new Decoded(reader.bytes)) as Value
    },
    write(writer, value) {
      writer.u32(prefix)
      writeRows(rows, writer, value as object)
    },
    decode(bytes) {
      return inside(name, () => self.read(new Reader(bytes)))
    },
    encode(value) {
      const writer = new Writer()
      inside(name, () => self.write(writer, value))
      return writer.finish()
    },
  }
  return self
}

/** A nested message that may be absent: length 0 is null. */
export function sub<T>(nested: Message<T>, lengths?: Lengths): Type<T | null> {
  return {
    read: (reader) => {
      const content = readContent(reader, lengths)
      return content.length === 0 ? null : nested.read(new Reader(content))
    },
    write: (writer, value) => writeContent(writer, lengths, () => value !== null && nested.write(writer, value)),
    toJson: (value) => (value === null ? null : nested.toJson(value)),
    fromJson: (json) => (json === null ? null : nested.fromJson(json)),
  }
}

/** A nested message that must be there (the exceptions of spec 40 section 1, and list elements). */
export function required<T>(nested: Message<T>, lengths?: Lengths): Type<T> {
  const optional = sub(nested, lengths)
  return {
    read: (reader) => {
      const value = optional.read(reader)
      if (value === null) throw new CodecError('absent', `${nested.name} must not be absent`)
      return value
    },
    write: (writer, value) => optional.write(writer, value),
    toJson: (value) => nested.toJson(value),
    fromJson: (json) => nested.fromJson(json),
  }
}

/** A nested message, or other bytes kept as they are when they do not start with its prefix (spec 40 section 6). */
export function subOrOpaque<T>(nested: Message<T>): Type<T | Uint8Array | null> {
  return {
    read: (reader) => {
      const content = readContent(reader, undefined)
      if (content.length === 0) return null
      const starts = content.length >= 4 && new Reader(content).u32() === nested.prefix
      return starts ? nested.read(new Reader(content)) : content
    },
    write: (writer, value) =>
      writeContent(writer, undefined, () => {
        if (value instanceof Uint8Array) writer.raw(value)
        else if (value !== null) nested.write(writer, value)
      }),
    toJson: (value) => (value instanceof Uint8Array ? toHex(value) : value === null ? null : nested.toJson(value)),
    fromJson: (json) => (json === null ? null : typeof json === 'string' ? bytesOf(json) : nested.fromJson(json)),
  }
}

function readContent(reader: Reader, lengths: Lengths | undefined): Uint8Array {
  const length = reader.u32()
  if (lengths !== undefined && !lengths.allows(length))
    throw new CodecError(lengths.code, `nested message of ${length} bytes, ${lengths.text} allowed`)
  return reader.raw(length)
}

function writeContent(writer: Writer, lengths: Lengths | undefined, content: () => void): void {
  const length = writer.prefixed(content)
  if (lengths !== undefined && !lengths.allows(length))
    throw new CodecError(lengths.code, `nested message of ${length} bytes, ${lengths.text} allowed`)
}

function readRows(rows: readonly Row[], reader: Reader, into: object): object {
  const value = into as Record<string, unknown>
  let field: string | undefined
  try {
    for (const row of rows) {
      if ('inline' in row) {
        field = undefined
        Object.assign(value, row.read(reader))
      } else {
        field = row[0]
        value[field] = row[1].read(reader)
      }
    }
    return value
  } catch (error) {
    throw at(error, field)
  }
}

function writeRows(rows: readonly Row[], writer: Writer, value: object): void {
  const members = value as Record<string, unknown>
  let field: string | undefined
  try {
    for (const row of rows) {
      if ('inline' in row) {
        field = undefined
        row.write(writer, value)
      } else {
        field = row[0]
        row[1].write(writer, members[field])
      }
    }
  } catch (error) {
    throw at(error, field)
  }
}

/** The readable form of a table's values; members that the table does not name are ignored. */
function jsonOfRows<T>(rows: readonly Row[]): { toJson(value: T): Json; fromJson(json: Json): T } {
  return {
    toJson(value) {
      const members = value as Record<string, unknown>
      const json: Record<string, Json> = {}
      for (const row of rows) {
        if ('inline' in row) Object.assign(json, row.toJson(members))
        else json[row[0]] = row[1].toJson(members[row[0]])
      }
      return json
    },
    fromJson(json) {
      const members = objectOf(json)
      const value: Record<string, unknown> = {}
      for (const row of rows) {
        if ('inline' in row) Object.assign(value, row.fromJson(members))
        else value[row[0]] = inside(row[0], () => row[1].fromJson(members[row[0]] ?? null))
      }
      return value as T
    },
  }
}

/** Runs a step; a codec error gets the step's name in front of its path. */
function inside<T>(name: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw at(error, name)
  }
}

const at = (error: unknown, name: string | undefined): unknown =>
  error instanceof CodecError && name !== undefined ? error.within(name) : error

const hex = (prefix: number) => prefix.toString(16).padStart(8, '0')
