/** Proven values, decoded: fields of vertices by the schema of their application, members of hyperedges. */
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto } from '../platform/crypto.ts'
import { StateError, type TreeLeaf } from '../platform/state.ts'
import {
  atomId,
  type DecodedVertex,
  decodeMetadata,
  decodeVertex,
  METADATA_ADDRESS,
  parseSchema,
  readMetadata,
  readTreeLeaves,
  SchemaError,
  VertexSchema,
} from '../state/index.ts'
import { knownHashes } from './known-hashes.ts'
import { type StateFinding, StateReadError, type StateReader, type ValueFinding } from './state-reads.ts'

/** How fields are named: by the schema that the application published, by a document, or not at all. */
export type SchemaChoice =
  | { readonly kind: 'published' }
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }

export interface VertexReading {
  readonly found: ValueFinding
  /** Leaves of its data tree; null when the value is absent or no data tree. */
  readonly leaves: readonly TreeLeaf[] | null
  /** Fields by name; null without a schema. */
  readonly decoded: DecodedVertex | null
}

export interface VerticesReading {
  readonly finding: StateFinding
  readonly vertices: readonly VertexReading[]
  /** Why fields have no names; null when they do, or no schema was wished. */
  readonly schemaReason: string | null
}

export interface HyperedgeReading {
  readonly finding: StateFinding
  readonly found: ValueFinding
  /** Ids of its members, 64 bytes each; null when it is absent or cannot be read. */
  readonly members: readonly Uint8Array[] | null
}

/** Tag and id before the tree of a hyperedge in the form of messages (spec 21 section 4.3). */
const HYPEREDGE_TAG = 1
const HYPEREDGE_PREFIX = 65
/** Schemas kept decoded. */
const MOST_SCHEMAS = 32

export class StateValues {
  readonly #reader: StateReader
  readonly #crypto: Pick<Crypto, 'hashBytes'>
  /** By domain and document. */
  readonly #schemas = new Map<string, VertexSchema>()
  /** Published documents by domain and root of the vertices: under one root the document is the same. */
  readonly #documents = new Map<string, string>()

  constructor(reader: StateReader, crypto: Pick<Crypto, 'hashBytes'>) {
    this.#reader = reader
    this.#crypto = crypto
  }

  async vertices(
    domain: Uint8Array,
    addresses: readonly Uint8Array[],
    choice: SchemaChoice,
    frame: bigint | null,
    signal: AbortSignal,
  ): Promise<VerticesReading> {
    const finding = await this.#reader.values('vertex', domain, addresses, frame, signal)
    const trees = finding.values.map((found) => ({ found, leaves: treeLeaves(found.value) }))
    const { schema, reason } = await this.#schema(domain, choice, finding, signal)
    return {
      finding,
      schemaReason: reason,
      vertices: trees.map(({ found, leaves }) => ({
        found,
        leaves,
        decoded: decodedOf(found, leaves, schema),
      })),
    }
  }

  async hyperedge(
    domain: Uint8Array,
    address: Uint8Array,
    frame: bigint | null,
    signal: AbortSignal,
  ): Promise<HyperedgeReading> {
    const finding = await this.#reader.values('hyperedge', domain, [address], frame, signal)
    const [found = { address, value: null, proven: false, removed: 'unproven' as const }] = finding.values
    return { finding, found, members: found.value && membersOf(atomId(domain, address), found.value) }
  }

  async #schema(
    domain: Uint8Array,
    choice: SchemaChoice,
    finding: StateFinding,
    signal: AbortSignal,
  ): Promise<{ readonly schema: VertexSchema | null; readonly reason: string | null }> {
    if (choice.kind === 'none') return { schema: null, reason: null }
    let text: string | null
    try {
      text = choice.kind === 'text' ? choice.text : await this.#published(domain, finding, signal)
    } catch (error) {
      if (!(error instanceof StateReadError)) throw error
      return { schema: null, reason: `the schema cannot be had: ${error.message}` }
    }
    if (text === null) return { schema: null, reason: 'the application publishes no schema' }
    const key = `${bytesToHex(domain)} ${text}`
    const known = this.#schemas.get(key)
    if (known !== undefined) return { schema: known, reason: null }
    try {
      const schema = parseSchema(text)
      const messages = schema.classes.map(({ name }) => typeMessage(domain, name))
      const hash = await knownHashes(this.#crypto, messages, signal)
      const bound = new VertexSchema(schema, domain, hash)
      if (this.#schemas.size >= MOST_SCHEMAS) this.#schemas.clear()
      this.#schemas.set(key, bound)
      return { schema: bound, reason: null }
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      return { schema: null, reason: `the schema cannot be read: ${error.message}` }
    }
  }

  /** The document in the metadata vertex (spec 21 section 8), proved like every other value; null when there is none. */
  async #published(domain: Uint8Array, { frame, root }: StateFinding, signal: AbortSignal): Promise<string | null> {
    const key = `${bytesToHex(domain)} ${bytesToHex(root)}`
    const known = this.#documents.get(key)
    if (known !== undefined) return known
    const { values } = await this.#reader.values('vertex', domain, [METADATA_ADDRESS], frame, signal)
    const value = values[0]?.value ?? null
    if (value === null) return null
    const document = documentIn(value)
    if (this.#documents.size >= MOST_SCHEMAS) this.#documents.clear()
    if (document !== null) this.#documents.set(key, document)
    return document
  }
}

/** The metadata vertex has a layout of its own; everything else follows the schema. */
function decodedOf(
  { address, value }: ValueFinding,
  leaves: readonly TreeLeaf[] | null,
  schema: VertexSchema | null,
): DecodedVertex | null {
  if (leaves === null || value === null) return null
  if (sameBytes(address, METADATA_ADDRESS)) return metadataOf(value)
  return schema === null ? null : decodeVertex(schema, leaves)
}

function metadataOf(value: Uint8Array): DecodedVertex | null {
  try {
    return decodeMetadata(value)
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return null
  }
}

function documentIn(metadata: Uint8Array): string | null {
  try {
    const { schema } = readMetadata(metadata)
    return schema === '' ? null : schema
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return null
  }
}

/** Leaves of a data tree; null for nothing, and for bytes that are none. */
export function treeLeaves(value: Uint8Array | null): readonly TreeLeaf[] | null {
  if (value === null) return null
  try {
    return readTreeLeaves(value)
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return null
  }
}

function membersOf(id: Uint8Array, value: Uint8Array): readonly Uint8Array[] | null {
  const carried = value[0] === HYPEREDGE_TAG && sameBytes(value.subarray(1, HYPEREDGE_PREFIX), id)
  return treeLeaves(carried ? value.subarray(HYPEREDGE_PREFIX) : value)?.map(({ key }) => key) ?? null
}

function typeMessage(domain: Uint8Array, className: string): Uint8Array {
  return concatBytes(domain, utf8ToBytes(className))
}
