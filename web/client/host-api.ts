/** What the client's worker does for the page, as plain values. */
import type { KeptAlert } from '@petal/core/light/alert-types.ts'
import type { Anchors, NetworkDescription } from '@petal/core/light/anchors.ts'
import type { DriverRefusal, DriverState } from '@petal/core/light/driver.ts'
import type { Finding, QueryOutcome, QueryWish, StoredEvidence } from '@petal/core/light/events.ts'
import type { LightLimits, TimeProofPolicy } from '@petal/core/light/policy.ts'
import type { WorkCount } from '@petal/core/light/work.ts'
import type { TransportChoice } from './dialing.ts'
import type { FollowOutcome, OnFollowing } from './follow-host.ts'
import type { FollowWish } from './follow-types.ts'
import type { OnDeliveries, PeerOutcome, PeerWish } from './gossip/wishes.ts'
import type { PageServices } from './page-services.ts'
import type { OnProgress, StateOutcome, StateWish } from './state-wishes.ts'

export interface HostOptions {
  readonly network: NetworkDescription | string
  readonly anchors: Anchors | null
  /** `page`: the embedder's own, by `PageServices`. */
  readonly store: 'memory' | 'indexeddb' | 'page'
  readonly transports: TransportChoice
  readonly timeProofs: TimeProofPolicy
  readonly limits: LightLimits
  readonly workers: number
}

export interface HostListener {
  network(description: NetworkDescription): void
  state(state: DriverState): void
  head(head: Finding): void
  frame(frame: Finding): void
  refusal(refusal: DriverRefusal): void
  evidence(evidence: StoredEvidence): void
  alert(alert: KeptAlert): void
}

export interface HostApi {
  /** Once. Resolves when it is under way; what happens then is told to `listener`. Both arguments are Comlink proxies. */
  start(options: HostOptions, page: PageServices, listener: HostListener): void
  /** `call` names the query for `cancel`. */
  query(call: number, wish: QueryWish): Promise<QueryOutcome>
  /** Reads state. `call` names it for `cancel`. `onProgress` is a Comlink proxy. */
  read(call: number, wish: StateWish, onProgress: OnProgress | null): Promise<StateOutcome>
  /** Follows the registry. `call` names it for `cancel`. `onProgress` is a Comlink proxy. */
  follow(call: number, wish: FollowWish, onProgress: OnFollowing | null): Promise<FollowOutcome>
  /** The tab as a peer. `onDeliveries` is a Comlink proxy, the same in every call. */
  peer(wish: PeerWish, onDeliveries: OnDeliveries): Promise<PeerOutcome>
  cancel(call: number): void
  head(): Finding | null
  recent(count: number): readonly Finding[]
  work(): WorkCount
  /** Newest first. */
  alerts(): Promise<readonly KeptAlert[]>
  /** False for an alert that is not known. */
  dismissAlert(digest: string): Promise<boolean>
  addAddress(address: string): void
  /** Answered at once by a worker that lives. */
  ping(): void
  stop(): Promise<void>
}
