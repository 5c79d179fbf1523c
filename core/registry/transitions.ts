/**
 * What each step of a prover's life writes (spec 32 sections 5 to 8), as the current release does it. Windows, signatures and proofs are the
 * business of whoever lets a request through; here only the status decides.
 */
import { STATUS } from './classes.ts'
import { numberField, type RegistryRecord, record, statusOf, u64Bytes, withFields } from './record.ts'

/** `activity`: the prover took part in a frame of the shard. */
export type Step = 'confirm' | 'reject' | 'leave' | 'pause' | 'resume' | 'kick' | 'activity'

/** Status after the step (absent: unchanged) and the frame fields that are set. */
interface Effect {
  readonly status?: number
  readonly frames: readonly string[]
}

const REJOINED: Effect = { status: STATUS.active, frames: ['LeaveRejectFrameNumber', 'LastActiveFrameNumber'] }
const LEAVES: Effect = { status: STATUS.leaving, frames: ['LeaveFrameNumber'] }

/** Step -> status before -> effect; `any` where the status does not matter. */
const EFFECTS: Readonly<Record<Step, { readonly any?: Effect; readonly [status: number]: Effect }>> = {
  confirm: {
    [STATUS.joining]: { status: STATUS.active, frames: ['JoinConfirmFrameNumber', 'LastActiveFrameNumber'] },
    [STATUS.leaving]: { status: STATUS.left, frames: ['LeaveConfirmFrameNumber'] },
  },
  reject: {
    [STATUS.joining]: { status: STATUS.left, frames: ['JoinRejectFrameNumber'] },
    [STATUS.leaving]: REJOINED,
  },
  leave: { [STATUS.active]: LEAVES, [STATUS.paused]: LEAVES },
  pause: { [STATUS.active]: { status: STATUS.paused, frames: ['PauseFrameNumber'] } },
  resume: { [STATUS.paused]: { status: STATUS.active, frames: ['ResumeFrameNumber'] } },
  kick: { any: { status: STATUS.left, frames: ['KickFrameNumber'] } },
  activity: { any: { frames: ['LastActiveFrameNumber'] } },
}

const statusField = (status: number) => ({ Status: Uint8Array.of(status) })

/** The allocation after the step in executing frame `frame`; null when its status does not allow the step. */
export function stepAllocation(allocation: RegistryRecord, step: Step, frame: bigint): RegistryRecord | null {
  const effects = EFFECTS[step]
  const effect = effects.any ?? effects[statusOf(allocation) ?? -1]
  if (effect === undefined) return null
  const number = u64Bytes(frame)
  return withFields(allocation, {
    ...(effect.status === undefined ? {} : statusField(effect.status)),
    ...Object.fromEntries(effect.frames.map((name) => [name, number])),
  })
}

/** The prover after a step of one of its allocations: it takes over that allocation's status; a kick also takes the seniority. */
export function stepProver(
  prover: RegistryRecord,
  allocation: RegistryRecord,
  step: Step,
  frame: bigint,
): RegistryRecord {
  if (step === 'activity') return prover
  if (step === 'kick')
    return withFields(prover, {
      ...statusField(STATUS.left),
      KickFrameNumber: u64Bytes(frame),
      Seniority: u64Bytes(0n),
    })
  return withFields(prover, statusField(statusOf(allocation) ?? STATUS.left))
}

/**
 * Status of a prover by its allocations: active, else joining, leaving, paused, else left. The older component's rule; the current release
 * does not apply it (spec 32 section 7).
 */
export function aggregateStatus(statuses: readonly number[]): number {
  const order = [STATUS.active, STATUS.joining, STATUS.leaving, STATUS.paused]
  return order.find((status) => statuses.includes(status)) ?? STATUS.left
}

/** Record of a prover who joins. `existing`: the record it replaces, whose seniority is kept when it is higher. */
export const joinedProver = (publicKey: Uint8Array, seniority: bigint, existing?: RegistryRecord): RegistryRecord => {
  const before = existing === undefined ? 0n : (numberField(existing, 'Seniority') ?? 0n)
  return record('prover', {
    PublicKey: publicKey,
    ...statusField(STATUS.joining),
    AvailableStorage: u64Bytes(0n),
    Seniority: u64Bytes(seniority > before ? seniority : before),
  })
}

/** Record of an allocation that a join makes; `frame` is the executing frame. */
export const joinedAllocation = (proverAddress: Uint8Array, filter: Uint8Array, frame: bigint): RegistryRecord =>
  record('allocation', {
    Prover: proverAddress,
    ...statusField(STATUS.joining),
    ConfirmationFilter: filter,
    JoinFrameNumber: u64Bytes(frame),
  })

/** Record of rewards with nothing in it. */
export const newReward = (delegate: Uint8Array): RegistryRecord =>
  record('reward', { DelegateAddress: delegate, Balance: new Uint8Array(32) })

/** Adds to a balance; null when it would pass 2^256 - 1. */
export function creditReward(reward: RegistryRecord, amount: bigint): RegistryRecord | null {
  const balance = (numberField(reward, 'Balance') ?? 0n) + amount
  if (amount < 0n || balance >= 1n << 256n) return null
  const bytes = new Uint8Array(32)
  for (let index = 31, left = balance; left > 0n; index--, left >>= 8n) bytes[index] = Number(left & 0xffn)
  return withFields(reward, { Balance: bytes })
}

/** Marker of a merged key. */
export const spentMerge = (proverAddress: Uint8Array): RegistryRecord =>
  record('merge', { ProverAddress: proverAddress })
