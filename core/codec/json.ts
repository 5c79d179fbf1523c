/**
 * The readable form of message values (spec 40 section 7): bytes as hex, 64-bit numbers as decimal text, absent nested messages as
 * null, maps as objects. For people, logs and test vectors; what is signed or hashed is always canonical bytes.
 */
import { CodecError } from './errors.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

export type JsonObject = { readonly [name: string]: Json }

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

export function bytesOf(json: Json): Uint8Array {
  if (typeof json !== 'string' || json.length % 2 !== 0 || !/^[0-9a-f]*$/.test(json))
    throw mismatch('lower-case hex', json)
  const bytes = new Uint8Array(json.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(json.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

export function bigintOf(json: Json): bigint {
  if (typeof json !== 'string' || !/^-?\d{1,20}$/.test(json)) throw mismatch('a decimal number as text', json)
  return BigInt(json)
}

export function numberOf(json: Json): number {
  if (typeof json !== 'number') throw mismatch('a number', json)
  return json
}

export function boolOf(json: Json): boolean {
  if (typeof json !== 'boolean') throw mismatch('true or false', json)
  return json
}

export function textOf(json: Json): string {
  if (typeof json !== 'string') throw mismatch('text', json)
  return json
}

export function listOf(json: Json): readonly Json[] {
  if (!Array.isArray(json)) throw mismatch('a list', json)
  return json as readonly Json[]
}

export function objectOf(json: Json): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw mismatch('an object', json)
  return json as JsonObject
}

function mismatch(wanted: string, json: Json): CodecError {
  const shown = JSON.stringify(json) ?? 'nothing'
  return new CodecError('json', `${wanted} expected, got ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}`)
}
