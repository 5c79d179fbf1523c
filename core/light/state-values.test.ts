import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import type { FullEngine } from '../platform/engine.ts'
import type { StateAnswer, StatePeer } from '../platform/network.ts'
import type { Change, Location, TreeLeaf } from '../platform/state.ts'
import { atomId, METADATA_ADDRESS, TYPE_KEY, typeHash } from '../state/index.ts'
import { MadeUpNode } from './made-up-state.ts'
import { StateReader, type StateSource } from './state-reads.ts'
import { StateValues } from './state-values.ts'

// Real proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DOCUMENT = `PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX qcl: <https://types.quilibrium.com/qcl/>
PREFIX x: <https://example.org/x/>
x:Item a rdfs:Class.
x:Count a rdfs:Property; rdfs:domain qcl:Uint; qcl:size 2; qcl:order 0; rdfs:range x:Item.
x:Name a rdfs:Property; rdfs:domain qcl:String; qcl:size 8; qcl:order 1; rdfs:range x:Item.`
const PUBLISHED = new Uint8Array(32).fill(7)
const SILENT = new Uint8Array(32).fill(8)
const BROKEN = new Uint8Array(32).fill(9)
/** Of one vertex, so that its tree is a leaf. */
const LONELY = new Uint8Array(32).fill(10)
const at = (n: number) => sha256(Uint8Array.of(n))
const { signal } = new AbortController()
const direct = { now: () => performance.now(), pause: () => new Promise<void>((resolve) => setImmediate(resolve)) }

let engine: FullEngine
let node: MadeUpNode
let crypto: DirectCrypto
let values: StateValues

const readerOf = (peer: StatePeer): StateReader => {
  const source: StateSource = { id: 'a', address: '/a', values: peer }
  const header = node.header()
  return new StateReader({
    crypto,
    peers: () => [source],
    heads: () => [header],
    header: async () => header,
    now: () => 0,
  })
}

const leaf = (key: number, value: Uint8Array): TreeLeaf => ({
  key: Uint8Array.of(key),
  value,
  hashTarget: new Uint8Array(0),
  size: BigInt(value.length),
})
const add = (set: Location['set'], domain: Uint8Array, address: Uint8Array, value: Uint8Array): Change => ({
  kind: 'add',
  location: { set, domain, address },
  value,
})
const tree = (...leaves: TreeLeaf[]) => node.trees.build(leaves, { commit: false }).blob
const item = (domain: Uint8Array, count: number, name: string) => {
  const type = typeHash(domain, 'x:Item', (message) => engine.poseidonHashBytes(message))
  return tree(leaf(0, Uint8Array.of(0, count)), leaf(4, utf8ToBytes(name)), {
    key: TYPE_KEY,
    value: type,
    hashTarget: new Uint8Array(0),
    size: 32n,
  })
}
const metadata = (domain: Uint8Array, document: string) =>
  add('vertex', domain, METADATA_ADDRESS, tree(leaf(2 << 2, utf8ToBytes(document))))

beforeAll(async () => {
  engine = await loadWasmEngine()
  node = new MadeUpNode(engine)
  const ends = [at(1), at(2)].map((address) => leafOfMember(atomId(PUBLISHED, address)))
  await node.commit(5n, [
    metadata(PUBLISHED, DOCUMENT),
    add('vertex', PUBLISHED, at(1), item(PUBLISHED, 3, 'three')),
    add('vertex', PUBLISHED, at(2), item(PUBLISHED, 4, 'four')),
    add('vertex', PUBLISHED, at(3), utf8ToBytes('no tree at all')),
    add('hyperedge', PUBLISHED, at(1), tree(...ends)),
    add('hyperedge', PUBLISHED, at(2), concatBytes(Uint8Array.of(1), atomId(PUBLISHED, at(2)), tree(...ends))),
    add('hyperedge', PUBLISHED, at(3), utf8ToBytes('no tree either')),
    add('vertex', SILENT, at(1), item(SILENT, 1, 'one')),
    add('vertex', SILENT, at(2), item(SILENT, 2, 'two')),
    metadata(BROKEN, 'no schema at all'),
    add('vertex', BROKEN, at(1), item(BROKEN, 1, 'one')),
    add('vertex', LONELY, at(1), item(LONELY, 1, 'one')),
  ])
  crypto = new DirectCrypto(async () => engine, direct)
  values = new StateValues(readerOf(node), crypto)
})

function leafOfMember(key: Uint8Array): TreeLeaf {
  return { key, value: concatBytes(Uint8Array.of(0), key), hashTarget: new Uint8Array(0), size: 65n }
}

describe('vertices', () => {
  const shown = async (domain: Uint8Array, addresses: Uint8Array[], text?: string) => {
    const choice = text === undefined ? ({ kind: 'published' } as const) : ({ kind: 'text', text } as const)
    return await values.vertices(domain, addresses, choice, null, signal)
  }

  test('CVT-09, HYP-11: proved against the header by the engine, and named by the published schema', async () => {
    const { finding, vertices, schemaReason } = await shown(PUBLISHED, [at(1), at(2), at(99)])
    expect(finding.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['value', true],
      ['shard', true],
      ['header', true],
    ])
    expect(schemaReason).toBeNull()
    expect(vertices.map(({ found }) => [found.proven, found.removed])).toEqual([
      [true, 'no'],
      [true, 'no'],
      [false, 'no'],
    ])
    const [one, two, none] = vertices
    expect(one?.found.value).toEqual(item(PUBLISHED, 3, 'three'))
    expect(one?.decoded?.className).toBe('x:Item')
    expect(two?.decoded?.fields.map(({ name, value }) => [name, value])).toEqual([
      ['Count', 4n],
      ['Name', 'four'],
    ])
    expect(none).toMatchObject({ leaves: null, decoded: null })
  })

  test('without a schema the leaves are there, and why they have no names', async () => {
    const silent = await shown(SILENT, [at(1)])
    expect(silent.schemaReason).toContain('publishes no schema')
    expect(silent.vertices[0]).toMatchObject({ decoded: null, leaves: expect.objectContaining({ length: 3 }) })
    expect((await shown(BROKEN, [at(1)])).schemaReason).toContain('cannot be read')
    expect((await shown(SILENT, [at(1)], 'nonsense')).schemaReason).toContain('cannot be read')
    const none = await values.vertices(PUBLISHED, [at(1)], { kind: 'none' }, null, signal)
    expect([none.schemaReason, none.vertices[0]?.decoded]).toEqual([null, null])
  })

  test('a schema that is handed in names fields of an application that publishes none', async () => {
    const { vertices } = await shown(SILENT, [at(2)], DOCUMENT)
    expect(vertices[0]?.decoded?.fields.map(({ value }) => value)).toEqual([2n, 'two'])
  })

  test('a value that is no tree is handed out as it is', async () => {
    const { vertices } = await shown(PUBLISHED, [at(3)])
    expect(vertices[0]).toMatchObject({ leaves: null, decoded: null, found: { proven: true } })
    expect(vertices[0]?.found.value).toEqual(utf8ToBytes('no tree at all'))
  })
})

describe('a set of one leaf, of which no traversal proof exists (spec 20 section 9.1)', () => {
  const read = (change: Partial<StateAnswer>) =>
    readerOf({
      shard: node.shard,
      sync: node.sync,
      state: async (question, given) => ({ ...(await node.state(question, given)), ...change }),
    }).values('vertex', LONELY, [at(1), at(2)], null, signal)

  test('is proved by the leaf itself, whose hash is the root', async () => {
    const { values: found, steps, root } = await read({})
    expect(root).toHaveLength(64)
    expect(found.map(({ value, proven }) => [value, proven])).toEqual([
      [item(LONELY, 1, 'one'), true],
      [null, false],
    ])
    expect(steps.map(({ name }) => name)).toEqual(['value', 'shard', 'header'])
  })

  test.each<[string, Partial<StateAnswer>]>([
    ['another value', { leaf: Uint8Array.of(1) }],
    ['no value', { leaf: new Uint8Array(0) }],
    ['it under another address', { present: [false, true] }],
    ['it twice', { present: [true, true] }],
    ['another root', { root: new Uint8Array(64).fill(1) }],
  ])('%s is refused', async (_, lie) => {
    await expect(read(lie)).rejects.toMatchObject({ code: 'refused' })
  })
})

test('HYP-04: members of a hyperedge, whether its tree is stored bare or in the full form', async () => {
  const members = async (n: number) => {
    const { members: ids, found } = await values.hyperedge(PUBLISHED, at(n), null, signal)
    expect(found.proven).toBe(n < 4)
    return ids?.map(bytesToHex).sort() ?? null
  }
  const expected = [at(1), at(2)].map((address) => bytesToHex(atomId(PUBLISHED, address))).sort()
  expect(await members(1)).toEqual(expected)
  expect(await members(2)).toEqual(expected)
  expect(await members(3)).toBeNull()
  expect(await members(4)).toBeNull()
})
