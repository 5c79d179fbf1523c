/** Fields of a vertex for people: name, type, value (spec 21 section 7). Never throws: a page shows what is there. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { TYPE_KEY } from './field-keys.ts'
import type { SchemaField } from './schema.ts'
import { type FieldLeaf, fixedLength, type VertexSchema } from './schema-values.ts'

export interface DecodedField {
  /** Name in the schema, or the key in hex when the schema has no such field. */
  readonly name: string
  readonly type: string
  /** Uint and Int as numbers, String as text, Bool as boolean, everything else and what does not fit as hex. */
  readonly value: bigint | boolean | string
  /** False when the value does not have the length that its type asks for, or there is no such field. */
  readonly fits: boolean
  readonly raw: Uint8Array
}

export interface DecodedVertex {
  /** Prefixed class name; absent without a type key or with an unknown one. */
  readonly className?: string
  readonly fields: readonly DecodedField[]
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes the leaves in the order given, without the type key. */
export function decodeVertex(schema: VertexSchema, leaves: readonly FieldLeaf[]): DecodedVertex {
  const className = schema.classOf(leaves)
  const typeKey = bytesToHex(TYPE_KEY)
  const fields = leaves
    .filter(({ key }) => bytesToHex(key) !== typeKey)
    .map(({ key, value }) => {
      const field = schema.fieldAt(key, className)
      return field
        ? decodeField(field, value)
        : { name: bytesToHex(key), type: 'unknown', value: bytesToHex(value), fits: false, raw: value }
    })
  return className === undefined ? { fields } : { className, fields }
}

function decodeField(field: SchemaField, raw: Uint8Array): DecodedField {
  const length = fixedLength(field)
  const fits = length === undefined || length === raw.length
  return { name: field.name, type: field.target ?? field.type, value: readable(field.type, raw, fits), fits, raw }
}

function readable(type: string, raw: Uint8Array, fits: boolean): DecodedField['value'] {
  if (type === 'String') {
    try {
      return text.decode(raw)
    } catch {
      return bytesToHex(raw)
    }
  }
  if (!fits || raw.length === 0) return bytesToHex(raw)
  if (type === 'Uint') return BigInt(`0x${bytesToHex(raw)}`)
  if (type === 'Int') return BigInt.asIntN(8 * raw.length, BigInt(`0x${bytesToHex(raw)}`))
  return type === 'Bool' ? raw[0] !== 0 : bytesToHex(raw)
}
