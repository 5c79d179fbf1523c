/**
 * Field types of the message tables (spec 40 section 1): each reads and writes one field and knows its limit. The TypeScript
 * type of a message follows from its table (`ValueOf`).
 */
import { CodecError } from './errors.ts'
import { bigintOf, boolOf, bytesOf, type Json, listOf, numberOf, objectOf, textOf, toHex } from './json.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export interface Type<T> {
  read(reader: Reader): T
  write(writer: Writer, value: T): void
  /** The readable form of a value, and back (`CodecError` code `json`). */
  toJson(value: T): Json
  fromJson(json: Json): T
}

/** What a field type reads and writes. */
export type ValueOf<X> = X extends Type<infer T> ? T : never

/** Which lengths of a byte string are allowed. */
export interface Lengths {
  readonly allows: (length: number) => boolean
  /** `limit` when only longer ones are refused, else `length`. */
  readonly code: 'limit' | 'length'
  readonly text: string
}

/** `[<=n]` of the tables. */
export const atMost = (n: number): Lengths => ({
  allows: (length) => length <= n,
  code: 'limit',
  text: `at most ${n}`,
})

/** `[=n]`, or one of several lengths. */
export const exactly = (...lengths: readonly number[]): Lengths => ({
  allows: (length) => lengths.includes(length),
  code: 'length',
  text: lengths.join(' or '),
})

/** `[n..m]` of the tables. */
export const between = (least: number, most: number): Lengths => ({
  allows: (length) => length >= least && length <= most,
  code: 'length',
  text: `${least} to ${most}`,
})

const anyLength: Lengths = { allows: () => true, code: 'limit', text: 'any' }

function check(lengths: Lengths, length: number): void {
  if (!lengths.allows(length)) throw new CodecError(lengths.code, `${length} long, ${lengths.text} allowed`)
}

export const u32: Type<number> = {
  read: (reader) => reader.u32(),
  write: (writer, value) => writer.u32(value),
  toJson: (value) => value,
  fromJson: numberOf,
}
export const u64: Type<bigint> = {
  read: (reader) => reader.u64(),
  write: (writer, value) => writer.u64(value),
  toJson: String,
  fromJson: bigintOf,
}
export const i64: Type<bigint> = {
  read: (reader) => reader.i64(),
  write: (writer, value) => writer.i64(value),
  toJson: String,
  fromJson: bigintOf,
}

/** One byte: 0 is false, every other byte true, written as 1. */
export const bool: Type<boolean> = {
  read: (reader) => reader.u8() !== 0,
  write: (writer, value) => writer.u8(value ? 1 : 0),
  toJson: (value) => value,
  fromJson: boolOf,
}

/** Exactly n bytes without a length. */
export const raw = (n: number): Type<Uint8Array> => ({
  read: (reader) => reader.raw(n),
  write: (writer, value) => {
    check(exactly(n), value.length)
    writer.raw(value)
  },
  toJson: toHex,
  fromJson: bytesOf,
})

/** Bytes behind their length. */
export const lp = (lengths: Lengths = anyLength): Type<Uint8Array> => ({
  read: (reader) => {
    const length = reader.u32()
    check(lengths, length)
    return reader.raw(length)
  },
  write: (writer, value) => {
    check(lengths, value.length)
    writer.u32(value.length)
    writer.raw(value)
  },
  toJson: toHex,
  fromJson: bytesOf,
})

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Text behind its length in bytes; ill-formed UTF-8 is refused, nothing is normalised. */
export const str = (lengths: Lengths = anyLength): Type<string> => {
  const bytes = lp(lengths)
  return {
    read: (reader) => {
      const content = bytes.read(reader)
      try {
        return decoder.decode(content)
      } catch {
        throw new CodecError('text', 'ill-formed UTF-8')
      }
    },
    write: (writer, value) => {
      if (!value.isWellFormed()) throw new CodecError('text', 'a lone surrogate has no UTF-8')
      bytes.write(writer, encoder.encode(value))
    },
    toJson: (value) => value,
    fromJson: textOf,
  }
}

/**
 * Text that may stand in frames and is not checked there: the bytes as received (spec 40 section 1). Its readable form is the text, or
 * `{ "bytes": hex }` where the bytes are no UTF-8, so that nothing is lost.
 */
export const uncheckedText: Type<Uint8Array> = {
  ...lp(),
  toJson: (value) => {
    try {
      return decoder.decode(value)
    } catch {
      return { bytes: toHex(value) }
    }
  },
  fromJson: (json) => (typeof json === 'string' ? encoder.encode(json) : bytesOf(objectOf(json).bytes ?? null)),
}

/** A counted list. Nothing is allocated ahead of the elements: a count beyond the bytes ends in `short`. */
export const arr = <T>(element: Type<T>, count: Lengths = anyLength): Type<readonly T[]> => ({
  read: (reader) => {
    const length = reader.u32()
    check(count, length)
    const list: T[] = []
    for (let i = 0; i < length; i++) list.push(element.read(reader))
    return list
  },
  write: (writer, value) => {
    check(count, value.length)
    writer.u32(value.length)
    for (const item of value) element.write(writer, item)
  },
  toJson: (value) => value.map((item) => element.toJson(item)),
  fromJson: (json) => listOf(json).map((item) => element.fromJson(item)),
})

/**
 * A counted map with text keys. Any order is read, keys are written in ascending byte order; a key twice is refused
 * (docs/spec-questions.md).
 */
export const map = <T>(
  key: Type<string>,
  value: Type<T>,
  count: Lengths = anyLength,
): Type<ReadonlyMap<string, T>> => ({
  read: (reader) => {
    const length = reader.u32()
    check(count, length)
    const entries = new Map<string, T>()
    for (let i = 0; i < length; i++) {
      const name = key.read(reader)
      if (entries.has(name)) throw new CodecError('duplicate', `the key ${JSON.stringify(name)} stands twice`)
      entries.set(name, value.read(reader))
    }
    return entries
  },
  write: (writer, entries) => {
    check(count, entries.size)
    writer.u32(entries.size)
    const sorted = [...entries].map(([name, item]) => ({ name, item, bytes: encoder.encode(name) }))
    sorted.sort((a, b) => compare(a.bytes, b.bytes))
    for (const { name, item } of sorted) {
      key.write(writer, name)
      value.write(writer, item)
    }
  },
  toJson: (entries) => Object.fromEntries([...entries].map(([name, item]) => [name, value.toJson(item)])),
  fromJson: (json) => new Map(Object.entries(objectOf(json)).map(([name, item]) => [name, value.fromJson(item)])),
})

function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
