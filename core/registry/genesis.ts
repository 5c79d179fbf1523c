/** State of the genesis frame as changes (spec 31 sections 10.2, 10.3). */
import { type Change, type ChangeList, StateError, type Trees } from '../platform/state.ts'
import { QUIL_TOKEN, shardL1 } from '../state/location.ts'
import { proverHyperedgeLocation, type RegistryAddresses, recordLocation } from './addresses.ts'
import { PUBLIC_KEY_BYTES, STATUS } from './classes.ts'
import { proverHyperedgeLeaves } from './prover-hyperedge.ts'
import { buildRecord, type RegistryRecord, record, u64Bytes } from './record.ts'
import { newReward } from './transitions.ts'

/** Frame of the main network's genesis. */
export const MAINNET_GENESIS_FRAME = 244_200n
/** Seniority of each of its provers: the four epochs added (spec 31 section 10.2). */
export const MAINNET_GENESIS_SENIORITY = 7_948_800n + 10_454_400n + 2_592_000n + 2_678_400n
/** Seniority of the provers of every other network. */
export const OTHER_GENESIS_SENIORITY = 1000n
/** App shards that other networks begin with. */
export const PLACEHOLDERS = 6
const PLACEHOLDER_BYTES = 64
/** Most provers of a genesis: bounds what a seed can ask for. */
export const MAX_GENESIS_PROVERS = 1024

/** The main network: `publicKeys` = the beacon and the archive peers. */
export const mainnetGenesis = (
  publicKeys: readonly Uint8Array[],
  addresses: RegistryAddresses,
  trees: Trees,
): ChangeList => {
  const rules = { seniority: MAINNET_GENESIS_SENIORITY, frame: MAINNET_GENESIS_FRAME }
  return publicKeys.flatMap((key) => genesisProver(key, rules, addresses, trees))
}

/** Every other network: provers with reward records, and the placeholder vertices of the token domain. */
export function otherGenesis(
  publicKeys: readonly Uint8Array[],
  addresses: RegistryAddresses,
  trees: Trees,
): ChangeList {
  const rules = { seniority: OTHER_GENESIS_SENIORITY, frame: 0n }
  const provers = publicKeys.flatMap((key) => [
    ...genesisProver(key, rules, addresses, trees),
    genesisReward(addresses.prover(key), addresses, trees),
  ])
  return [...provers, ...placeholders()]
}

/** Cuts `genesis_seed` in keys. Throws `StateError` `arguments` for any other length. */
export function genesisKeys(seed: Uint8Array): Uint8Array[] {
  const count = seed.length / PUBLIC_KEY_BYTES
  if (!Number.isInteger(count) || count < 1 || count > MAX_GENESIS_PROVERS)
    throw new StateError(
      'arguments',
      `a genesis seed of ${seed.length} bytes is not 1 to ${MAX_GENESIS_PROVERS} keys of 585`,
    )
  return Array.from({ length: count }, (_, index) =>
    seed.slice(index * PUBLIC_KEY_BYTES, (index + 1) * PUBLIC_KEY_BYTES),
  )
}

/**
 * The 256 global commitments by the genesis rule (spec 21 section 6): each entry stands in its three trees under its unfolded key.
 * `entries`: 32-byte shard address and 64- or 74-byte root.
 */
export function genesisCommitments(
  entries: readonly { readonly address: Uint8Array; readonly root: Uint8Array }[],
  trees: Trees,
): Uint8Array[] {
  const placed = entries.map((entry) => ({ ...entry, l1: shardL1(entry.address) }))
  return Array.from({ length: 256 }, (_, index) => {
    const here = placed.filter(({ l1 }) => l1.some((byte) => byte !== 0) && l1.includes(index))
    const leaves = here.map(({ address, root }) => ({
      key: address,
      value: root,
      hashTarget: new Uint8Array(0),
      size: BigInt(root.length),
    }))
    return leaves.length === 0 ? new Uint8Array(64) : trees.build(leaves, { commit: true }).root
  })
}

/** Active prover with a global allocation, and the hyperedge between them. */
function genesisProver(
  publicKey: Uint8Array,
  { seniority, frame }: { readonly seniority: bigint; readonly frame: bigint },
  addresses: RegistryAddresses,
  trees: Trees,
): Change[] {
  const prover = addresses.prover(publicKey)
  const allocationAddress = addresses.allocation(publicKey, new Uint8Array(0))
  const active = { Status: Uint8Array.of(STATUS.active) }
  const proverRecord = record('prover', {
    PublicKey: publicKey,
    ...active,
    AvailableStorage: u64Bytes(0n),
    Seniority: u64Bytes(seniority),
  })
  const allocation = record('allocation', {
    Prover: prover,
    ...active,
    ConfirmationFilter: new Uint8Array(0),
    JoinFrameNumber: u64Bytes(0n),
    JoinConfirmFrameNumber: u64Bytes(0n),
    LastActiveFrameNumber: u64Bytes(frame),
  })
  const members = proverHyperedgeLeaves([{ allocationAddress, allocation }], 'genesis')
  return [
    addRecord(prover, proverRecord, trees),
    addRecord(allocationAddress, allocation, trees),
    {
      kind: 'add',
      location: proverHyperedgeLocation(prover),
      value: trees.build(members, { commit: false }).blob,
    },
  ]
}

const genesisReward = (prover: Uint8Array, addresses: RegistryAddresses, trees: Trees): Change =>
  addRecord(addresses.reward(prover), newReward(prover), trees)

/** The change that writes a record. */
export const addRecord = (address: Uint8Array, written: RegistryRecord, trees: Trees): Change => ({
  kind: 'add',
  location: recordLocation(address),
  value: buildRecord(written, trees).blob,
})

function placeholders(): Change[] {
  return Array.from({ length: PLACEHOLDERS }, (_, index) => {
    const address = new Uint8Array(32)
    address[0] = index
    const location = { domain: QUIL_TOKEN, address, set: 'vertex' as const }
    return { kind: 'add', location, value: new Uint8Array(PLACEHOLDER_BYTES) }
  })
}
