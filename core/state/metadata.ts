/** What the metadata vertex of an application says (spec 21 section 8, spec 41 section 4.1); it is written by the engine. */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { TreeLeaf } from '../platform/state.ts'
import { TYPE_KEY } from './field-keys.ts'
import type { DecodedField, DecodedVertex } from './schema-display.ts'
import { readTreeLeaves } from './tree-reader.ts'

/** Keys: slot number << 2. */
const SCHEMA = '08'
const UPDATED_SCHEMA = '0c'
const CONFIGURATION = '40'

export interface AppMetadata {
  /** Schema document of the deployment; '' without one. Every reader of the network uses this one. */
  readonly schema: string
  /** Document of the last update: written beside the first, and read by nobody (41, H5). */
  readonly updatedSchema?: string
  /** 32-byte address of the intrinsic type. */
  readonly type?: Uint8Array
  /** Leaves of the configuration. */
  readonly configuration: readonly TreeLeaf[]
}

/** Reads the vertex's data tree. Throws `StateError` `corrupt`; ill-formed UTF-8 becomes replacement characters. */
export function readMetadata(dataTree: Uint8Array): AppMetadata {
  const fields = new Map(readTreeLeaves(dataTree).map(({ key, value }) => [bytesToHex(key), value]))
  const updated = fields.get(UPDATED_SCHEMA)
  const type = fields.get(bytesToHex(TYPE_KEY))
  const configuration = fields.get(CONFIGURATION)
  return {
    schema: text(fields.get(SCHEMA)),
    configuration: configuration === undefined ? [] : readTreeLeaves(configuration),
    ...(updated === undefined ? {} : { updatedSchema: text(updated) }),
    ...(type === undefined ? {} : { type }),
  }
}

/** The vertex for people: its fields are those of spec 21 section 8, not those of the application's schema. Throws as `readMetadata`. */
export function decodeMetadata(dataTree: Uint8Array): DecodedVertex {
  const { schema, updatedSchema, type, configuration } = readMetadata(dataTree)
  const field = (name: string, kind: string, value: string, raw: Uint8Array): DecodedField => ({
    name,
    type: kind,
    value,
    fits: true,
    raw,
  })
  return {
    className: 'metadata',
    fields: [
      field('Schema', 'Turtle', schema, utf8ToBytes(schema)),
      ...(updatedSchema === undefined
        ? []
        : [field('UpdatedSchema', 'Turtle', updatedSchema, utf8ToBytes(updatedSchema))]),
      ...(type === undefined ? [] : [field('Type', 'address', bytesToHex(type), type)]),
      ...configuration.map(({ key, value }) =>
        field(`Configuration ${bytesToHex(key)}`, 'bytes', bytesToHex(value), value),
      ),
    ],
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const text = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : decoder.decode(bytes))
