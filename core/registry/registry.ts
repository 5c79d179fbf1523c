/** The registry as a whole: read from the leaves of its vertex adds, asked who may do what (spec 32 section 3). */
import { bytesToHex } from '@noble/hashes/utils.js'
import { StateError } from '../platform/state.ts'
import { GLOBAL_DOMAIN } from '../state/location.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'
import type { RegistryAddresses } from './addresses.ts'
import { STATUS } from './classes.ts'
import { numberField, type RegistryRecord, readRecord, statusOf } from './record.ts'

export interface Allocation {
  readonly address: Uint8Array
  /** The shard; empty = global. */
  readonly filter: Uint8Array
  readonly status: number
  /** Frame numbers by field name, as far as they were written. */
  readonly record: RegistryRecord
}

export interface Reward {
  readonly delegate: Uint8Array
  /** In the token's smallest unit. */
  readonly balance: bigint
}

/** What a page shows of a prover. */
export interface Prover {
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
  readonly status: number
  readonly availableStorage: bigint
  readonly seniority: bigint
  /** Frame of the kick or eviction; such a key never joins again. */
  readonly kickFrame?: bigint
  /** By address. */
  readonly allocations: readonly Allocation[]
  readonly reward?: Reward
}

/** One leaf of the registry's vertex adds: 64-byte key and the vertex's serialised data tree. */
export interface RegistryLeaf {
  readonly key: Uint8Array
  readonly dataTree: Uint8Array
}

/** Leaves that are no record of a prover, allocation or reward, counted by why. */
export interface Ignored {
  /** Other types, spent merges included. */
  otherType: number
  /** Not readable, a field out of its rules, or under an address that is not its own. */
  malformed: number
  /** An allocation or reward whose prover has no record. */
  orphan: number
}

/** Frames that a join or leave stays open (spec 32 section 3). */
const OPEN_FRAMES = 720n

export class Registry {
  /** Ascending by address. */
  readonly provers: readonly Prover[]
  readonly ignored: Readonly<Ignored>

  private constructor(provers: readonly Prover[], ignored: Ignored) {
    this.provers = provers
    this.ignored = ignored
  }

  /**
   * Classifies the leaves by their type. `removed`: whether a 64-byte key is in vertex removes. Never throws for what a leaf holds: a record
   * that cannot be read is no record, and is counted.
   */
  static read(
    leaves: Iterable<RegistryLeaf>,
    addresses: RegistryAddresses,
    removed: (key: Uint8Array) => boolean = () => false,
  ): Registry {
    const ignored: Ignored = { otherType: 0, malformed: 0, orphan: 0 }
    const found = {
      prover: new Map<string, Found>(),
      allocation: new Map<string, Found>(),
      reward: new Map<string, Found>(),
    }
    for (const { key, dataTree } of leaves) {
      if (removed(key)) continue
      const read = readLeaf(key, dataTree)
      if (read === 'malformed' || read === 'otherType') ignored[read] += 1
      else if (read.record.class === 'merge') ignored.otherType += 1
      else found[read.record.class].set(bytesToHex(read.address), read)
    }
    const allocations = groupByProver(found.allocation)
    const provers: Prover[] = []
    let rewards = 0
    for (const [hex, entry] of found.prover) {
      const publicKey = entry.record.fields.get('PublicKey')
      if (publicKey === undefined || bytesToHex(addresses.prover(publicKey)) !== hex) {
        ignored.malformed += 1
        continue
      }
      const reward = found.reward.get(bytesToHex(addresses.reward(entry.address)))
      if (reward) rewards += 1
      provers.push(summary(entry, publicKey, allocations.get(hex) ?? [], reward))
      allocations.delete(hex)
    }
    for (const orphans of allocations.values()) ignored.orphan += orphans.length
    ignored.orphan += found.reward.size - rewards
    return new Registry(provers.sort(byAddress), ignored)
  }

  /** Active provers with an active allocation of the filter, ascending: committees, bitmasks, shard updates. */
  activeProvers(filter: Uint8Array): Prover[] {
    return this.leaderCandidates(filter).filter(({ status }) => status === STATUS.active)
  }

  /** Provers with an active allocation of the filter, whatever their own status, ascending. */
  leaderCandidates(filter: Uint8Array): Prover[] {
    const wanted = bytesToHex(filter)
    return this.provers.filter(({ allocations }) =>
      allocations.some((item) => item.status === STATUS.active && bytesToHex(item.filter) === wanted),
    )
  }
}

/** Status of an allocation at a frame, null when it no longer counts: expired while joining or leaving, left or kicked. */
export function liveStatus({ status, record }: Pick<Allocation, 'status' | 'record'>, frame: bigint): number | null {
  if (status === STATUS.active || status === STATUS.paused) return status
  const since = SINCE[status]
  if (since === undefined) return null
  return frame <= (numberField(record, since) ?? 0n) + OPEN_FRAMES ? status : null
}

const SINCE: Readonly<Record<number, string>> = {
  [STATUS.joining]: 'JoinFrameNumber',
  [STATUS.leaving]: 'LeaveFrameNumber',
}

interface Found {
  readonly address: Uint8Array
  readonly record: RegistryRecord
}

function readLeaf(key: Uint8Array, dataTree: Uint8Array): Found | 'malformed' | 'otherType' {
  if (key.length !== 64 || !GLOBAL_DOMAIN.every((byte, index) => key[index] === byte)) return 'malformed'
  let record: ReturnType<typeof readRecord>
  try {
    record = readRecord(readTreeLeaves(dataTree))
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    return 'malformed'
  }
  if ('unknown' in record) return record.unknown === 'type' ? 'otherType' : 'malformed'
  return { address: key.slice(32), record }
}

function groupByProver(allocations: ReadonlyMap<string, Found>): Map<string, Allocation[]> {
  const groups = new Map<string, Allocation[]>()
  for (const { address, record } of allocations.values()) {
    const prover = bytesToHex(record.fields.get('Prover') ?? new Uint8Array(0))
    const filter = record.fields.get('ConfirmationFilter') ?? new Uint8Array(0)
    const allocation = { address, filter, status: statusOf(record) ?? STATUS.left, record }
    const group = groups.get(prover)
    if (group) group.push(allocation)
    else groups.set(prover, [allocation])
  }
  return groups
}

function summary(entry: Found, publicKey: Uint8Array, allocations: Allocation[], reward: Found | undefined): Prover {
  const { address, record } = entry
  const kickFrame = numberField(record, 'KickFrameNumber') ?? 0n
  const delegate = reward?.record.fields.get('DelegateAddress')
  return {
    address,
    publicKey,
    status: statusOf(record) ?? STATUS.left,
    availableStorage: numberField(record, 'AvailableStorage') ?? 0n,
    seniority: numberField(record, 'Seniority') ?? 0n,
    allocations: allocations.sort(byAddress),
    ...(kickFrame === 0n ? {} : { kickFrame }),
    ...(reward && delegate ? { reward: { delegate, balance: numberField(reward.record, 'Balance') ?? 0n } } : {}),
  }
}

function byAddress(a: { readonly address: Uint8Array }, b: { readonly address: Uint8Array }): number {
  const [x, y] = [bytesToHex(a.address), bytesToHex(b.address)]
  return x < y ? -1 : x > y ? 1 : 0
}
