/** What is said of one header while a registry is followed, and what it is held against. See `follow-registry.ts`. */
import type { HeaderFacts } from '../platform/crypto.ts'
import type { HeldRegistry } from './follow-registry-tree.ts'
import type {
  FollowCommittee,
  FollowErrorCode,
  FollowRule,
  FollowStep,
  GivenHeader,
  TrustedFacts,
} from './follow-registry-types.ts'

export interface KnownRegistry {
  readonly root: Uint8Array
  /** Null when only its committee was kept. */
  readonly tree: HeldRegistry | null
  /** How many; null when that was not kept either. */
  readonly leaves: number | null
  readonly committee: FollowCommittee
}

export interface Trusted {
  readonly facts: TrustedFacts
  /** Null for a frame that it started from. */
  readonly header: GivenHeader | null
  readonly registry: KnownRegistry
}

/** A header as a peer sent it. */
export interface Candidate {
  readonly facts: HeaderFacts
  readonly bytes: Uint8Array
  readonly from: { readonly id: string; readonly address: string }
}

export type Findings = Pick<FollowStep, 'registry' | 'members' | 'signed' | 'overlap'>
export type Judged = Findings &
  (
    | { readonly outcome: 'adopted'; readonly rule: FollowRule; readonly trusted: Trusted }
    | {
        readonly outcome: 'far' | 'refused'
        readonly code: FollowErrorCode
        readonly reason: string
        /** What no honest peer sends. */
        readonly lie: boolean
      }
  )

export const NOTHING_FOUND: Findings = { registry: null, members: null, signed: null, overlap: null }

export function refused(code: FollowErrorCode, reason: string, lie: boolean, found: Findings = NOTHING_FOUND): Judged {
  return { outcome: 'refused', code, reason, lie, ...found }
}

/** Which of several outcomes without a frame to adopt is told: the one that says most about the network. */
const TELLING: readonly FollowErrorCode[] = [
  'noPeers',
  'notFound',
  'refused',
  'committee',
  'noRoot',
  'quorum',
  'overlap',
]

export function better(best: Judged | null, other: Judged): Judged {
  const worth = (judged: Judged) => (judged.outcome === 'adopted' ? TELLING.length : TELLING.indexOf(judged.code))
  return best === null || worth(other) >= worth(best) ? other : best
}

/** What the outside sees. */
export function stepOf({ facts, from }: Candidate, trusted: bigint, judged: Judged, millis: number): FollowStep {
  const { outcome, registry, members, signed, overlap } = judged
  const adopted = judged.outcome === 'adopted'
  return {
    number: facts.number,
    identity: facts.identity,
    trusted,
    outcome,
    code: adopted ? null : judged.code,
    reason: adopted ? null : judged.reason,
    rule: adopted ? judged.rule : null,
    registry,
    members,
    signed,
    overlap,
    from: from.address,
    millis,
  }
}
