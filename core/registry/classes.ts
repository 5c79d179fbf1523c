/** Classes of the global registry and their fields (spec 32 section 2, spec 41 section 5.2). */
import { hexToBytes } from '@noble/hashes/utils.js'

export type ClassName = 'prover' | 'allocation' | 'reward' | 'merge'

/** Lengths that a field may have: exactly `bytes`, or up to it for filters. */
export interface FieldRule {
  readonly order: number
  readonly bytes: number
  readonly shorter?: boolean
}

export interface RecordClass {
  /** Prefixed class name of the registry's schema. */
  readonly name: string
  /** P(ff x 32 || name). */
  readonly typeHash: Uint8Array
  readonly fields: Readonly<Record<string, FieldRule>>
}

const frames = (first: number, ...names: readonly string[]): Record<string, FieldRule> =>
  Object.fromEntries(names.map((name, index) => [name, { order: first + index, bytes: 8 }]))

export const CLASSES: Readonly<Record<ClassName, RecordClass>> = {
  prover: {
    name: 'prover:Prover',
    typeHash: hexToBytes('2799018a52e2a068998ed0cdad60e86012f32b8df0d305999f5367e1098bdaec'),
    fields: {
      PublicKey: { order: 0, bytes: 585 },
      Status: { order: 1, bytes: 1 },
      AvailableStorage: { order: 2, bytes: 8 },
      Seniority: { order: 3, bytes: 8 },
      KickFrameNumber: { order: 4, bytes: 8 },
    },
  },
  allocation: {
    name: 'allocation:ProverAllocation',
    typeHash: hexToBytes('17fa31028287551978abcbc31450b1b14be43c09bec90d7d9fb00ecd5956cf38'),
    fields: {
      Prover: { order: 0, bytes: 32 },
      Status: { order: 1, bytes: 1 },
      ConfirmationFilter: { order: 2, bytes: 64, shorter: true },
      RejectionFilter: { order: 3, bytes: 64, shorter: true },
      ...frames(4, 'JoinFrameNumber', 'LeaveFrameNumber', 'PauseFrameNumber', 'ResumeFrameNumber', 'KickFrameNumber'),
      ...frames(9, 'JoinConfirmFrameNumber', 'JoinRejectFrameNumber'),
      ...frames(11, 'LeaveConfirmFrameNumber', 'LeaveRejectFrameNumber', 'LastActiveFrameNumber'),
    },
  },
  reward: {
    name: 'reward:ProverReward',
    typeHash: hexToBytes('04b10a01844411bb0c390f4cd2629b48cc7ef561455c3adac5ebcbad3834bfa4'),
    fields: { DelegateAddress: { order: 0, bytes: 32 }, Balance: { order: 1, bytes: 32 } },
  },
  merge: {
    name: 'merge:SpentMerge',
    typeHash: hexToBytes('232e0db1e410f36fbaa062ab6e51fa0b361621ee141be86b5be135d7744577f9'),
    fields: { ProverAddress: { order: 0, bytes: 32 } },
  },
}

/** Status byte of provers and allocations. */
export const STATUS = { joining: 0, active: 1, paused: 2, leaving: 3, left: 4, kicked: 5 } as const

/** Length of a BLS48-581 public key. */
export const PUBLIC_KEY_BYTES = 585
