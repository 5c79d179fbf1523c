/**
 * What the light client machine is told (`LightEvent`) and what it asks for (`LightEffect`). A driver performs the effects; everything
 * that answers an effect carries its id, and may come late, twice or never.
 */
import type { CertificateVerdict, Check, CryptoErrorCode, HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { PeerErrorCode, PeerHello } from '../platform/network.ts'
import type { Durability, StoreOperation } from '../platform/store.ts'
import type { NetworkDescription } from './anchors.ts'
import type { GivenHeader } from './follow-registry-types.ts'
import type { LightLimits, TimeProofPolicy } from './policy.ts'

export interface LightConfig {
  /** With the anchors that are to be used. */
  readonly description: NetworkDescription
  readonly timeProofs: TimeProofPolicy
  readonly limits: LightLimits
  /** Numbers in [0, 1): which heads are sampled. */
  readonly random: () => number
}

/** Names one connection for its whole life; a new connection to the same address has a new one. */
export type PeerKey = number

export type Question =
  | { readonly kind: 'hello' }
  | { readonly kind: 'head' }
  | { readonly kind: 'headers'; readonly from: bigint; readonly count: number }

export type Answer =
  | { readonly kind: 'hello'; readonly hello: PeerHello }
  | { readonly kind: 'headers'; readonly headers: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly code: PeerErrorCode; readonly reason: string }

export type Task =
  | { readonly kind: 'openCommittee' }
  | { readonly kind: 'inspect'; readonly header: Uint8Array }
  /** `root`: of the registry whose committee it is verified with, hex; empty for the pinned committee. */
  | { readonly kind: 'certificate'; readonly header: Uint8Array; readonly root: string }
  | { readonly kind: 'timeProof'; readonly header: Uint8Array }

export type TaskResult =
  | { readonly kind: 'openCommittee' }
  | { readonly kind: 'inspect'; readonly facts: HeaderFacts }
  | { readonly kind: 'certificate'; readonly verdict: CertificateVerdict }
  | { readonly kind: 'timeProof'; readonly check: Check }
  | { readonly kind: 'failed'; readonly code: CryptoErrorCode; readonly reason: string }

/** A header with what was found out about it. */
export interface Finding {
  readonly bytes: Uint8Array
  /** null when the bytes are no header. */
  readonly facts: HeaderFacts | null
  readonly checks: readonly Check[]
  /** `certificate`: all but the time proof; `full`: that too; false: see `reason`. */
  readonly verified: 'certificate' | 'full' | false
  readonly reason: string | null
  readonly millis: number
  /** Address of the peer that sent it, or `gossip`; null = own store or the caller. */
  readonly from: string | null
  readonly verifiedAt: Millis
}

/** A header as the store keeps it. */
export interface StoredHeader {
  readonly bytes: Uint8Array
  readonly timeProof: boolean
}

export interface StoredEvidence {
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly frame: bigint
  readonly reason: string
  readonly at: Millis
}

/** A frame that the registry was followed to, and its committee, as the store keeps them. */
export interface StoredCommittee {
  /** Number, identity and given root of the checkpoint that it was followed from: under other anchors it says nothing. */
  readonly checkpoint: string
  readonly frame: bigint
  readonly rank: bigint
  /** Hex. */
  readonly identity: string
  /** Of the registry, hex. */
  readonly root: string
  /** Keys in hex, weights in decimal. */
  readonly members: readonly { readonly publicKey: string; readonly weight: string }[]
}

/** Number and bytes of a stored header. */
export type StoredSize = readonly [bigint, number]

/** What a driver finds in the store before it starts the machine. */
export interface StoredState {
  /** The newest headers, newest first. */
  readonly newest: readonly StoredHeader[]
  readonly evidence: StoredEvidence | null
}

export type QueryWish =
  | { readonly kind: 'header'; readonly number: bigint }
  /** A checkpoint as `checkpoint.ts` reads it. */
  | { readonly kind: 'import'; readonly header: Uint8Array }
  /** A header that gossip brought. Nobody is to blame for it, and it says nothing about what others send. */
  | { readonly kind: 'hint'; readonly header: Uint8Array }
  /** Bytes to be checked and not kept. */
  | { readonly kind: 'check'; readonly header: Uint8Array; readonly timeProof: boolean }

export type QueryOutcome =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'failed'; readonly code: 'notFound' | 'noPeers' | 'halted' | 'engine'; readonly reason: string }

/** A frame whose registry was followed to: its committee is known (spec 11 section 8.4). */
export interface CommitteePoint {
  readonly frame: bigint
  /** Root of its registry, hex. */
  readonly root: string
  readonly members: number
  /** The header that was adopted last, with its time proof checked; null for what was started from. */
  readonly header: GivenHeader | null
}

/**
 * Why following did not come to a header. `lie`: no honest peer sends it; `open`: it may be tried again; `useless`: it was tried often enough, and
 * frames of other peers verify.
 */
export interface FollowFailure {
  readonly verdict: 'lie' | 'quorum' | 'open' | 'useless'
  readonly reason: string
}

export type LightEvent =
  | {
      readonly kind: 'start'
      readonly stored: StoredState | null
      readonly note: string | null
      /** What an earlier session followed to from the same checkpoint. */
      readonly committee?: CommitteePoint
    }
  /** `point`: what is trusted now, also when the way ended before the header. */
  | {
      readonly kind: 'followed'
      readonly follow: number
      readonly point: CommitteePoint | null
      readonly failure: FollowFailure | null
    }
  /** What else is in the store, told some time after the start: the oldest go when there is too much. */
  | { readonly kind: 'stored'; readonly sizes: readonly StoredSize[] }
  | { readonly kind: 'wake' }
  | { readonly kind: 'addAddress'; readonly address: string }
  | { readonly kind: 'connected'; readonly peer: PeerKey; readonly id: string; readonly transport: string }
  | { readonly kind: 'dialFailed'; readonly peer: PeerKey; readonly reason: string }
  /** `misdeed`: because of what the peer sent, which is not the protocol. */
  | { readonly kind: 'disconnected'; readonly peer: PeerKey; readonly reason: string; readonly misdeed?: true }
  | { readonly kind: 'announced'; readonly peer: PeerKey; readonly header: Uint8Array }
  /** Alerts that the peer knows, newest first: once after the subscription began, then each later one. */
  | { readonly kind: 'alerted'; readonly peer: PeerKey; readonly alerts: readonly Uint8Array[] }
  /** `lie`: what is wrong with them; the rest is known and kept. */
  | { readonly kind: 'alertsJudged'; readonly peer: PeerKey; readonly lie: string | null }
  | { readonly kind: 'answered'; readonly ask: number; readonly answer: Answer }
  | { readonly kind: 'computed'; readonly job: number; readonly result: TaskResult }
  | { readonly kind: 'persisted'; readonly batch: number }
  | { readonly kind: 'persistFailed'; readonly batch: number; readonly reason: string }
  | { readonly kind: 'loaded'; readonly load: number; readonly stored: StoredHeader | null }
  | { readonly kind: 'query'; readonly query: number; readonly wish: QueryWish }
  | { readonly kind: 'cancelQuery'; readonly query: number }
  | { readonly kind: 'stop' }

export type LightEffect =
  | { readonly kind: 'dial'; readonly peer: PeerKey; readonly address: string; readonly timeoutMillis: number }
  | { readonly kind: 'hangUp'; readonly peer: PeerKey }
  | {
      readonly kind: 'ask'
      readonly ask: number
      readonly peer: PeerKey
      readonly question: Question
      readonly timeoutMillis: number
    }
  /** Every head that the peer announces is an event `announced`; the end of the subscription is `disconnected`. */
  | { readonly kind: 'subscribe'; readonly peer: PeerKey }
  /** Verify these alerts and keep what is new. */
  | { readonly kind: 'judgeAlerts'; readonly peer: PeerKey; readonly alerts: readonly Uint8Array[] }
  | { readonly kind: 'compute'; readonly job: number; readonly task: Task }
  | { readonly kind: 'cancel'; readonly job: number }
  /** Follow the registry to that header; null: take the registry at the checkpoint. */
  | { readonly kind: 'follow'; readonly follow: number; readonly header: GivenHeader | null }
  /** No outcome of that is waited for. */
  | { readonly kind: 'callOff'; readonly follow: number }
  | {
      readonly kind: 'persist'
      readonly batch: number
      readonly operations: readonly StoreOperation[]
      readonly durability: Durability
    }
  | { readonly kind: 'load'; readonly load: number; readonly number: bigint }
  /** Send `wake` at that time; replaces the earlier wish. */
  | { readonly kind: 'wake'; readonly at: Millis }
  | { readonly kind: 'state'; readonly state: LightState }
  /** The newest verified frame is another one, or its time proof holds now too. */
  | { readonly kind: 'head'; readonly head: Finding }
  /** The same for a frame below the newest. */
  | { readonly kind: 'frame'; readonly frame: Finding }
  | {
      readonly kind: 'refusal'
      readonly frame: bigint | null
      readonly from: string
      readonly reason: string
      readonly checks: readonly Check[]
    }
  | { readonly kind: 'evidence'; readonly evidence: StoredEvidence }
  | { readonly kind: 'answer'; readonly query: number; readonly outcome: QueryOutcome }

export type LightPhase = 'idle' | 'connecting' | 'anchoring' | 'verifying' | 'ready' | 'degraded' | 'halted' | 'stopped'

/** What is so, why, and what comes next. */
export interface LightState {
  readonly phase: LightPhase
  readonly at: bigint | null
  readonly target: bigint | null
  readonly peers: readonly LightPeerState[]
  readonly committee: CommitteeState
  readonly health: 'ok' | 'stalled'
  readonly reason: string
  readonly next: string
  /** Why it is halted, for programs; null otherwise. */
  readonly halt: HaltCause | null
}

/** Which committee frames are verified with. */
export interface CommitteeState {
  /** `registry`: derived from the prover registry, as the headers commit to it. */
  readonly origin: 'pinned' | 'registry'
  /** Frame whose registry names it; null for a pinned one, and while none is known. */
  readonly frame: bigint | null
  /** null while none is known. */
  readonly members: number | null
  /** Newest frame that nodes offer and that waits for its committee: nothing is verified of it. */
  readonly pending: bigint | null
  /** Why nothing, or not that frame, can be verified yet. */
  readonly reason: string | null
}

export type HaltCause = 'anchors' | 'engine' | 'evidence'

export interface LightPeerState {
  /** Connection, or null while there is none. */
  readonly peer: PeerKey | null
  readonly id: string
  readonly address: string
  readonly transport: string
  readonly status: 'connecting' | 'connected' | 'failed'
  readonly reason: string | null
}
