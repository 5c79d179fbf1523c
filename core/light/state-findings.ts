/** What reading state finds: values with their chain of proofs, or why there are none. */
import type { HeaderFacts } from '../platform/crypto.ts'
import type { Finding } from './events.ts'

/** One step of a chain of proofs, as the page draws it. */
export interface ProofStep {
  /** `value`: leaf in the tree of its set; `shard`: root of the set in a global tree; `header`: that commitment in a verified header. */
  readonly name: 'value' | 'shard' | 'header'
  readonly ok: boolean
  readonly reason: string | null
  /** Rule in docs/protocol. */
  readonly section: string
  /** What the step leads to: a root or an identity. */
  readonly to: Uint8Array
  readonly millis: number | null
}

export interface ValueFinding {
  readonly address: Uint8Array
  /** Stored bytes (leaf rule B) or the hash target (rule A); null when absent. */
  readonly value: Uint8Array | null
  /** The value is proved to be in the adds tree. False for an absent value: nothing proves absence. */
  readonly proven: boolean
  /** `no`: proved by an empty removes tree; `unproven`: nobody can prove it. */
  readonly removed: 'no' | 'unproven'
}

export interface StateFinding {
  /** Header whose commitments the proofs lead to. */
  readonly header: Finding
  readonly frame: bigint
  readonly values: readonly ValueFinding[]
  readonly steps: readonly ProofStep[]
  /** Root of the set. */
  readonly root: Uint8Array
  /** Index of the global tree; null for the prover registry, whose root is in the header. */
  readonly tree: number | null
  readonly proofBytes: number
  readonly from: string
  readonly millis: number
}

export interface ShardFinding {
  readonly header: Finding
  readonly frame: bigint
  /** Four roots in phase order. */
  readonly roots: readonly Uint8Array[]
  readonly tree: number
  readonly steps: readonly ProofStep[]
  readonly proofBytes: number
  readonly from: string
  readonly millis: number
}

export type StateReadErrorCode =
  | 'noHead' // no verified header yet
  | 'noPeers' // no connected peer serves state
  | 'notFound' // no peer holds the state of that frame
  | 'refused' // what peers sent does not verify
  | 'arguments'

export class StateReadError extends Error {
  readonly code: StateReadErrorCode
  constructor(code: StateReadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StateReadError'
    this.code = code
  }
}

/** Facts of a header that vouches. Throws `StateReadError` `noHead`. */
export function factsOf({ facts }: Finding): HeaderFacts {
  if (facts === null) throw new StateReadError('noHead', 'That frame is not verified.')
  return facts
}
