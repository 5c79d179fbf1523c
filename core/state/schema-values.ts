/**
 * Vertices against a schema: for tools, authors and display. No node refuses a message by it (spec 21 section 7), so neither may callers.
 */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { fieldKey, TYPE_KEY } from './field-keys.ts'
import type { Schema, SchemaField } from './schema.ts'

/** Poseidon hash of bytes, 32 bytes out (spec 10 section 3). */
export type HashBytes = (message: Uint8Array) => Uint8Array

/** A leaf of a vertex data tree, as far as fields are concerned. */
export interface FieldLeaf {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Type hash of a class: P(domain || prefixed name). */
export const typeHash = (domain: Uint8Array, className: string, hash: HashBytes): Uint8Array => {
  const name = utf8ToBytes(className)
  const message = new Uint8Array(domain.length + name.length)
  message.set(domain)
  message.set(name, domain.length)
  return hash(message)
}

const TYPE_KEY_HEX = bytesToHex(TYPE_KEY)

/** A schema bound to the application that published it: knows keys and type hashes. Build it once per document. */
export class VertexSchema {
  readonly schema: Schema
  readonly #fields = new Map<string, SchemaField[]>()
  readonly #classes = new Map<string, string>()

  /** `domain`: 32-byte application address. */
  constructor(schema: Schema, domain: Uint8Array, hash: HashBytes) {
    this.schema = schema
    for (const { name, fields } of schema.classes) {
      this.#classes.set(bytesToHex(typeHash(domain, name, hash)), name)
      for (const field of fields) {
        const key = bytesToHex(fieldKey(field.order, schema.largestOrder))
        const same = this.#fields.get(key)
        if (same) same.push(field)
        else this.#fields.set(key, [field])
      }
    }
  }

  /** Null when the leaves fit, else why not. `encrypted`: lengths are not looked at. */
  check(leaves: readonly FieldLeaf[], options: { readonly encrypted: boolean }): string | null {
    for (const { key, value } of leaves) {
      const hex = bytesToHex(key)
      if (hex === TYPE_KEY_HEX) {
        if (!this.#classes.has(bytesToHex(value))) return 'the type is no class of the schema'
        continue
      }
      const fields = this.#fields.get(hex)
      if (fields === undefined) return `no field has the key ${hex}`
      // two classes may share an order: the length of any of them will do (spec 21 section 7)
      if (options.encrypted || fields.some((field) => lengthFits(field, value.length))) continue
      return `${fields.map((field) => field.name).join(' or ')}: ${value.length} bytes, ${lengthText(fields)}`
    }
    return null
  }

  /** Name of the class whose hash stands under the type key. */
  classOf(leaves: readonly FieldLeaf[]): string | undefined {
    const type = leaves.find(({ key }) => bytesToHex(key) === TYPE_KEY_HEX)
    return type && this.#classes.get(bytesToHex(type.value))
  }

  /** The field under a key: of the given class when it has one there, else of any class. */
  fieldAt(key: Uint8Array, className?: string): SchemaField | undefined {
    const fields = this.#fields.get(bytesToHex(key))
    return fields?.find((field) => field.className === className) ?? fields?.[0]
  }
}

/** Length that a value of the field must have, undefined when any will do. */
export function fixedLength(field: SchemaField): number | undefined {
  if (field.type === 'Bool') return 1
  if (field.type === 'Struct') return 32
  return field.type === 'Literal' ? undefined : field.size
}

function lengthFits(field: SchemaField, length: number): boolean {
  const fixed = fixedLength(field)
  return fixed === undefined || fixed === length
}

const lengthText = (fields: readonly SchemaField[]): string =>
  fields.map((field) => `${field.type} of ${fixedLength(field) ?? 'any'}`).join(' or ')
