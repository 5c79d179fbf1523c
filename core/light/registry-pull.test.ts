import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import { type Crypto, CryptoError } from '../platform/crypto.ts'
import { otherGenesis, RegistryAddresses } from '../registry/index.ts'
import { GLOBAL_DOMAIN } from '../state/index.ts'
import {
  decodeQuery,
  decodeResponse,
  encodeResponse,
  type PullTarget,
  registryTarget,
  type SyncQuery,
  type SyncResponse,
} from '../sync/index.ts'
import { MadeUpNode } from './made-up-state.ts'
import { type PullParts, pullTree } from './registry-pull.ts'
import type { StateSource } from './state-reads.ts'

// Real proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

type Sync = NonNullable<StateSource['values']>['sync']
type Leaves = Extract<SyncResponse, { kind: 'leaves' }>

const PROVERS = 8
const LEAVES = 3 * PROVERS
const direct = { now: () => performance.now(), pause: async () => {} }
const clock = {
  now: () => Date.now(),
  at: (time: number, run: () => void) => {
    const timer = setTimeout(run, Math.max(0, time - Date.now()))
    return () => clearTimeout(timer)
  },
}
const keyOf = (n: number) =>
  concatBytes(...Array.from({ length: 19 }, (_, part) => sha256(Uint8Array.of(n, part)))).subarray(0, 585)

let node: MadeUpNode
let other: MadeUpNode
let crypto: Crypto
let target: PullTarget
let rootOf: (n: MadeUpNode) => Uint8Array

beforeAll(async () => {
  const engine = await loadWasmEngine()
  crypto = new DirectCrypto(async () => engine, direct)
  const addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
  const make = async (provers: number) => {
    // About three records of a prover in a page, so that a pull has several.
    const made = new MadeUpNode(engine, 4096)
    const keys = Array.from({ length: provers }, (_, n) => keyOf(n))
    await made.commit(5n, otherGenesis(keys, addresses, made.trees).filter(inRegistry))
    return made
  }
  node = await make(PROVERS)
  other = await make(PROVERS - 1)
  rootOf = (made) => made.header().facts?.proverTreeCommitment ?? new Uint8Array(0)
  target = registryTarget(rootOf(node))
})

const inRegistry = ({ location: { domain, set } }: { location: { domain: Uint8Array; set: string } }) =>
  set === 'vertex' && domain.join() === GLOBAL_DOMAIN.join()

const source = (id: string, sync: Sync): StateSource => {
  const unasked = async () => {
    throw new Error('not asked in a pull')
  }
  return { id, address: `/${id}`, values: { state: unasked, shard: unasked, sync } }
}
const honest = (id = 'honest') => source(id, (query) => node.sync(query))
const pull = (peers: readonly StateSource[], more: Partial<PullParts> = {}) =>
  pullTree({ target, peers, crypto, clock, signal: new AbortController().signal, ...more })
const failure = async (peers: readonly StateSource[]) =>
  await pull(peers).then(
    () => 'no error',
    (error: { code: string }) => error.code,
  )

/** A peer that changes what an honest one answers. */
const liar = (change: (answer: SyncResponse, query: SyncQuery, count: number) => SyncResponse): Sync => {
  let count = 0
  return async (query, signal) => {
    const answer = decodeResponse(await node.sync(query))
    signal.throwIfAborted()
    return encodeResponse(change(answer, decodeQuery(query), count++))
  }
}
const pages = (change: (page: Leaves, count: number) => Leaves): Sync =>
  liar((answer, _query, count) => (answer.kind === 'leaves' ? change(answer, count) : answer))

/** Whose answers are no proof, and what the pull says when there is nobody else. */
const LIARS: Readonly<Record<string, Sync>> = {
  'truncates: counts fewer leaves than its root has (SYN-06)': pages((page) => ({ ...page, total: 3n })),
  'leaves one out and counts it': pages((page) => ({ ...page, leaves: page.leaves.slice(1) })),
  'repeats a leaf': pages((page) => {
    const [first] = page.leaves
    return first ? { ...page, leaves: [first, ...page.leaves.slice(0, -1)] } : page
  }),
  'changes the order': pages((page) => ({ ...page, leaves: page.leaves.toReversed() })),
  'changes a value': pages((page) => ({
    ...page,
    leaves: page.leaves.map((leaf) => ({ ...leaf, value: leaf.value.map((byte) => byte ^ 1) })),
  })),
  'sends hash targets of its own': pages((page) => ({
    ...page,
    leaves: page.leaves.map((leaf) => ({ ...leaf, hashTarget: new Uint8Array(64).fill(1) })),
  })),
  'sends keys of another shard': pages((page) => ({
    ...page,
    leaves: page.leaves.map((leaf) => ({ ...leaf, key: leaf.key.map((byte) => byte ^ 1) })),
  })),
  'changes the root half-way': pages((page, count) =>
    count < 3
      ? page
      : { ...page, leaves: page.leaves.map((leaf) => ({ ...leaf, value: Uint8Array.of(1, ...leaf.value) })) },
  ),
  'names another root': liar((answer) =>
    answer.kind === 'branch' ? { ...answer, commitment: rootOf(other) } : answer,
  ),
  'answers noise': async () => Uint8Array.of(0xff, 0xff, 0xff),
  'answers the other question': liar((_answer, query) =>
    query.kind === 'leaves'
      ? { kind: 'branch', fullPath: [], commitment: rootOf(node), children: [], isLeaf: false, leafCount: 1n }
      : { kind: 'leaves', path: [], leaves: [], token: new Uint8Array(0), total: 0n },
  ),
}

describe('SYN-01 a full copy of the registry', () => {
  test('from one peer, and from several: leaves in tree order under the root of the header', async () => {
    for (const peers of [[honest()], [honest('a'), honest('b'), honest('c')]]) {
      const progress: number[] = []
      const { leaves, from } = await pull(peers, { onProgress: ({ leaves: held }) => progress.push(held) })
      expect(leaves).toHaveLength(LEAVES)
      expect(await crypto.rebuildRoot(leaves)).toEqual(target.root)
      expect(peers.map(({ address }) => address)).toEqual(expect.arrayContaining([...from]))
      expect(from.length).toBeGreaterThan(0)
      expect(progress.length).toBeGreaterThan(2)
      expect(progress.at(-1)).toBe(LEAVES)
    }
  })

  test.each(Object.entries(LIARS))('a peer that %s is not believed, and another one is asked', async (_, sync) => {
    expect(await failure([source('liar', sync)])).toBe('refused')
    const { leaves, from } = await pull([source('liar', sync), honest()])
    expect(await crypto.rebuildRoot(leaves)).toEqual(target.root)
    expect(from).toEqual(['/honest'])
  })

  test('nobody to ask, nobody who answers, nobody who has it', async () => {
    const broken = source('broken', async () => {
      throw new Error('the stream broke')
    })
    expect(await failure([])).toBe('noPeers')
    expect(await failure([{ id: 'a', address: '/a' }])).toBe('noPeers')
    expect(await failure([source('other', (query) => other.sync(query))])).toBe('notFound')
    expect(await failure([broken])).toBe('noPeers')
    expect((await pull([broken, honest()])).leaves).toHaveLength(LEAVES)
  })

  test('a peer that says nothing is left for another one, and alone it ends the pull', async () => {
    vi.useFakeTimers()
    try {
      const given: AbortSignal[] = []
      const silent = source('silent', (_query, signal) => {
        given.push(signal)
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      })
      const both = pull([silent, honest()])
      const alone = failure([silent])
      await vi.advanceTimersByTimeAsync(121_000)
      expect((await both).from).toEqual(['/honest'])
      expect(['noPeers', 'timeout']).toContain(await alone)
      expect(given.length).toBeGreaterThan(1)
      expect(given.every(({ aborted }) => aborted)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('a signal ends it with its own reason, before and while it runs', async () => {
    const reason = new Error('given up')
    await expect(pull([honest()], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const onProgress = () => controller.abort(reason)
    await expect(pull([honest()], { signal: controller.signal, onProgress })).rejects.toBe(reason)
  })

  test('an engine that fails is no fault of a peer', async () => {
    const failing = {
      rebuildRoot: async (): Promise<Uint8Array> => {
        throw new CryptoError('unavailable', 'no engine')
      },
    }
    await expect(pull([honest()], { crypto: failing })).rejects.toMatchObject({ code: 'unavailable' })
  })
})
