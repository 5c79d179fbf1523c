/**
 * What the local network writes about itself until messages are executed: a garden in one application shard. Frame by frame one flower opens
 * a petal; every fourth frame a bouquet ties three flowers together. Everything follows from the frame number, so that a node that stopped
 * between two frames writes the same again. Sixteen flowers and four bouquets: the shard does not grow.
 */
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { StateExample } from '@petal/core/light/anchors.ts'
import type { Change, Location, TreeLeaf, Trees } from '@petal/core/platform/state.ts'
import { fieldKey, TYPE_KEY } from '@petal/core/state/field-keys.ts'
import { atomId, METADATA_ADDRESS } from '@petal/core/state/location.ts'
import { parseDeployableSchema, type Schema } from '@petal/core/state/schema.ts'
import { type HashBytes, typeHash } from '@petal/core/state/schema-values.ts'

export const FLOWERS = 16
export const BOUQUETS = 4
const BOUQUET_FRAMES = 4n
const BOUQUET_FLOWERS = 3
const COLORS: readonly (readonly [number, number, number])[] = [
  [0xe8, 0x5d, 0x75],
  [0xf2, 0xa6, 0x5a],
  [0x7b, 0x9e, 0xd9],
  [0xb5, 0x83, 0xc9],
]

export const GARDEN_SCHEMA = `BASE <https://types.quilibrium.com/schema-repository/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX qcl: <https://types.quilibrium.com/qcl/>
PREFIX garden: <https://types.quilibrium.com/schema-repository/garden/>

garden:Flower a rdfs:Class.
garden:Name a rdfs:Property;
  rdfs:domain qcl:String;
  qcl:size 16;
  qcl:order 0;
  rdfs:range garden:Flower.
garden:Petals a rdfs:Property;
  rdfs:domain qcl:Uint;
  qcl:size 8;
  qcl:order 1;
  rdfs:range garden:Flower.
garden:LastFrame a rdfs:Property;
  rdfs:domain qcl:Uint;
  qcl:size 8;
  qcl:order 2;
  rdfs:range garden:Flower.
garden:Color a rdfs:Property;
  rdfs:domain qcl:ByteArray;
  qcl:size 3;
  qcl:order 3;
  rdfs:range garden:Flower.
garden:Open a rdfs:Property;
  rdfs:domain qcl:Bool;
  qcl:order 4;
  rdfs:range garden:Flower.
`

const EMPTY = new Uint8Array(0)
const EMPTY_TREE = Uint8Array.of(0)
const EMPTY_ROOT = new Uint8Array(64)

/** The garden of one network: addresses and writes. Synchronous; it runs where the trees are. */
export class Garden {
  /** Application address. */
  readonly domain: Uint8Array
  readonly #trees: Trees
  readonly #hash: HashBytes
  readonly #schema: Schema

  constructor(trees: Trees, hash: HashBytes) {
    this.#trees = trees
    this.#hash = hash
    this.domain = hash(utf8ToBytes('petal demonstration garden'))
    this.#schema = parseDeployableSchema(GARDEN_SCHEMA)
  }

  flower(index: number): Location {
    return { set: 'vertex', domain: this.domain, address: this.#hash(utf8ToBytes(`petal flower ${index}`)) }
  }

  bouquet(index: number): Location {
    return { set: 'hyperedge', domain: this.domain, address: this.#hash(utf8ToBytes(`petal bouquet ${index}`)) }
  }

  /** What there is to look at. */
  examples(): StateExample[] {
    const hex = ({ domain, address }: Location) => bytesToHex(atomId(domain, address))
    const metadata: Location = { set: 'vertex', domain: this.domain, address: METADATA_ADDRESS }
    return [
      { title: 'a flower of the garden', kind: 'vertex', address: hex(this.flower(0)) },
      { title: 'a bouquet of three flowers', kind: 'hyperedge', address: hex(this.bouquet(0)) },
      { title: 'the schema of the garden', kind: 'vertex', address: hex(metadata) },
      { title: 'the garden itself', kind: 'shard', address: bytesToHex(this.domain) },
    ]
  }

  /** What a frame writes; the first one plants the garden and publishes its schema. */
  changes(frame: bigint): Change[] {
    const changes: Change[] = []
    if (frame === 1n) {
      changes.push(this.#metadata())
      for (let index = 0; index < FLOWERS; index++) changes.push(this.#flowerAt(index, frame))
      for (let number = 0; number < BOUQUETS; number++) changes.push(this.#bouquetAt(number, frame))
    } else changes.push(this.#flowerAt(Number(frame % BigInt(FLOWERS)), frame))
    if (frame % BOUQUET_FRAMES === 0n) {
      changes.push(this.#bouquetAt(Number((frame / BOUQUET_FRAMES) % BigInt(BOUQUETS)), frame))
    }
    return changes
  }

  /** The leaves of a flower as of a frame. */
  #flowerLeaves(index: number, frame: bigint): TreeLeaf[] {
    const petals = frame / BigInt(FLOWERS) + 1n
    const fields = [
      utf8ToBytes(`flower ${index}`.padEnd(16)),
      u64(petals),
      u64(frame),
      Uint8Array.from(COLORS[index % COLORS.length] ?? []),
      Uint8Array.of(petals % 2n === 1n ? 1 : 0),
    ]
    const typed = leaf(TYPE_KEY, typeHash(this.domain, 'garden:Flower', this.#hash))
    return [...fields.map((value, order) => leaf(fieldKey(order, this.#schema.largestOrder), value)), typed]
  }

  #flowerAt(index: number, frame: bigint): Change {
    const { blob } = this.#trees.build(this.#flowerLeaves(index, frame), { commit: true })
    return { kind: 'add', location: this.flower(index), value: blob }
  }

  /** The metadata vertex (spec 21 section 8): empty consensus and sumcheck trees, the schema, the type. */
  #metadata(): Change {
    const sealed = (slot: number): TreeLeaf => ({
      ...leaf(slotKey(slot), EMPTY_TREE),
      hashTarget: EMPTY_ROOT,
      size: 0n,
    })
    const leaves = [
      sealed(0),
      sealed(1),
      leaf(slotKey(2), utf8ToBytes(GARDEN_SCHEMA)),
      sealed(16),
      leaf(TYPE_KEY, this.#hash(utf8ToBytes('q_hypergraph'))),
    ]
    const location: Location = { set: 'vertex', domain: this.domain, address: METADATA_ADDRESS }
    return { kind: 'add', location, value: this.#trees.build(leaves, { commit: true }).blob }
  }

  /** A hyperedge in the form in which messages carry it: `01 || id || ser(members)` (spec 21 section 2). */
  #bouquetAt(number: number, frame: bigint): Change {
    const location = this.bouquet(number)
    const start = (Number(frame % BigInt(FLOWERS)) + number) % FLOWERS
    const members = Array.from({ length: BOUQUET_FLOWERS }, (_, step) => (start + step * 5) % FLOWERS)
    const leaves = members.map((index) => this.#member(index, frame))
    const { blob } = this.#trees.build(leaves, { commit: true })
    const id = atomId(location.domain, location.address)
    return { kind: 'add', location, value: concatBytes(Uint8Array.of(1), id, blob) }
  }

  /** A flower as a member: key = its id, value = its atom bytes. */
  #member(index: number, frame: bigint): TreeLeaf {
    const { domain, address } = this.flower(index)
    const id = atomId(domain, address)
    const { root, size } = this.#trees.build(this.#flowerLeaves(index, lastWrite(index, frame)), { commit: true })
    const sizeBytes = new Uint8Array(32)
    new DataView(sizeBytes.buffer).setBigUint64(24, size)
    return { key: id, value: concatBytes(Uint8Array.of(0), id, root, sizeBytes), hashTarget: EMPTY, size }
  }
}

/** The newest frame up to this one that wrote the flower. */
function lastWrite(index: number, frame: bigint): bigint {
  const back = (frame - BigInt(index)) % BigInt(FLOWERS)
  const last = frame - (back < 0n ? back + BigInt(FLOWERS) : back)
  return last < 1n ? 1n : last
}

const slotKey = (slot: number): Uint8Array => Uint8Array.of(slot << 2)

const leaf = (key: Uint8Array, value: Uint8Array): TreeLeaf => ({
  key,
  value,
  hashTarget: EMPTY,
  size: BigInt(value.length),
})

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
