/** Words of following a committee through the registry (spec 11 section 8.4). See `follow-registry.ts`. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Crypto, HeaderFacts } from '../platform/crypto.ts'
import type { EngineCommittee, EngineRules } from '../platform/engine.ts'
import type { LightPeer } from '../platform/network.ts'
import type { SyncProgress } from '../sync/progress.ts'
import type { DriverClock } from './driver.ts'

/** A peer that is asked for headers and for the registry. Nothing of what it says is trusted. */
export type FollowSource = Pick<LightPeer, 'id' | 'address' | 'headers' | 'values'>

export type FollowCrypto = Pick<
  Crypto,
  | 'inspectHeader'
  | 'openCommittee'
  | 'closeCommittee'
  | 'verifyCertificate'
  | 'verifyTimeProof'
  | 'hashBytes'
  | 'rebuildRoot'
>

/** What the follower needs around it. */
export interface FollowHost {
  readonly crypto: FollowCrypto
  readonly clock: DriverClock
  /** Connected peers, best first. */
  peers(): readonly FollowSource[]
}

/** A member of the global committee: an active prover with an active allocation of the empty filter (spec 32 section 3). */
export interface FollowMember {
  /** P(public key), 32 bytes. */
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
  /** Seniority. */
  readonly weight: bigint
}

export interface FollowCommittee {
  /** Ascending by address: the order of bitmasks. */
  readonly members: readonly FollowMember[]
  /** W of spec 30 section 2. */
  readonly totalWeight: bigint
}

/** A header whose registry is known and was rebuilt here. */
export interface FollowedPoint {
  readonly facts: TrustedFacts
  /** As a peer sent it; null for the frame that was started from. */
  readonly header: GivenHeader | null
  readonly committee: FollowCommittee
  /** Leaves of the registry; null when only its committee is known from an earlier session. */
  readonly leaves: number | null
}

/** What is used of a trusted header. */
export type TrustedFacts = Pick<HeaderFacts, 'number' | 'rank' | 'identity' | 'proverTreeCommitment'>

/** A header that a caller has already. */
export interface GivenHeader {
  readonly bytes: Uint8Array
  /** Address of the peer that sent it. */
  readonly from: string
}

/** How the registry of a header was got: it is the trusted one, only what differs was pulled, or all of it. */
export type RegistrySource = 'unchanged' | 'difference' | 'copy' | 'held'

/**
 * Why a frame was adopted: its committee is the trusted one, member for member (then its certificate is one of the trusted committee, section
 * 8.3), or more than two thirds of the weight of the trusted committee signed it (section 8.4 step 5).
 */
export type FollowRule = 'sameCommittee' | 'twoThirds'

/** One header that was looked at, in the order of looking. */
export interface FollowStep {
  readonly number: bigint
  readonly identity: Uint8Array
  /** Trusted frame that it was held against. */
  readonly trusted: bigint
  /** `adopted`: trusted from here on. `far`: certified, but too few of the trusted committee signed. `refused`: see `reason`. */
  readonly outcome: 'adopted' | 'far' | 'refused'
  readonly code: FollowErrorCode | null
  readonly reason: string | null
  readonly rule: FollowRule | null
  /** Null when the header was refused before its registry was wanted. */
  readonly registry: RegistrySource | null
  readonly members: number | null
  /** Weight of the signers in the header's own committee, and of that committee. */
  readonly signed: { readonly weight: bigint; readonly of: bigint } | null
  /** Weight of the signers in the trusted committee, and of that committee. */
  readonly overlap: { readonly weight: bigint; readonly of: bigint } | null
  /** Address of the peer that sent the header. */
  readonly from: string
  readonly millis: number
}

/** Outcome of following up to a frame. */
export interface Followed {
  readonly point: FollowedPoint
  readonly steps: readonly FollowStep[]
  /** Bytes that peers sent for it. */
  readonly bytes: number
  readonly millis: number
}

export interface FollowProgress {
  readonly trusted: bigint
  readonly target: bigint
  /** Headers looked at. */
  readonly frames: number
  readonly bytes: number
  /** Of the copy of a registry that is on its way. */
  readonly sync: SyncProgress | null
}

export interface FollowOptions {
  readonly signal: AbortSignal
  readonly onProgress?: (progress: FollowProgress) => void
}

export type FollowErrorCode =
  | 'noRoot' // headers carry no prover root: only a pinned committee works on this network
  | 'noPeers' // nobody to ask, or nobody answers
  | 'notFound' // no peer has the header, or the registry of its root
  | 'quorum' // signed by too few of its own committee
  | 'refused' // what peers sent does not verify
  | 'committee' // the registry names no usable committee
  | 'overlap' // no way from the trusted committee to that frame
  | 'limit' // more headers or bytes than one call may cost
  | 'arguments' // a frame below the trusted one

export class FollowError extends Error {
  readonly code: FollowErrorCode
  /** What was looked at before it failed. Frames adopted among them stay trusted. */
  readonly steps: readonly FollowStep[]
  /** No honest peer sends the header that was to be followed to. */
  readonly lie: boolean
  constructor(
    code: FollowErrorCode,
    message: string,
    steps: readonly FollowStep[] = [],
    options: ErrorOptions & { readonly lie?: boolean } = {},
  ) {
    super(message, options)
    this.name = 'FollowError'
    this.code = code
    this.steps = steps
    this.lie = options.lie ?? false
  }
}

export const NO_ROOT =
  'The headers of this network carry no root of the prover registry: only a pinned committee works here (anchors with a committee).'

/** Bounds of a follower, of one call but for `heldBytes`. */
export interface FollowLimits {
  /** Headers looked at. */
  readonly frames: number
  /** Numbers that peers are asked for a header of, whether they have one or not. */
  readonly numbers: number
  /** Bytes that one peer may send. */
  readonly bytesPerPeer: number
  /** Time for one answer. */
  readonly askMillis: number
  /** Memory of all registries that a follower holds between its calls; of those that do not fit only the committee is kept. */
  readonly heldBytes: number
  /** Lies after which a peer is not asked any more in this call. */
  readonly strikes: number
}

export const FOLLOW_LIMITS: FollowLimits = {
  frames: 256,
  numbers: 1024,
  bytesPerPeer: 256 << 20,
  askMillis: 15_000,
  heldBytes: 64 << 20,
  strikes: 3,
}

export interface FollowRules {
  readonly rules: EngineRules
  readonly limits?: Partial<FollowLimits>
}

/** What a follower starts from. The caller vouches for the header's identity. */
export interface FollowStart extends FollowRules {
  readonly header: Uint8Array
  /**
   * The caller vouches for all bytes of the header, not only for its identity: no time proof is asked for. For a header that came with the
   * anchors; the genesis of a network has none.
   */
  readonly wholeHeader: boolean
}

/** The committee as an engine opens it: threshold floor(2W/3). */
export const engineCommittee = ({ members }: FollowCommittee): EngineCommittee => ({
  members: members.map(({ publicKey, weight }) => ({ publicKey: bytesToHex(publicKey), weight: `${weight}` })),
  threshold: null,
})
