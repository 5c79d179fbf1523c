/** Proven records of the prover registry (spec 32 sections 1, 2): one prover with three values, or all of them from a full copy. */
import type { Crypto } from '../platform/crypto.ts'
import type { ServedLeaf } from '../platform/state.ts'
import {
  type Allocation,
  type Prover,
  PUBLIC_KEY_BYTES,
  Registry,
  RegistryAddresses,
  type RegistryLeaf,
} from '../registry/index.ts'
import { atomId, GLOBAL_DOMAIN } from '../state/index.ts'
import { registryTarget } from '../sync/index.ts'
import type { SyncProgress } from '../sync/progress.ts'
import type { DriverClock } from './driver.ts'
import type { Finding } from './events.ts'
import { knownHashes } from './known-hashes.ts'
import { pullTree } from './registry-pull.ts'
import type { StateFinding, StateReader, StateSource } from './state-reads.ts'
import { treeLeaves } from './state-values.ts'

/** Key of the first field of a prover: its public key. */
const PUBLIC_KEY_FIELD = 0
const GLOBAL_FILTER = new Uint8Array(0)

export interface ProverReading {
  readonly finding: StateFinding
  /** Null when nothing is at its address, or no record of a prover: see the first value of the finding. */
  readonly prover: Prover | null
}

export interface RegistryReading {
  readonly header: Finding
  readonly frame: bigint
  /** In the header, and of the tree that was rebuilt from the leaves. */
  readonly root: Uint8Array
  readonly provers: readonly Prover[]
  readonly leaves: number
  readonly bytes: number
  readonly from: readonly string[]
  readonly millis: number
}

export interface RegistryReadsParts {
  readonly reader: StateReader
  readonly crypto: Pick<Crypto, 'hashBytes' | 'rebuildRoot'>
  readonly clock: DriverClock
  peers(): readonly StateSource[]
}

export class RegistryReads {
  readonly #parts: RegistryReadsParts

  constructor(parts: RegistryReadsParts) {
    this.#parts = parts
  }

  /** A prover with its global allocation and its reward. Its address is P(public key). Rejects like `StateReader.values`. */
  async prover(address: Uint8Array, frame: bigint | null, signal: AbortSignal): Promise<ProverReading> {
    const { reader, crypto } = this.#parts
    const first = await reader.values('vertex', GLOBAL_DOMAIN, [address], frame, signal)
    const key = publicKeyOf(first.values[0]?.value ?? null)
    if (key === null) return { finding: first, prover: null }
    const addresses = new RegistryAddresses(await knownHashes(crypto, messagesOf(address, key), signal))
    const wanted = [address, addresses.allocation(key, GLOBAL_FILTER), addresses.reward(address)]
    const finding = await reader.values('vertex', GLOBAL_DOMAIN, wanted, first.frame, signal)
    const leaves = finding.values.flatMap(({ address: at, value }) =>
      value === null ? [] : [{ key: atomId(GLOBAL_DOMAIN, at), dataTree: value }],
    )
    return { finding, prover: Registry.read(leaves, addresses).provers[0] ?? null }
  }

  /** All provers. Rejects with `TreePullError` too. */
  async provers(
    frame: bigint | null,
    signal: AbortSignal,
    onProgress?: (progress: SyncProgress) => void,
  ): Promise<RegistryReading> {
    const { reader, crypto, clock } = this.#parts
    const start = clock.now()
    const { header, facts } = await reader.header(frame, signal)
    const root = facts.proverTreeCommitment
    const target = registryTarget(root)
    const { leaves, from } = await pullTree({ target, peers: this.#parts.peers(), crypto, clock, signal, onProgress })
    const records = leaves.map(recordOf)
    const hash = await knownHashes(crypto, records.flatMap(proverMessages), signal)
    return {
      header,
      frame: facts.number,
      root,
      provers: Registry.read(records, new RegistryAddresses(hash)).provers,
      leaves: leaves.length,
      bytes: leaves.reduce((sum, { value, underlyingData }) => sum + value.length + underlyingData.length, 0),
      from,
      millis: clock.now() - start,
    }
  }
}

/** Frame numbers of an allocation by field name, as far as they were written. */
export function allocationFrames({ record }: Allocation): Readonly<Record<string, bigint>> {
  const frames: Record<string, bigint> = {}
  for (const [name, value] of record.fields) {
    if (name.endsWith('FrameNumber') && value.length === 8)
      frames[name] = new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0)
  }
  return frames
}

/** A pulled leaf as a record. Under leaf rule A the data tree stands beside the leaf, and its root was compared with what the leaf hashes. */
export function recordOf({ key, value, hashTarget, underlyingData }: ServedLeaf): RegistryLeaf {
  return { key, dataTree: hashTarget.length > 0 ? underlyingData : value }
}

function publicKeyOf(value: Uint8Array | null): Uint8Array | null {
  const field = treeLeaves(value)?.find(({ key }) => key.length === 1 && key[0] === PUBLIC_KEY_FIELD)
  return field?.value ?? null
}

/** What `Registry.read` hashes when this is the record of a prover. */
function proverMessages({ key, dataTree }: RegistryLeaf): readonly Uint8Array[] {
  const publicKey = publicKeyOf(dataTree)
  return publicKey?.length === PUBLIC_KEY_BYTES ? messagesOf(key.subarray(32), publicKey) : []
}

/** What `RegistryAddresses` hashes for a prover, its global allocation and its reward. */
function messagesOf(address: Uint8Array, publicKey: Uint8Array): readonly Uint8Array[] {
  const messages: Uint8Array[] = []
  const collect = new RegistryAddresses((message) => {
    messages.push(message)
    return new Uint8Array(32)
  })
  collect.prover(publicKey)
  collect.allocation(publicKey, GLOBAL_FILTER)
  collect.reward(address)
  return messages
}
