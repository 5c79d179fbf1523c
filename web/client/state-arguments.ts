/** Arguments of reads of state, checked in the page: a wrong one is a programming mistake, told where it was made. */
import { hexToBytes } from '@noble/hashes/utils.js'
import type { SchemaChoice } from '@petal/core/light/state-values.ts'
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import { ArgumentsError } from './errors.ts'
import type { AtomAddress, VertexOptions } from './state-types.ts'

const HALF = 32
const HEX = /^(?:0x)?((?:[0-9a-fA-F]{2})*)$/

export interface Atom {
  readonly domain: Uint8Array
  readonly address: Uint8Array
}

/** 32 bytes from hex or bytes. Throws `ArgumentsError`. */
export function addressBytes(value: unknown, what: string): Uint8Array {
  return exactly(value, HALF, what)
}

/** Domain and data address of a vertex or hyperedge. Throws `ArgumentsError`. */
export function atomOf(address: AtomAddress, what: string): Atom {
  if (typeof address === 'object' && address !== null && !(address instanceof Uint8Array)) {
    return {
      domain: addressBytes(address.domain, `${what}: domain`),
      address: addressBytes(address.address, `${what}: address`),
    }
  }
  const id = exactly(address, 2 * HALF, what)
  return { domain: id.subarray(0, HALF), address: id.subarray(HALF) }
}

/** The addresses, and which of them stands for each one asked for: a node is not asked for one twice. Throws `ArgumentsError`. */
export function addressList(addresses: unknown): {
  readonly different: readonly Uint8Array[]
  readonly places: readonly number[]
} {
  if (!Array.isArray(addresses) || addresses.length === 0 || addresses.length > WIRE_LIMITS.addresses) {
    throw new ArgumentsError(`getVertices: give 1 to ${WIRE_LIMITS.addresses} addresses in an array`)
  }
  const places: number[] = []
  const different = new Map<string, { readonly place: number; readonly bytes: Uint8Array }>()
  addresses.forEach((address, index) => {
    const bytes = addressBytes(address, `getVertices: address ${index}`)
    const known = different.get(bytes.join()) ?? { place: different.size, bytes }
    different.set(bytes.join(), known)
    places.push(known.place)
  })
  return { different: [...different.values()].map(({ bytes }) => bytes), places }
}

/** Null: the newest verified frame. Throws `ArgumentsError`. */
export function frameOf(frame: unknown, what: string): bigint | null {
  if (frame === undefined) return null
  if (typeof frame === 'bigint' && frame >= 0n && frame < 1n << 64n) return frame
  throw new ArgumentsError(`${what}: a frame number is a bigint of 0 to 2^64 - 1`)
}

/** Throws `ArgumentsError`. */
export function schemaOf(schema: VertexOptions['schema'], what: string): SchemaChoice {
  if (schema === undefined || schema === 'published') return { kind: 'published' }
  if (schema === 'none') return { kind: 'none' }
  if (typeof schema === 'object' && typeof schema?.text === 'string') return { kind: 'text', text: schema.text }
  throw new ArgumentsError(`${what}: schema is 'published', 'none' or { text } with a Turtle document`)
}

function exactly(value: unknown, length: number, what: string): Uint8Array {
  const bytes = typeof value === 'string' ? fromHex(value, length, what) : value
  if (!(bytes instanceof Uint8Array)) throw new ArgumentsError(`${what}: give ${length} bytes, or as many in hex`)
  if (bytes.length !== length) throw new ArgumentsError(`${what}: ${bytes.length} bytes, ${length} are needed`)
  return bytes.slice()
}

function fromHex(text: string, length: number, what: string): Uint8Array {
  const digits = text.length <= 4 * length ? HEX.exec(text)?.[1] : undefined
  if (digits === undefined) throw new ArgumentsError(`${what}: this is no hex of ${length} bytes`)
  return hexToBytes(digits)
}
