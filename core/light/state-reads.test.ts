import { describe, expect, test } from 'vitest'
import type { HeaderFacts, TraversalVerdict } from '../platform/crypto.ts'
import { type LightPeer, PeerError, type ShardAnswer, type StateAnswer } from '../platform/network.ts'
import { GLOBAL_DOMAIN, shardL1 } from '../state/location.ts'
import type { Finding } from './events.ts'
import { foldedKey, StateReadError, StateReader } from './state-reads.ts'

const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill)
const domain = bytes(7)
const [tree = 0] = shardL1(domain)
const empty = new Uint8Array(64)
const roots = [bytes(1, 74), empty, bytes(3, 74), bytes(4, 64)]
const globalRoot = bytes(9, 74)
const facts = {
  number: 12n,
  identity: bytes(5),
  proverTreeCommitment: bytes(8, 74),
  globalCommitments: Array.from({ length: 256 }, (_, index) => (index === tree ? globalRoot : empty)),
} as unknown as HeaderFacts
const finding = (verified: Finding['verified']): Finding => ({
  bytes: bytes(0),
  facts,
  checks: [],
  verified,
  reason: null,
  millis: 1,
  from: null,
  verifiedAt: 0,
})

const shard: ShardAnswer = { frame: 12n, roots, tree, proof: bytes(0x20, 3) }
const honest: StateAnswer = {
  frame: 12n,
  root: roots[0] ?? empty,
  present: [true, false],
  proof: bytes(0x10, 3),
  shard,
}

/** Accepts a proof whose bytes name what it proves, as an engine would by computing. */
async function verifyTraversal(
  root: Uint8Array,
  keys: readonly Uint8Array[],
  proof: Uint8Array,
): Promise<TraversalVerdict> {
  const ofShard = proof[0] === 0x20 && root === globalRoot && keys.length === 4
  const ofValue = proof[0] === 0x10 && keys.every((key) => key.length === 64)
  const valid = ofShard || ofValue
  const values = ofShard ? roots : keys.map(() => bytes(0x77, 5))
  return { valid, values: valid ? values : [], reason: valid ? null : 'made up', millis: 1 }
}

const peer = (answer: StateAnswer | PeerError, shardAnswer: ShardAnswer = shard, address = 'a'): LightPeer =>
  ({
    address,
    values: {
      state: async () => {
        if (answer instanceof PeerError) throw answer
        return answer
      },
      shard: async () => shardAnswer,
      sync: async () => bytes(0),
    },
  }) as unknown as LightPeer

const reader = (peers: readonly LightPeer[], heads: readonly Finding[] = [finding('full')]): StateReader =>
  new StateReader({
    crypto: { verifyTraversal },
    peers: () => peers,
    heads: () => heads,
    header: async () => heads.find(({ verified }) => verified === 'full') ?? heads[0] ?? finding(false),
    now: () => 0,
  })
const signal = new AbortController().signal
const addresses = [bytes(1), bytes(2)]
const read = (peers: readonly LightPeer[], heads?: readonly Finding[]) =>
  reader(peers, heads).values('vertex', domain, addresses, null, signal)
const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    if (error instanceof StateReadError) return error.code
    throw error
  }
  return 'no error'
}

describe('values with proof', () => {
  test('a present value is proven, an absent one is not', async () => {
    const found = await read([peer(honest)])
    expect(found.values).toEqual([
      { address: addresses[0], value: bytes(0x77, 5), proven: true, removed: 'no' },
      { address: addresses[1], value: null, proven: false, removed: 'no' },
    ])
    expect(found.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['value', true],
      ['shard', true],
      ['header', true],
    ])
    expect(found.proofBytes).toBe(6)
  })

  test('only an empty removes tree shows that nothing was removed', async () => {
    const busy = { ...shard, roots: [roots[0] ?? empty, bytes(2, 74), bytes(3, 74), bytes(4, 64)] }
    const other = new StateReader({
      crypto: {
        verifyTraversal: async (root, keys, proof) => ({
          ...(await verifyTraversal(root, keys, proof)),
          values: proof[0] === 0x20 ? busy.roots : [bytes(0x77, 5)],
        }),
      },
      peers: () => [peer({ ...honest, shard: busy })],
      heads: () => [finding('full')],
      header: async () => finding('full'),
      now: () => 0,
    })
    const found = await other.values('vertex', domain, addresses, null, signal)
    expect(found.values.map(({ removed }) => removed)).toEqual(['unproven', 'unproven'])
  })

  test.each<[string, StateAnswer]>([
    ['another root', { ...honest, root: bytes(0x55, 74) }],
    ['no proof of the shard', { ...honest, shard: null }],
    ['a tree that does not hold the shard', { ...honest, shard: { ...shard, tree: (tree + 1) % 256 } }],
    ['other roots than proved', { ...honest, shard: { ...shard, roots: [roots[0] ?? empty, empty, empty, empty] } }],
    ['a bad proof of the shard', { ...honest, shard: { ...shard, proof: bytes(0, 3) } }],
    ['a bad proof of the value', { ...honest, proof: bytes(0, 3) }],
  ])('%s is refused, and the next peer is asked', async (_, lie) => {
    expect(await refusal(read([peer(lie)]))).toBe('refused')
    expect((await read([peer(lie), peer(honest, shard, 'b')])).from).toBe('b')
  })

  test('a peer that sent what does not hold is asked last from then on', async () => {
    const asked: string[] = []
    const noted = (id: string, answer: StateAnswer): LightPeer => {
      const made = peer(answer, shard, id)
      const state = async () => {
        asked.push(id)
        return answer
      }
      return { ...made, id, values: { ...made.values, state } } as LightPeer
    }
    const lying = noted('liar', { ...honest, proof: bytes(0, 3) })
    const both = { ...honest, present: [true, true] }
    const twice = reader([lying, noted('good', both)])
    for (let read = 0; read < 2; read++) await twice.values('vertex', domain, addresses, null, signal)
    expect(asked).toEqual(['liar', 'good', 'good'])
  })

  test('who holds nothing is passed over; nobody left is an error', async () => {
    const without = peer(new PeerError('notFound', 'not here'))
    expect((await read([without, peer(honest)])).values[0]?.proven).toBe(true)
    expect(await refusal(read([without]))).toBe('notFound')
    expect(await refusal(read([]))).toBe('noPeers')
    expect(await refusal(read([{ address: 'c' } as LightPeer]))).toBe('noPeers')
    expect(await refusal(read([peer(honest)], []))).toBe('noHead')
  })

  test('the registry is proved against the header itself', async () => {
    const answer = { ...honest, root: facts.proverTreeCommitment, shard: null }
    const of = (state: StateAnswer) => reader([peer(state)]).values('vertex', GLOBAL_DOMAIN, addresses, null, signal)
    expect((await of(answer)).steps.map(({ name }) => name)).toEqual(['value', 'header'])
    expect(await refusal(of({ ...answer, root: bytes(1, 74) }))).toBe('refused')
    expect(await refusal(reader([]).values('hyperedge', GLOBAL_DOMAIN, addresses, null, signal))).toBe('arguments')
  })

  test('a header whose time proof is not checked yet is said to be so', async () => {
    const found = await read([peer(honest)], [finding('certificate')])
    expect(found.steps.at(-1)?.reason).toMatch(/time proof/)
    const both = await read([peer(honest)], [finding('certificate'), finding('full')])
    expect(both.header.verified).toBe('full')
  })

  test('the four roots of a shard', async () => {
    const found = await reader([peer(honest)]).shard(domain, null, signal)
    expect(found.roots).toEqual(roots)
    expect(await refusal(reader([peer(honest)]).shard(bytes(0xff), null, signal))).toBe('refused')
    expect(foldedKey(domain, 3)[0]).toBe(0xc7)
  })
})
