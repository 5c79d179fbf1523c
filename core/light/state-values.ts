/** Proven values, decoded: fields of vertices by the schema of their application, members of hyperedges, records of the registry. */
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto } from '../platform/crypto.ts'
import { StateError, type TreeLeaf } from '../platform/state.ts'
import { type Allocation, type Prover, Registry, RegistryAddresses } from '../registry/index.ts'
import {
  atomId,
  type DecodedVertex,
  decodeVertex,
  GLOBAL_DOMAIN,
  METADATA_ADDRESS,
  parseSchema,
  readTreeLeaves,
  SchemaError,
  VertexSchema,
} from '../state/index.ts'
import type { StateFinding, StateReader, ValueFinding } from './state-reads.ts'

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

/** Key of the schema document in a metadata vertex (spec 21 section 8). */
const SCHEMA_KEY = Uint8Array.of(2 << 2)
/** Tag and id before the tree of a hyperedge in the form of messages (spec 21 section 4.3). */
const HYPEREDGE_TAG = 1
const HYPEREDGE_PREFIX = 65
/** Schemas kept decoded. */
const MOST_SCHEMAS = 32
const utf8 = new TextDecoder('utf-8', { fatal: true })

type Crypt = Pick<Crypto, 'hashBytes'>

export class StateValues {
  readonly #reader: StateReader
  readonly #crypto: Crypt
  /** By domain and document. */
  readonly #schemas = new Map<string, VertexSchema>()

  constructor(reader: StateReader, crypto: Crypt) {
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
    const { schema, reason } = await this.#schema(domain, choice, finding.frame, signal)
    return {
      finding,
      schemaReason: reason,
      vertices: trees.map(({ found, leaves }) => ({
        found,
        leaves,
        decoded: schema === null || leaves === null ? null : decodeVertex(schema, leaves),
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

  /** A prover with its global allocation and its reward: three records, one proof. Its address is P(public key). */
  async prover(
    address: Uint8Array,
    frame: bigint | null,
    signal: AbortSignal,
  ): Promise<{ readonly finding: StateFinding; readonly prover: Prover | null }> {
    const first = await this.#reader.values('vertex', GLOBAL_DOMAIN, [address], frame, signal)
    const key = publicKeyOf(first.values[0])
    if (key === null) return { finding: first, prover: null }
    const hashes = await this.#hashes(registryMessages(address, key))
    const addresses = new RegistryAddresses(hashes)
    const wanted = [address, addresses.allocation(key, new Uint8Array(0)), addresses.reward(address)]
    const finding = await this.#reader.values('vertex', GLOBAL_DOMAIN, wanted, first.frame, signal)
    const leaves = finding.values.flatMap(({ address: at, value }) =>
      value === null ? [] : [{ key: atomId(GLOBAL_DOMAIN, at), dataTree: value }],
    )
    return { finding, prover: Registry.read(leaves, addresses).provers[0] ?? null }
  }

  async #schema(
    domain: Uint8Array,
    choice: SchemaChoice,
    frame: bigint,
    signal: AbortSignal,
  ): Promise<{ readonly schema: VertexSchema | null; readonly reason: string | null }> {
    if (choice.kind === 'none') return { schema: null, reason: null }
    const text = choice.kind === 'text' ? choice.text : await this.#published(domain, frame, signal)
    if (text === null) return { schema: null, reason: 'the application publishes no schema' }
    const key = `${bytesToHex(domain)} ${text}`
    const known = this.#schemas.get(key)
    if (known !== undefined) return { schema: known, reason: null }
    try {
      const schema = parseSchema(text)
      const hash = await this.#hashes(schema.classes.map(({ name }) => typeMessage(domain, name)))
      const bound = new VertexSchema(schema, domain, hash)
      if (this.#schemas.size >= MOST_SCHEMAS) this.#schemas.clear()
      this.#schemas.set(key, bound)
      return { schema: bound, reason: null }
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      return { schema: null, reason: `the schema cannot be read: ${error.message}` }
    }
  }

  /** The document in the metadata vertex, proved like every other value. */
  async #published(domain: Uint8Array, frame: bigint, signal: AbortSignal): Promise<string | null> {
    const { values } = await this.#reader.values('vertex', domain, [METADATA_ADDRESS], frame, signal)
    const leaves = treeLeaves(values[0]?.value ?? null)
    const document = leaves?.find(({ key }) => sameBytes(key, SCHEMA_KEY))?.value
    if (document === undefined) return null
    try {
      return utf8.decode(document)
    } catch {
      return null
    }
  }

  /** A hash of these messages and no others, computed by the engine beforehand. */
  async #hashes(messages: readonly Uint8Array[]): Promise<(message: Uint8Array) => Uint8Array> {
    const known = new Map<string, Uint8Array>()
    await Promise.all(
      messages.map(async (message) => known.set(bytesToHex(message), await this.#crypto.hashBytes(message))),
    )
    return (message) => {
      const hash = known.get(bytesToHex(message))
      if (hash === undefined) throw new RangeError('a hash that was not computed beforehand')
      return hash
    }
  }
}

/** Frame numbers of an allocation by field name, for people. */
export function allocationFrames({ record }: Allocation): Readonly<Record<string, bigint>> {
  const frames: Record<string, bigint> = {}
  for (const [name, value] of record.fields) {
    if (name.endsWith('FrameNumber') && value.length === 8)
      frames[name] = new DataView(value.slice().buffer).getBigUint64(0)
  }
  return frames
}

function treeLeaves(value: Uint8Array | null): readonly TreeLeaf[] | null {
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

function publicKeyOf(found: ValueFinding | undefined): Uint8Array | null {
  const leaves = treeLeaves(found?.value ?? null)
  return leaves?.find(({ key }) => key.length === 1 && key[0] === 0)?.value ?? null
}

/** What `RegistryAddresses` hashes for a prover, its global allocation and its reward. */
function registryMessages(address: Uint8Array, publicKey: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = []
  const collect = new RegistryAddresses((message) => {
    messages.push(message)
    return new Uint8Array(32)
  })
  collect.prover(publicKey)
  collect.allocation(publicKey, new Uint8Array(0))
  collect.reward(address)
  return messages
}

function typeMessage(domain: Uint8Array, className: string): Uint8Array {
  return concatBytes(domain, utf8ToBytes(className))
}
