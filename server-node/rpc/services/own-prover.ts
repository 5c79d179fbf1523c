/** What the registry in the state says of one prover: seniority and allocations, for NodeInfo (spec 51 section 5, spec 32 section 2). */
import type { State } from '@petal/core/platform/state.ts'
import {
  numberField,
  proverHyperedgeLocation,
  type RegistryRecord,
  readProverHyperedge,
  recordLocation,
  STATUS,
  statusOf,
} from '@petal/core/registry/index.ts'
import { recordOf } from '../provers.ts'

/** Frame numbers are 0 where none was written. */
export interface ProverAllocation {
  readonly filter: Uint8Array
  readonly status: number
  readonly joinFrameNumber: bigint
  readonly joinConfirmFrameNumber: bigint
  readonly leaveFrameNumber: bigint
  readonly lastActiveFrameNumber: bigint
}

export interface OwnProver {
  readonly seniority: bigint
  readonly allocations: readonly ProverAllocation[]
}

/** Allocations that are read. */
const MOST_ALLOCATIONS = 1_024

/** Null when there is no such prover. Rejects with `StateError`. */
export async function readOwnProver(state: Pick<State, 'get'>, address: Uint8Array): Promise<OwnProver | null> {
  const read = async (at: Uint8Array): Promise<RegistryRecord | null> => {
    const value = await state.get(recordLocation(at))
    return value === undefined ? null : recordOf(value)
  }
  const prover = await read(address)
  if (prover?.class !== 'prover') return null
  const hyperedge = await state.get(proverHyperedgeLocation(address))
  const addresses = hyperedge === undefined ? [] : readProverHyperedge(address, hyperedge)
  const allocations: ProverAllocation[] = []
  for (const at of addresses.slice(0, MOST_ALLOCATIONS)) {
    const record = await read(at)
    if (record?.class === 'allocation') allocations.push(allocationOf(record))
  }
  return { seniority: numberField(prover, 'Seniority') ?? 0n, allocations }
}

function allocationOf(record: RegistryRecord): ProverAllocation {
  const frame = (name: string) => numberField(record, name) ?? 0n
  return {
    filter: record.fields.get('ConfirmationFilter') ?? new Uint8Array(0),
    status: statusOf(record) ?? STATUS.left,
    joinFrameNumber: frame('JoinFrameNumber'),
    joinConfirmFrameNumber: frame('JoinConfirmFrameNumber'),
    leaveFrameNumber: frame('LeaveFrameNumber'),
    lastActiveFrameNumber: frame('LastActiveFrameNumber'),
  }
}
