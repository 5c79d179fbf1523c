/** Whether a peer is a prover, from verified key registries and the registry in the state (spec 51 section 4). Positive answers hold for 10 s. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { State } from '@petal/core/platform/state.ts'
import { StateError } from '@petal/core/platform/state.ts'
import {
  liveStatus,
  type RegistryAddresses,
  type RegistryRecord,
  readRecord,
  recordLocation,
  STATUS,
  statusOf,
} from '@petal/core/registry/index.ts'
import { readTreeLeaves } from '@petal/core/state/tree-reader.ts'

/** Asked about one peer. `filter` null: whether its prover exists at all; empty: its global allocation; else that of a shard. */
export interface ProverQuestion {
  readonly peerId: Uint8Array
  readonly filter: Uint8Array | null
  /** Only an allocation that is active counts. */
  readonly active: boolean
}

export type ProverLookup = (question: ProverQuestion) => Promise<boolean>

const POSITIVE_MILLIS = 10_000
const REMEMBERED = 4_096

/** Remembers who is a prover for 10 s; who is not is asked about each time. */
export function rememberProvers(lookup: ProverLookup, now: () => number = () => performance.now()): ProverLookup {
  const until = new Map<string, number>()
  return async (question) => {
    const { peerId, filter, active } = question
    const key = `${bytesToHex(peerId)} ${filter === null ? '-' : bytesToHex(filter)} ${active}`
    if ((until.get(key) ?? Number.NEGATIVE_INFINITY) > now()) return true
    until.delete(key)
    if (!(await lookup(question))) return false
    const [oldest] = until.keys()
    if (until.size >= REMEMBERED && oldest !== undefined) until.delete(oldest)
    until.set(key, now() + POSITIVE_MILLIS)
    return true
  }
}

/** Records of the registry, as they stand in the state now. */
export interface RegistrySource {
  readonly state: Pick<State, 'get'>
  readonly addresses: RegistryAddresses
  /** Number of the newest frame: allocations that stay open too long expire. */
  readonly frame: () => bigint
  /** Prover address that a verified key registry binds to the peer; null for a peer without one. */
  readonly proverOf: (peerId: Uint8Array) => Uint8Array | null
}

export function registryLookup({ state, addresses, frame, proverOf }: RegistrySource): ProverLookup {
  const read = async (address: Uint8Array): Promise<RegistryRecord | null> => {
    const value = await state.get(recordLocation(address))
    return value === undefined ? null : recordOf(value)
  }
  return async ({ peerId, filter, active }) => {
    const address = proverOf(peerId)
    const prover = address === null ? null : await read(address)
    const publicKey = prover?.class === 'prover' ? prover.fields.get('PublicKey') : undefined
    if (prover === null || publicKey === undefined) return false
    if (filter === null) return true
    const allocation = await read(addresses.allocation(publicKey, filter))
    if (allocation?.class !== 'allocation') return false
    const status = liveStatus({ status: statusOf(allocation) ?? STATUS.left, record: allocation }, frame())
    return active ? status === STATUS.active && statusOf(prover) === STATUS.active : status !== null
  }
}

/** The record that a vertex of the registry holds; null when it is none. */
export function recordOf(value: Uint8Array): RegistryRecord | null {
  try {
    const read = readRecord(readTreeLeaves(value))
    return 'unknown' in read ? null : read
  } catch (error) {
    if (error instanceof StateError) return null
    throw error
  }
}
