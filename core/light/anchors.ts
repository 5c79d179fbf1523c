/**
 * What a light client starts from (spec 11 section 8): pinned committee, threshold, checkpoint and network rules, with their age.
 * Delivered as configuration: `network.json` of the origin that serves the page, or given by the embedder.
 */
import type { EngineCommittee, EngineRules } from '../platform/engine.ts'

/** A point of the chain that is trusted without proof. */
export interface Checkpoint {
  /** Decimal frame number. */
  readonly number: string
  /** Identity of that frame, 64 hex digits. */
  readonly identity: string
  /** Decimal rank. */
  readonly rank: string
  /** Decimal milliseconds since the epoch. */
  readonly timestamp: string
  readonly difficulty: number
  /**
   * Root of its prover registry, hex: 64 or 74 bytes. Needed for a genesis without a pinned committee, whose time proof cannot be checked; of
   * any other frame the time proof vouches for the root.
   */
  readonly registryRoot?: string
}

export interface Anchors {
  /** Pinned committee; left out, the committee is what the registry at the checkpoint names, and is followed from there (spec 11 section 8.4). */
  readonly committee?: EngineCommittee
  readonly checkpoint: Checkpoint
  readonly rules: EngineRules
  /** Ed448 key of the network's operators, 57 bytes hex: alerts of it are shown. Left out, it is the one of the live network (spec 53 section 8). */
  readonly alertKey?: string
  /** When these anchors were made, milliseconds since the epoch: their age is shown and checked. */
  readonly issuedAt: number
}

/** `network.json`: where a network is and what to trust of it. `format` is 1. */
export interface NetworkDescription {
  readonly format: 1
  /** Network name, for instance `local`. */
  readonly network: string
  /** Protocol profile, for instance `2.1.0.24`. */
  readonly profile: string
  /** Multiaddrs of nodes that serve `/petal/light/1.0.0`. */
  readonly addresses: readonly string[]
  readonly anchors: Anchors
  /** Expected time between frames. */
  readonly frameIntervalMillis: number
  /** Addresses worth looking at, for people; nothing of it is trusted. */
  readonly examples?: readonly StateExample[]
}

/** Something in the state of a network. `address`: 64 bytes of a vertex or hyperedge, 32 of a prover or a shard; hex. */
export interface StateExample {
  readonly title: string
  readonly kind: 'vertex' | 'hyperedge' | 'prover' | 'shard'
  readonly address: string
}
