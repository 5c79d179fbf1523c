/** What the page asks its worker to read, and what comes of it: plain values. */
import type { SchemaChoice } from '@petal/core/light/state-values.ts'
import type {
  HyperedgeValue,
  ProverList,
  ProverValue,
  ShardValue,
  StateValue,
  SyncProgress,
  VertexValue,
} from './state-types.ts'
import type { ClientErrorCode } from './types.ts'

interface Wish<Kind extends string> {
  readonly kind: Kind
  /** Frame whose header vouches; null = the newest verified one. */
  readonly frame: bigint | null
  /** Hand out also what leads to a header that does not verify. */
  readonly mark: boolean
}

export interface VerticesWish extends Wish<'vertices'> {
  readonly domain: Uint8Array
  /** 1 to 100 different ones. */
  readonly addresses: readonly Uint8Array[]
  readonly schema: SchemaChoice
}
export interface HyperedgeWish extends Wish<'hyperedge'> {
  readonly domain: Uint8Array
  readonly address: Uint8Array
}
export interface ProverWish extends Wish<'prover'> {
  readonly address: Uint8Array
}
export interface ShardWish extends Wish<'shard'> {
  readonly domain: Uint8Array
}
export type ProversWish = Wish<'provers'>

export type StateWish = VerticesWish | HyperedgeWish | ProverWish | ShardWish | ProversWish

/** What each kind of wish gives. */
export interface StateAnswers {
  /** In the order of the addresses. */
  readonly vertices: readonly StateValue<VertexValue>[]
  readonly hyperedge: StateValue<HyperedgeValue>
  readonly prover: StateValue<ProverValue>
  readonly shard: StateValue<ShardValue>
  readonly provers: ProverList
}

export type StateOutcome =
  | { readonly kind: 'read'; readonly answer: StateAnswers[keyof StateAnswers] }
  | { readonly kind: 'failed'; readonly code: ClientErrorCode; readonly reason: string }

export type OnProgress = (progress: SyncProgress) => void
