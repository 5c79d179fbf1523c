import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { DirectCrypto } from '@petal/core/crypto/direct.ts'
import type { Finding, QueryOutcome, QueryWish } from '@petal/core/light/events.ts'
import { MadeUpNode } from '@petal/core/light/made-up-state.ts'
import type { TimeProofPolicy } from '@petal/core/light/policy.ts'
import type { StateSource } from '@petal/core/light/state-reads.ts'
import { type Crypto, CryptoError } from '@petal/core/platform/crypto.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import { otherGenesis, RegistryAddresses } from '@petal/core/registry/index.ts'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { StateHost } from './state-host.ts'
import type { ProverList, ShardValue, StateValue, VertexValue } from './state-types.ts'
import type { StateWish } from './state-wishes.ts'

// Real proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DOMAIN = new Uint8Array(32).fill(7)
const at = (n: number) => sha256(Uint8Array.of(n))
const KEY = concatBytes(...Array.from({ length: 19 }, (_, n) => at(n))).subarray(0, 585)
const VERTEX = { kind: 'vertices', domain: DOMAIN, schema: { kind: 'none' }, frame: null, mark: false } as const
const { signal } = new AbortController()

let node: MadeUpNode
let crypto: Crypto
let prover: Uint8Array

beforeAll(async () => {
  const engine = await loadWasmEngine()
  crypto = new DirectCrypto(async () => engine, { now: () => performance.now(), pause: async () => {} })
  const addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
  prover = addresses.prover(KEY)
  node = new MadeUpNode(engine)
  const vertices = [1, 2].map((n) => ({
    kind: 'add' as const,
    location: { set: 'vertex' as const, domain: DOMAIN, address: at(n) },
    value: utf8ToBytes(`value ${n}`),
  }))
  await node.commit(5n, [...otherGenesis([KEY], addresses, node.trees), ...vertices])
})

const honest = (): StateSource => ({ id: 'a', address: '/a', values: node })
/** Says of every value that it is not there, or what is there another one. */
const liar = (absent: boolean): StateSource => ({
  id: 'liar',
  address: '/liar',
  values: {
    shard: node.shard,
    sync: node.sync,
    state: async (question, asked) => {
      const answer = await node.state(question, asked)
      if (absent) return { ...answer, present: answer.present.map(() => false), proof: new Uint8Array(0) }
      return { ...answer, proof: answer.proof.map((byte, index) => (index === 90 ? byte ^ 1 : byte)) }
    },
  },
})

interface Setting {
  readonly peers?: readonly StateSource[]
  /** What the driver says of the header, before and after its time proof is looked at. */
  readonly header?: Finding['verified']
  readonly checked?: Finding['verified']
  readonly timeProofs?: TimeProofPolicy
  readonly heads?: readonly Finding[]
  readonly outcome?: QueryOutcome
  readonly engine?: Crypto
}

function start({ header = 'full', checked = 'full', timeProofs = 'every', ...more }: Setting = {}) {
  const asked: QueryWish['kind'][] = []
  const found = node.header(header)
  const host = new StateHost({
    driver: {
      peers: () => more.peers ?? [honest()],
      recent: () => more.heads ?? [found],
      query: async (wish) => {
        asked.push(wish.kind)
        return more.outcome ?? { kind: 'finding', finding: wish.kind === 'check' ? node.header(checked) : found }
      },
    },
    crypto: more.engine ?? crypto,
    clock: { now: () => Date.now(), at: () => () => {} },
    timeProofs,
  })
  const read = async <T>(wish: StateWish, given = signal): Promise<T> => {
    const outcome = await host.read(wish, given)
    if (outcome.kind === 'failed') throw Object.assign(new Error(outcome.reason), { code: outcome.code })
    return structuredClone(outcome.answer) as T
  }
  const vertex = async (n: number, mark = false) => {
    const [value] = await read<StateValue<VertexValue>[]>({ ...VERTEX, addresses: [at(n)], mark })
    return value as StateValue<VertexValue>
  }
  return { read, vertex, asked }
}

describe('reads in the worker', () => {
  test('a vertex with its chain of proofs, as plain values', async () => {
    const value = await start().vertex(1)
    expect(value).toMatchObject({
      verified: 'full',
      reason: null,
      frame: 5n,
      root: bytesToHex(node.header().facts?.identity ?? new Uint8Array(0)),
      from: '/a',
      value: { domain: bytesToHex(DOMAIN), address: bytesToHex(at(1)), bytes: utf8ToBytes('value 1'), removed: 'no' },
    })
    expect(value.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['value', true],
      ['shard', true],
      ['header', true],
    ])
    expect(value.steps[0]?.to).toBe(value.setRoot)
    expect(value.proofSize).toBeGreaterThan(300)
  })

  test('an absent value is null and never verified, under both policies, also beside one that is there', async () => {
    const { vertex, read } = start()
    for (const mark of [false, true]) {
      const value = await vertex(9, mark)
      expect(value).toMatchObject({
        value: null,
        verified: false,
        reason: expect.stringMatching(/^absent \(unproven\)/),
      })
      expect(value.steps.map(({ name }) => name)).not.toContain('value')
    }
    const both = await read<StateValue<VertexValue>[]>({ ...VERTEX, addresses: [at(9), at(2)] })
    expect(both.map(({ verified }) => verified)).toEqual([false, 'full'])
  })

  test('a lie is refused and the next peer is asked; nobody left is an error', async () => {
    const { vertex } = start({ peers: [liar(false), honest()] })
    expect(await vertex(1)).toMatchObject({ verified: 'full', from: '/a' })
    await expect(start({ peers: [liar(false)] }).vertex(1)).rejects.toMatchObject({ code: 'refused' })
    await expect(start({ peers: [liar(false)] }).vertex(1, true)).rejects.toMatchObject({ code: 'refused' })
    await expect(start({ peers: [] }).vertex(1)).rejects.toMatchObject({ code: 'noPeers' })
  })

  test('one peer cannot hide what another one has', async () => {
    const { vertex } = start({ peers: [liar(true), honest()] })
    expect(await vertex(1)).toMatchObject({ verified: 'full', from: '/a' })
    const left: StateSource = { id: 'b', address: '/b', values: { ...liar(true).values, state: gone } as never }
    expect(await start({ peers: [left, liar(true)] }).vertex(1)).toMatchObject({ value: null, verified: false })
  })

  test('state that no peer holds is notFound; a client without a frame says so', async () => {
    const old = { ...VERTEX, addresses: [at(1)], frame: 4n }
    const header = { ...node.header(), facts: { ...node.header().facts, number: 4n } } as Finding
    const { read } = start({ outcome: { kind: 'finding', finding: header } })
    await expect(read(old)).rejects.toMatchObject({ code: 'notFound' })
    const { read: without } = start({ outcome: { kind: 'failed', code: 'noPeers', reason: 'nobody' } })
    await expect(without(old)).rejects.toMatchObject({ code: 'noPeers' })
    await expect(start({ heads: [] }).vertex(1)).rejects.toMatchObject({ code: 'notFound' })
  })

  test('FRM-03: commitments rest on the time proof, so it is checked before a value is called verified', async () => {
    const { vertex, asked } = start({ header: 'certificate' })
    expect((await vertex(1)).verified).toBe('full')
    expect(asked).toEqual(['header', 'check'])
    const without = start({ header: 'certificate', timeProofs: 'off' })
    const value = await without.vertex(1)
    expect(value).toMatchObject({ verified: 'certificate', reason: expect.stringContaining('time proof') })
    expect(value.steps.at(-1)?.reason).toContain('time proof')
    expect(without.asked).toEqual(['header'])
  })

  test('a header that does not verify is an error, or marks the value', async () => {
    const { vertex } = start({ header: 'certificate', checked: false })
    await expect(vertex(1)).rejects.toMatchObject({ code: 'refused' })
    const value = await vertex(1, true)
    expect(value).toMatchObject({ verified: false, value: { bytes: utf8ToBytes('value 1') } })
    expect(value.steps.at(-1)).toMatchObject({ name: 'header', ok: false })
  })

  test('a prover, the list of provers, a shard', async () => {
    const { read } = start()
    const common = { frame: null, mark: false }
    const one = await read<StateValue<unknown>>({ kind: 'prover', address: prover, ...common })
    expect(one).toMatchObject({
      verified: 'full',
      tree: null,
      value: { address: bytesToHex(prover), publicKey: bytesToHex(KEY), status: 'active', seniority: 1000n },
    })
    const list = await read<ProverList>({ kind: 'provers', ...common })
    expect(list).toMatchObject({ verified: 'full', frame: 5n, leaves: 3, from: '/a' })
    expect(list.value[0]).toEqual(one.value)
    expect(list.setRoot).toBe(one.setRoot)
    const nobody = await read<StateValue<unknown>>({ kind: 'prover', address: at(1), ...common })
    expect(nobody).toMatchObject({ value: null, verified: false, reason: expect.stringContaining('absent') })
    const shard = await read<StateValue<ShardValue>>({ kind: 'shard', domain: DOMAIN, ...common })
    expect(shard.verified).toBe('full')
    expect(shard.value?.roots).toHaveLength(4)
    expect(shard.value?.roots[0]).toBe((await start().vertex(1)).setRoot)
    await expect(read({ kind: 'shard', domain: at(3), ...common })).rejects.toMatchObject({ code: 'notFound' })
  })

  test('what is given up is stopped, and an engine that is not there is said', async () => {
    const { read } = start()
    await expect(read({ ...VERTEX, addresses: [at(1)] }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'stopped',
    })
    const broken = Object.assign(Object.create(crypto) as Crypto, {
      verifyTraversal: async () => {
        throw new CryptoError('unavailable', 'no engine')
      },
    })
    await expect(start({ engine: broken }).vertex(1)).rejects.toMatchObject({ code: 'engine' })
  })
})

async function gone(): Promise<never> {
  throw new PeerError('closed', 'it went away')
}
