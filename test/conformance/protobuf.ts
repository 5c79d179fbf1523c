/** The few protobuf rules that header vectors need: proto3, fields in number order (spec 11 FRM-06). */
import { concat, Malformed } from './fields.ts'

const U64 = 2n ** 64n

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from([...bytes, Number(rest)])
}

const tag = (field: number, wire: number): Uint8Array => varint(BigInt(field * 8 + wire))

/** A scalar; zero is omitted. Negative i64 values are ten-byte varints. */
export function scalarField(field: number, value: bigint): Uint8Array {
  if (value <= -U64 / 2n - 1n || value >= U64) throw new Malformed(`${value} does not fit 64 bits`)
  return value === 0n ? new Uint8Array() : concat(tag(field, 0), varint(value))
}

/** One length-delimited value, present also when empty: an element of a list or a sub-message. */
export const presentField = (field: number, value: Uint8Array): Uint8Array =>
  concat(tag(field, 2), varint(BigInt(value.length)), value)

/** A byte string; the empty one is omitted. */
export const bytesField = (field: number, value: Uint8Array): Uint8Array =>
  value.length === 0 ? value : presentField(field, value)

/** Fields of a message by number, in order of appearance; only varints and byte strings occur in frames. */
export type Message = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>

/** Reads one message; anything but complete varint and length-delimited fields is malformed. */
export function readMessage(bytes: Uint8Array): Message {
  const message = new Map<number, (bigint | Uint8Array)[]>()
  let at = 0
  const number = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Malformed('protobuf ends inside a number')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new Malformed('protobuf number of more than ten bytes')
  }
  while (at < bytes.length) {
    const key = Number(number())
    const values = message.get(Math.floor(key / 8)) ?? []
    message.set(Math.floor(key / 8), values)
    if (key % 8 === 0) values.push(number())
    else if (key % 8 === 2) {
      const length = Number(number())
      if (length > bytes.length - at) throw new Malformed('protobuf ends inside a byte string')
      values.push(bytes.subarray(at, at + length))
      at += length
    } else throw new Malformed(`protobuf wire type ${key % 8}`)
  }
  return message
}

/** Last scalar with that number, 0 when absent. */
export function scalarOf(message: Message, field: number): bigint {
  const value = message.get(field)?.at(-1) ?? 0n
  if (typeof value !== 'bigint') throw new Malformed(`protobuf field ${field} is not a number`)
  return value
}

/** Last byte string with that number, empty when absent. */
export function bytesOf(message: Message, field: number): Uint8Array {
  const value = message.get(field)?.at(-1) ?? new Uint8Array()
  if (typeof value === 'bigint') throw new Malformed(`protobuf field ${field} is not a byte string`)
  return value
}
