import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { beforeAll, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import {
  addRecord,
  otherGenesis,
  RegistryAddresses,
  record,
  recordLocation,
  STATUS,
  u64Bytes,
} from '../registry/index.ts'
import { MadeUpNode } from './made-up-state.ts'
import { allocationFrames, RegistryReads } from './registry-reads.ts'
import { StateReader } from './state-reads.ts'

// Real proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const NO_FILTER = new Uint8Array(0)
const { signal } = new AbortController()
const clock = { now: () => 0, at: () => () => {} }
const keyOf = (n: number) =>
  concatBytes(...Array.from({ length: 19 }, (_, part) => sha256(Uint8Array.of(n, part)))).subarray(0, 585)
const KEYS = [1, 2, 3].map(keyOf)
/** Holds bytes that are no record, in the registry. */
const STRANGE = sha256(utf8ToBytes('strange'))
const FILTER = sha256(utf8ToBytes('shard'))

let reads: RegistryReads
let addresses: RegistryAddresses
const proverAt = (n: number) => addresses.prover(KEYS[n] ?? NO_FILTER)

beforeAll(async () => {
  const engine = await loadWasmEngine()
  addresses = new RegistryAddresses((message) => engine.poseidonHashBytes(message))
  const node = new MadeUpNode(engine)
  const [first = NO_FILTER] = KEYS
  const allocation = record('allocation', {
    Prover: addresses.prover(first),
    Status: Uint8Array.of(STATUS.kicked),
    ConfirmationFilter: FILTER,
    JoinFrameNumber: u64Bytes(4n),
  })
  await node.commit(5n, [
    ...otherGenesis(KEYS, addresses, node.trees),
    addRecord(addresses.allocation(first, FILTER), allocation, node.trees),
    { kind: 'add', location: recordLocation(STRANGE), value: utf8ToBytes('no record') },
    // A record of a prover under an address that is not its own.
    addRecord(sha256(STRANGE), record('prover', { PublicKey: keyOf(9), Status: Uint8Array.of(1) }), node.trees),
  ])
  const header = node.header()
  const crypto = new DirectCrypto(async () => engine, { now: () => performance.now(), pause: async () => {} })
  const peers = () => [{ id: 'a', address: '/a', values: node }]
  const reader = new StateReader({ crypto, peers, heads: () => [header], header: async () => header, now: () => 0 })
  reads = new RegistryReads({ reader, crypto, clock, peers })
})

test('HYP-03: a prover with its global allocation and reward, proved by the root in the header', async () => {
  const { finding, prover } = await reads.prover(proverAt(1), null, signal)
  expect(finding.steps.map(({ name }) => name)).toEqual(['value', 'header'])
  expect(finding.values.map(({ proven }) => proven)).toEqual([true, true, true])
  expect(prover).toMatchObject({
    address: proverAt(1),
    publicKey: KEYS[1],
    status: STATUS.active,
    seniority: 1000n,
    reward: { delegate: proverAt(1), balance: 0n },
  })
  expect(prover?.allocations.map(({ filter }) => filter)).toEqual([NO_FILTER])
})

test('who is not there is absent; what is no record of that prover is proved, and no prover', async () => {
  const absent = await reads.prover(addresses.prover(keyOf(4)), null, signal)
  expect([absent.prover, absent.finding.values[0]?.proven]).toEqual([null, false])
  for (const address of [STRANGE, sha256(STRANGE), addresses.reward(proverAt(0))]) {
    const { prover, finding } = await reads.prover(address, null, signal)
    expect([prover, finding.values[0]?.proven]).toEqual([null, true])
  }
})

test('SYN-01: the whole registry, with allocations of every filter', async () => {
  const { provers, root, leaves, from, bytes } = await reads.provers(null, signal)
  const expected = [0, 1, 2]
    .map(proverAt)
    .map((address) => address.join())
    .sort()
  expect(provers.map(({ address }) => address.join()).sort()).toEqual(expected)
  expect(leaves).toBe(3 * KEYS.length + 3)
  expect(bytes).toBeGreaterThan(1000)
  expect([root.length, from]).toEqual([74, ['/a']])
  const first = provers.find(({ address }) => address.join() === proverAt(0).join())
  const kicked = first?.allocations.find(({ filter }) => filter.length > 0)
  expect(kicked).toMatchObject({ filter: FILTER, status: STATUS.kicked })
  expect(kicked && allocationFrames(kicked)).toEqual({ JoinFrameNumber: 4n })
})
