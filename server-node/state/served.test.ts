/** What a node serves of its state, read by a light client's reader: real keys, frames, trees and proofs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { Finding } from '@petal/core/light/events.ts'
import { pullTree } from '@petal/core/light/registry-pull.ts'
import { type StateReadErrorCode, StateReader } from '@petal/core/light/state-reads.ts'
import type { ShardAnswer, StateAnswer, StatePeer } from '@petal/core/platform/network.ts'
import { RegistryAddresses } from '@petal/core/registry/addresses.ts'
import { Registry } from '@petal/core/registry/registry.ts'
import { GLOBAL_DOMAIN, METADATA_ADDRESS } from '@petal/core/state/location.ts'
import { readTreeLeaves } from '@petal/core/state/tree-reader.ts'
import { registryTarget, shardTargets } from '@petal/core/sync/targets.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { NodeStateAnswers } from './answers.ts'
import { openNodeState } from './open.ts'
import { openRealChain, type RealChain } from './testing.ts'

const FRAMES = 6
const { signal } = new AbortController()
const clock = { now: () => performance.now(), at: () => () => {} }
const hash = (message: Uint8Array) => loadAddon().poseidonHashBytes(message)
const addressOf = (name: string) => hash(utf8ToBytes(name))
const domain = addressOf('petal demonstration garden')
const flower = addressOf('petal flower 3')
const bouquet = addressOf('petal bouquet 0')
const nobody = addressOf('nobody')

let directory: string
let node: RealChain
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-served-'))
  node = await openRealChain(directory)
  await node.grow(FRAMES)
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

async function finding(number: bigint): Promise<Finding> {
  const bytes = await node.chain.header(number)
  if (bytes === undefined) throw new Error(`no frame ${number}`)
  const facts = await node.crypto.inspectHeader(bytes)
  return { bytes, facts, checks: [], verified: 'full', reason: null, millis: 0, from: null, verifiedAt: 0 }
}

async function readerOf(...peers: StatePeer[]): Promise<StateReader> {
  const head = await finding(node.chain.head().number)
  return new StateReader({
    crypto: node.crypto,
    peers: () => peers.map((values, index) => ({ id: `${index}`, address: `/node/${index}`, values })),
    heads: () => [head],
    header: finding,
    now: () => performance.now(),
  })
}
const read = async (address: Uint8Array, frame: bigint | null = null, at = domain) =>
  (await readerOf(node.peer)).values('vertex', at, [address], frame, signal)

async function refusal(peer: StatePeer, set: 'vertex' | 'hyperedge' = 'vertex'): Promise<StateReadErrorCode | 'taken'> {
  const address = set === 'vertex' ? flower : bouquet
  try {
    await (await readerOf(peer)).values(set, domain, [address, nobody], null, signal)
    return 'taken'
  } catch (error) {
    return (error as { code: StateReadErrorCode }).code
  }
}

describe('values of the newest frame, proved to its header', () => {
  test('HYP-03 a flower: value, shard and header, with no removal', async () => {
    const found = await read(flower)
    expect(found).toMatchObject({ frame: BigInt(FRAMES), values: [{ proven: true, removed: 'no' }] })
    expect(found.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['value', true],
      ['shard', true],
      ['header', true],
    ])
    const names = readTreeLeaves(found.values[0]?.value ?? new Uint8Array(0)).map(({ value }) =>
      new TextDecoder().decode(value),
    )
    expect(names[0]?.trim()).toBe('flower 3')
  })

  test('a bouquet, a schema, and several values with one proof', async () => {
    const reader = await readerOf(node.peer)
    const edge = await reader.values('hyperedge', domain, [bouquet], null, signal)
    expect(edge.values[0]).toMatchObject({ proven: true, removed: 'no' })
    const both = await reader.values('vertex', domain, [flower, nobody, METADATA_ADDRESS], null, signal)
    expect(both.values.map(({ proven }) => proven)).toEqual([true, false, true])
  })

  test('a prover leads straight to the header; its hyperedges can be proved by nobody', async () => {
    const [member] = node.members
    const found = await read(member?.address ?? nobody, null, GLOBAL_DOMAIN)
    expect(found.steps.map(({ name }) => name)).toEqual(['value', 'header'])
    expect(found.root).toEqual(node.chain.headFacts.proverTreeCommitment)
    const reader = await readerOf(node.peer)
    await expect(reader.values('hyperedge', GLOBAL_DOMAIN, [nobody], null, signal)).rejects.toMatchObject({
      code: 'arguments',
    })
  })

  test('an absent address is not proven, and the roots of a shard are', async () => {
    expect((await read(nobody)).values).toEqual([{ address: nobody, value: null, proven: false, removed: 'no' }])
    const shard = await (await readerOf(node.peer)).shard(domain, null, signal)
    expect(shard.steps.every(({ ok }) => ok)).toBe(true)
    expect(shard.roots.map(({ length }) => length)).toEqual([74, 64, 74, 64])
    await expect((await readerOf(node.peer)).shard(nobody, null, signal)).rejects.toMatchObject({ code: 'notFound' })
  })

  test('an older frame gives its own value; a frame before the garden has none', async () => {
    const [now, then] = [await read(flower, BigInt(FRAMES)), await read(flower, 2n)]
    expect(then.frame).toBe(2n)
    expect(then.values[0]?.proven).toBe(true)
    // Flower 3 was written again in frame 3.
    expect(then.values[0]?.value).not.toEqual(now.values[0]?.value)
    await expect(read(flower, 0n)).rejects.toMatchObject({ code: 'notFound' })
  })
})

describe('every lie is refused', () => {
  const flip = (bytes: Uint8Array, at: number) => bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ 1)
  const lying = (change: (answer: StateAnswer) => StateAnswer | Promise<StateAnswer>): StatePeer => ({
    ...node.peer,
    state: async (question) => change(await node.peer.state(question, signal)),
  })
  const shardOf = ({ shard }: StateAnswer): ShardAnswer => {
    if (shard === null) throw new Error('no shard')
    return shard
  }
  const inShard = (change: (shard: ShardAnswer) => ShardAnswer) =>
    lying((answer) => ({ ...answer, shard: change(shardOf(answer)) }))

  test('the honest answers are taken', async () => {
    expect([await refusal(node.peer), await refusal(node.peer, 'hyperedge')]).toEqual(['taken', 'taken'])
  })

  test.each(['vertex', 'hyperedge'] as const)(
    'HYP-03 a flipped bit in any part of an answer about a %s',
    async (set) => {
      // Steps of a prime reach every kind of field of the proofs.
      for (let at = 0; at < 2_000; at += 61) {
        const proof = lying((answer) => ({ ...answer, proof: flip(answer.proof, at) }))
        expect([at, await refusal(proof, set)]).toEqual([at, 'refused'])
        const shardProof = inShard((shard) => ({ ...shard, proof: flip(shard.proof, at) }))
        expect([at, await refusal(shardProof, set)]).toEqual([at, 'refused'])
      }
      expect(
        await refusal(
          lying((answer) => ({ ...answer, root: flip(answer.root, 5) })),
          set,
        ),
      ).toBe('refused')
      for (const phase of [0, 1, 2, 3]) {
        const roots = inShard((shard) => ({
          ...shard,
          roots: shard.roots.map((root, index) => (index === phase ? flip(root, 9) : root)),
        }))
        expect(await refusal(roots, set)).toBe('refused')
      }
    },
  )

  test('the proof, or the whole answer, of another frame', async () => {
    const older = (question: Parameters<StatePeer['state']>[0]) => node.peer.state({ ...question, frame: 2n }, signal)
    const whole: StatePeer = { ...node.peer, state: older }
    expect(await refusal(whole)).toBe('refused')
    const part = (name: 'proof' | 'root' | 'shard'): StatePeer => ({
      ...node.peer,
      state: async (question) => {
        const [now, then] = await Promise.all([node.peer.state(question, signal), older(question)])
        return { ...now, [name]: then[name] }
      },
    })
    for (const name of ['proof', 'root', 'shard'] as const) expect(await refusal(part(name))).toBe('refused')
  })

  test('the proof of another shard, and of the other set', async () => {
    // The prover registry has roots, but no place in a global tree.
    const registry = await node.peer.state(
      { frame: null, domain: GLOBAL_DOMAIN, phaseSet: 0, addresses: [node.members[0]?.address ?? nobody] },
      signal,
    )
    expect(await refusal(lying((answer) => ({ ...answer, root: registry.root, proof: registry.proof })))).toBe(
      'refused',
    )
    const edges = await node.peer.state({ frame: null, domain, phaseSet: 2, addresses: [bouquet] }, signal)
    expect(await refusal(lying((answer) => ({ ...answer, root: edges.root, proof: edges.proof })))).toBe('refused')
    for (const tree of [0, 255]) expect(await refusal(inShard((shard) => ({ ...shard, tree })))).toBe('refused')
  })

  test('values that are swapped or made up, and values that are withheld', async () => {
    const other = addressOf('petal flower 4')
    const swapped: StatePeer = {
      ...node.peer,
      state: (question) => {
        const addresses = question.addresses.map((address) => (address === flower ? other : address))
        return node.peer.state({ ...question, addresses }, signal)
      },
    }
    expect(await refusal(swapped)).toBe('refused')
    expect(await refusal(lying((answer) => ({ ...answer, present: [true, true] })))).toBe('refused')
    expect(await refusal(lying((answer) => ({ ...answer, present: [true] })))).toBe('refused')
    expect(await refusal(lying((answer) => ({ ...answer, shard: null })))).toBe('refused')
    // Who says that nothing is there is not believed: another one is asked.
    const withholding = lying((answer) => ({ ...answer, present: [false, false], proof: new Uint8Array(0) }))
    const reader = await readerOf(withholding, node.peer)
    expect((await reader.values('vertex', domain, [flower], null, signal)).values[0]?.proven).toBe(true)
  })
})

describe('whole trees by sync', () => {
  const pull = (target: ReturnType<typeof registryTarget>, values: StatePeer = node.peer) =>
    pullTree({ target, peers: [{ id: 'a', address: '/a', values }], crypto: node.crypto, clock, signal })

  test('SYN-01 the registry that is pulled has the prover root of the header, and its provers', async () => {
    const { proverTreeCommitment } = node.chain.headFacts
    const { leaves } = await pull(registryTarget(proverTreeCommitment))
    expect(await node.crypto.rebuildRoot(leaves)).toEqual(proverTreeCommitment)
    const records = leaves.map(({ key, value }) => ({ key, dataTree: value }))
    const { provers } = Registry.read(records, new RegistryAddresses(hash))
    const keys = provers.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')).sort()
    expect(keys).toEqual(node.members.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')).sort())
  })

  test('SYN-01 the four trees of the garden have the roots that its shard proof gives', async () => {
    const { roots } = await (await readerOf(node.peer)).shard(domain, null, signal)
    const [a, b, c, d] = roots
    if (!a || !b || !c || !d) throw new Error('not four roots')
    for (const target of shardTargets(domain, [a, b, c, d]))
      expect(await node.crypto.rebuildRoot((await pull(target)).leaves)).toEqual(target.root)
  })

  test('SYN-03 a registry with one other bit is refused, and so is a root that nobody has', async () => {
    const target = registryTarget(node.chain.headFacts.proverTreeCommitment)
    const lying: StatePeer = {
      ...node.peer,
      sync: async (query) => {
        const answer = await node.peer.sync(query, signal)
        return answer.length > 1_000 ? answer.with(answer.length - 200, (answer.at(-200) ?? 0) ^ 1) : answer
      },
    }
    await expect(pull(target, lying)).rejects.toMatchObject({ code: 'refused' })
    await expect(pull(registryTarget(new Uint8Array(74).fill(3)))).rejects.toMatchObject({ code: 'notFound' })
  })
})

test('HYP-03 the only value of a set is proved by its leaf, and another leaf is refused', async () => {
  const alone = await mkdtemp(join(tmpdir(), 'petal-alone-'))
  const state = await openNodeState(alone, { store: { ballastBytes: 0 } })
  try {
    const value = utf8ToBytes('alone')
    await state.apply([{ kind: 'add', location: { set: 'vertex', domain: nobody, address: flower }, value }])
    const { globalCommitments, proverRoot } = await state.prepare(1n)
    await state.persist(1n, Uint8Array.of(1))
    const facts = { ...node.chain.headFacts, number: 1n, globalCommitments, proverTreeCommitment: proverRoot }
    const header: Finding = { ...(await finding(1n)), facts }
    const answers = new NodeStateAnswers(state)
    const readFrom = (change: (answer: StateAnswer) => StateAnswer) => {
      const values: StatePeer = { ...node.peer, state: async (question) => change(await answers.state(question, 1n)) }
      const peers = () => [{ id: 'a', address: '/a', values }]
      const reader = new StateReader({
        crypto: node.crypto,
        peers,
        heads: () => [header],
        header: async () => header,
        now: () => 0,
      })
      return reader.values('vertex', nobody, [flower], null, signal)
    }
    expect((await readFrom((answer) => answer)).values).toMatchObject([{ value, proven: true, removed: 'no' }])
    const other = (answer: StateAnswer) => ({ ...answer, leaf: utf8ToBytes('other') })
    await expect(readFrom(other)).rejects.toMatchObject({ code: 'refused' })
  } finally {
    await state.close()
    await rm(alone, { recursive: true })
  }
})

test('a frame whose generation is no longer kept is not found', async () => {
  const small = await mkdtemp(join(tmpdir(), 'petal-kept-'))
  const short = await openRealChain(small, { generations: 4 })
  try {
    await short.grow(17)
    expect((await short.peer.shard(domain, 16n, signal)).frame).toBe(16n)
    const question = { frame: 3n, domain, phaseSet: 0, addresses: [flower] }
    await expect(short.peer.state(question, signal)).rejects.toMatchObject({ code: 'notFound' })
    await expect(short.peer.state({ ...question, frame: 99n }, signal)).rejects.toMatchObject({ code: 'notFound' })
  } finally {
    await short[Symbol.asyncDispose]()
    await rm(small, { recursive: true })
  }
})
