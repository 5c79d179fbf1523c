import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import type { TreeLeaf, Trees } from '../platform/state.ts'
import { atomId, GLOBAL_DOMAIN } from '../state/location.ts'
import { RegistryAddresses } from './addresses.ts'
import { PUBLIC_KEY_BYTES } from './classes.ts'
import { genesisCommitments, genesisKeys, mainnetGenesis, otherGenesis, PLACEHOLDERS } from './genesis.ts'
import { buildRecord, record, u64Bytes, withFields } from './record.ts'
import { liveStatus, Registry, type RegistryLeaf } from './registry.ts'
import { joinedAllocation, newReward } from './transitions.ts'

const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
const long = (bytes: Uint8Array) => concatBytes(u32(0), u32(bytes.length), bytes)

/** Trees of one level, serialised as they are without a commit; roots are plain hashes. */
const trees: Trees = {
  build(leaves) {
    const node = ({ key, value, hashTarget, size }: TreeLeaf) =>
      concatBytes(
        Uint8Array.of(1),
        long(key),
        long(value),
        long(hashTarget),
        long(new Uint8Array(64)),
        long(Uint8Array.of(Number(size & 0xffn))),
      )
    const slots = Array.from({ length: 64 }, (_, slot) => {
      const here = leaves.find(({ key }) => (key[0] ?? 0) >> 2 === slot)
      return here ? node(here) : Uint8Array.of(0)
    })
    const branch = concatBytes(
      Uint8Array.of(2),
      u32(0),
      ...slots,
      long(new Uint8Array(0)),
      long(new Uint8Array(0)),
      new Uint8Array(12),
    )
    const [only] = leaves
    const blob = leaves.length === 1 && only ? node(only) : leaves.length === 0 ? Uint8Array.of(0) : branch
    return { blob, root: sha256(blob), size: leaves.reduce((sum, leaf) => sum + leaf.size, 0n) }
  },
}
const addresses = new RegistryAddresses(sha256)
const keyOf = (n: number) => new Uint8Array(PUBLIC_KEY_BYTES).fill(n)
const keys = [1, 2, 3].map(keyOf)
const leavesOf = (changes: ReturnType<typeof otherGenesis>): RegistryLeaf[] =>
  changes.flatMap((change) => {
    const { set, domain, address } = change.location
    if (change.kind !== 'add' || set !== 'vertex' || bytesToHex(domain) !== bytesToHex(GLOBAL_DOMAIN)) return []
    return [{ key: atomId(domain, address), dataTree: change.value }]
  })
const leafOf = (address: Uint8Array, made: Parameters<typeof buildRecord>[0]): RegistryLeaf => ({
  key: atomId(GLOBAL_DOMAIN, address),
  dataTree: buildRecord(made, trees).blob,
})

test('the genesis of any network but the main one reads back as active provers with rewards', () => {
  const changes = otherGenesis(keys, addresses, trees)
  const registry = Registry.read(leavesOf(changes), addresses)
  expect(registry.ignored).toEqual({ otherType: 0, malformed: 0, orphan: 0 })
  const expected = keys.map((key) => bytesToHex(addresses.prover(key))).sort()
  expect(registry.activeProvers(new Uint8Array(0)).map(({ address }) => bytesToHex(address))).toEqual(expected)
  for (const prover of registry.provers)
    expect(prover).toMatchObject({ status: 1, seniority: 1000n, reward: { delegate: prover.address, balance: 0n } })
  const placeholders = changes.filter(({ location }) => bytesToHex(location.domain) !== bytesToHex(GLOBAL_DOMAIN))
  expect(placeholders).toHaveLength(PLACEHOLDERS)
  expect(changes).toHaveLength(4 * keys.length + PLACEHOLDERS)
})

test('the genesis of the main network has neither rewards nor placeholders', () => {
  const changes = mainnetGenesis(keys, addresses, trees)
  expect(changes).toHaveLength(3 * keys.length)
  const [prover] = Registry.read(leavesOf(changes), addresses).provers
  expect(prover).toMatchObject({ seniority: 23_673_600n, availableStorage: 0n })
  expect(prover?.reward).toBeUndefined()
  expect(prover?.allocations[0]?.record.fields.get('LastActiveFrameNumber')).toEqual(u64Bytes(244_200n))
})

test('a seed is cut in whole keys or refused', () => {
  expect(genesisKeys(concatBytes(...keys))).toEqual(keys)
  expect(() => genesisKeys(new Uint8Array(0))).toThrow(/0 bytes/)
  expect(() => genesisKeys(new Uint8Array(586))).toThrow(/586 bytes/)
})

test('HYP-07 the genesis rule places an entry in its three trees and leaves registry addresses out', () => {
  const commitments = genesisCommitments([{ address: GLOBAL_DOMAIN, root: new Uint8Array(74) }], trees)
  expect(commitments.every((value) => value.length === 64 && value.every((byte) => byte === 0))).toBe(true)
  const placed = genesisCommitments([{ address: new Uint8Array(32).fill(5), root: new Uint8Array(74) }], trees)
  expect(placed.filter((value) => value.some((byte) => byte !== 0))).toHaveLength(3)
})

test('what is no record of its own address is counted and never shown', () => {
  const [key] = keys
  if (key === undefined) throw new Error('no key')
  const prover = addresses.prover(key)
  const genesis = leavesOf(otherGenesis([key], addresses, trees))
  const stranger = new Uint8Array(32).fill(9)
  const registry = Registry.read(
    [
      ...genesis,
      leafOf(stranger, record('prover', { PublicKey: key, Status: Uint8Array.of(1) })),
      leafOf(new Uint8Array(32).fill(8), record('merge', { ProverAddress: prover })),
      leafOf(new Uint8Array(32).fill(7), joinedAllocation(stranger, new Uint8Array(32), 5n)),
      leafOf(new Uint8Array(32).fill(6), newReward(stranger)),
      { key: atomId(GLOBAL_DOMAIN, stranger), dataTree: Uint8Array.of(9) },
      { key: new Uint8Array(64), dataTree: Uint8Array.of(0) },
    ],
    addresses,
  )
  expect(registry.provers.map(({ address }) => address)).toEqual([prover])
  expect(registry.ignored).toEqual({ otherType: 1, malformed: 3, orphan: 2 })
  const without = Registry.read(genesis, addresses, (removed) => bytesToHex(removed.slice(32)) === bytesToHex(prover))
  expect(without.provers).toEqual([])
})

test('a leader candidate needs an active allocation of the filter, an active prover also its own status', () => {
  const [key] = keys
  if (key === undefined) throw new Error('no key')
  const filter = new Uint8Array(32).fill(3)
  const address = addresses.prover(key)
  const allocation = withFields(joinedAllocation(address, filter, 5n), { Status: Uint8Array.of(1) })
  const registry = Registry.read(
    [
      leafOf(address, record('prover', { PublicKey: key, Status: Uint8Array.of(2) })),
      leafOf(addresses.allocation(key, filter), allocation),
    ],
    addresses,
  )
  expect(registry.leaderCandidates(filter)).toHaveLength(1)
  expect(registry.activeProvers(filter)).toHaveLength(0)
  expect(registry.leaderCandidates(new Uint8Array(0))).toHaveLength(0)
})

test('joining and leaving count for 720 frames', () => {
  const allocation = joinedAllocation(new Uint8Array(32), new Uint8Array(32), 100n)
  expect(liveStatus({ status: 0, record: allocation }, 820n)).toBe(0)
  expect(liveStatus({ status: 0, record: allocation }, 821n)).toBeNull()
  expect(liveStatus({ status: 3, record: withFields(allocation, { LeaveFrameNumber: u64Bytes(200n) }) }, 920n)).toBe(3)
  expect(liveStatus({ status: 2, record: allocation }, 9999n)).toBe(2)
  expect(liveStatus({ status: 4, record: allocation }, 100n)).toBeNull()
})
