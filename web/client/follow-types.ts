/** Public types of following the committee through the registry (docs/embed, docs/decisions/0010-following-the-registry.md). */
import type { Verified } from './types.ts'

export interface CommitteeMember {
  /** P(public key), hex. */
  readonly address: string
  /** Hex. */
  readonly publicKey: string
  /** Seniority. */
  readonly weight: bigint
}

/** Weight of the signers, of the whole weight of a committee. */
export interface SignedShare {
  readonly weight: bigint
  readonly of: bigint
}

/** One header that was looked at on the way, in the order of looking. */
export interface FollowedStep {
  readonly frame: bigint
  /** Identity, hex. */
  readonly identity: string
  /** Frame whose committee it was held against. */
  readonly trusted: bigint
  /** `adopted`: trusted from here on. `far`: certified, but too few of the trusted committee signed it. `refused`: see `reason`. */
  readonly outcome: 'adopted' | 'far' | 'refused'
  readonly reason: string | null
  /** Why it was adopted: the committee is the same, or more than two thirds of the trusted weight signed. */
  readonly rule: 'sameCommittee' | 'twoThirds' | null
  /** How its registry was got; null when it was refused before. */
  readonly registry: 'unchanged' | 'difference' | 'copy' | 'held' | null
  readonly members: number | null
  /** In its own committee. */
  readonly signed: SignedShare | null
  /** In the trusted committee. */
  readonly overlap: SignedShare | null
  /** Address of the node that sent it. */
  readonly from: string
  readonly millis: number
}

/** The committee of a frame as its registry names it, rebuilt and checked here. */
export interface FollowedCommittee {
  /** Ascending by address: the order of bitmasks. */
  readonly members: readonly CommitteeMember[]
  readonly totalWeight: bigint
  /** Least weight of a certificate: two thirds, rounded down. */
  readonly threshold: bigint
  /** Root of the registry in the header, hex. */
  readonly registryRoot: string
  /** Leaves of the registry. */
  readonly leaves: number
  readonly steps: readonly FollowedStep[]
  /** Bytes that nodes sent for the steps. */
  readonly bytes: number
}

export interface FollowingProgress {
  readonly trusted: bigint
  readonly target: bigint
  /** Headers looked at. */
  readonly frames: number
  readonly bytes: number
}

export interface FollowRegistryOptions {
  /** Default: the newest verified frame, else the newest one that nodes offer. */
  readonly frame?: bigint
  /**
   * Bytes of a header to start from, which the caller vouches for: its time proof is checked (of the genesis, whose identity the rules of the
   * network name, nothing can be). Default: where the call before ended, else a frame that this client verified.
   */
  readonly from?: Uint8Array
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: FollowingProgress) => void
}

export interface RegistryFollowing {
  /**
   * Follows the committee from a trusted header to a frame by what the registry says, beside what this client does by itself: each committee must be
   * vouched for by the one before. Nodes keep the registries of about 64 frames. Rejects with `ClientError`: `refused` (no way that verifies, or
   * too long a way: its text says which), `notFound` (no node has the header or its registry, or headers carry no root of the registry: then
   * only a pinned committee works), `noPeers`, `arguments`, `stopped`, `engine`.
   */
  followRegistry(options?: FollowRegistryOptions): Promise<Verified<FollowedCommittee>>
}

/** What the page asks its worker. */
export interface FollowWish {
  readonly frame: bigint | null
  readonly from: Uint8Array | null
}
