/** Contracts for peers that serve frames (protocol `/petal/light/1.0.0`, docs/architecture.md). */

import type { ShardRoots } from './state.ts'

export const LIGHT_PROTOCOL = '/petal/light/1.0.0'

/** What a peer says about itself; nothing of it is trusted. */
export interface PeerHello {
  /** Network name, for instance `local` or `mainnet`. */
  readonly network: string
  /** Protocol profile, for instance `2.1.0.24`. */
  readonly profile: string
  /** Newest frame number the peer can serve. */
  readonly head: bigint
  /** Oldest frame number the peer can serve. */
  readonly oldest: bigint
  /** Most headers in one answer. */
  readonly maxHeaders: number
}

/** Which values are asked for: one set of one shard, as of one frame (spec 21 section 4). */
export interface StateQuestion {
  /** Number of the header whose commitments the proofs lead to; null = the newest that the peer has. */
  readonly frame: bigint | null
  /** Application address, 32 bytes. */
  readonly domain: Uint8Array
  /** 0 vertex adds, 1 vertex removes, 2 hyperedge adds, 3 hyperedge removes. */
  readonly phaseSet: number
  /** 1 to 100 different data addresses of 32 bytes. */
  readonly addresses: readonly Uint8Array[]
}

/** The four roots of a shard, and a traversal proof of them in one global tree. Nothing of it is verified. */
export interface ShardAnswer {
  readonly frame: bigint
  /** Four roots of 64 or 74 bytes, in phase order. */
  readonly roots: readonly Uint8Array[]
  /** Index of the global tree, 0..255. */
  readonly tree: number
  /** Plain form (spec 20 section 9.4). */
  readonly proof: Uint8Array
}

/** Nothing of it is verified. */
export interface StateAnswer {
  readonly frame: bigint
  /** Root of the set. */
  readonly root: Uint8Array
  /** Parallel to the addresses asked for. */
  readonly present: readonly boolean[]
  /** One proof of all present keys in order, plain form; empty when none is present, or `leaf` stands for it. */
  readonly proof: Uint8Array
  /** What the only leaf of the set hashes: no proof exists of it, and none is needed, as the root is its hash (spec 20 section 9.1). */
  readonly leaf?: Uint8Array
  /** null for the prover registry. */
  readonly shard: ShardAnswer | null
}

/** A shard and its four roots in phase order, 64 or 74 bytes each. */
export interface ListedShard {
  /** 32 bytes. */
  readonly domain: Uint8Array
  readonly roots: ShardRoots['roots']
}

/** A page of the shards of a frame's state, ascending by address. Nothing of it is verified. */
export interface ShardsAnswer {
  readonly frame: bigint
  readonly shards: readonly ListedShard[]
  /** There are shards behind the last one. */
  readonly more: boolean
}

export type PeerErrorCode =
  | 'dial' // could not connect
  | 'timeout' // no answer in time
  | 'closed' // the peer went away
  | 'protocol' // what came is not the protocol (malformed, too large, wrong order)
  | 'limited' // the peer's rate limit
  | 'notFound' // the peer does not have it
  | 'cancelled' // the caller's signal fired

export class PeerError extends Error {
  readonly code: PeerErrorCode
  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PeerError'
    this.code = code
  }
}

/** How a peer is asked for state. */
export interface StatePeer {
  /** Values with proofs, as of one frame. `notFound`: the peer does not hold that frame's state. */
  state(question: StateQuestion, signal: AbortSignal): Promise<StateAnswer>
  /** Roots of a shard as of one frame, with their proof; `frame` null = the newest. */
  shard(domain: Uint8Array, frame: bigint | null, signal: AbortSignal): Promise<ShardAnswer>
  /** One message of PerformSync to the other (spec 22 section 2), protobuf bytes. */
  sync(query: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** A connected peer. All bytes it returns are bounded (1 MiB a message, 64 KiB a header) but otherwise unverified. */
export interface LightPeer {
  /** Stable within a session: peer id or the embedder's own name. */
  readonly id: string
  /** Address that was dialled, for people. */
  readonly address: string
  /** `websocket` | `webrtc-direct` | `webtransport` | the embedder's own name. */
  readonly transport: string
  hello(signal: AbortSignal): Promise<PeerHello>
  /** Newest header, protobuf bytes. */
  head(signal: AbortSignal): Promise<Uint8Array>
  /** Headers from..from+count-1 that the peer has, ascending, at most `maxHeaders`. */
  headers(from: bigint, count: number, signal: AbortSignal): Promise<readonly Uint8Array[]>
  /**
   * Calls `onHead` for each new head until the signal fires (resolves) or the peer fails (rejects). `onAlerts`: also asks for the alerts of the
   * network's operators, canonical bytes, newest first, at most 16 of 1126 bytes: called once with those that the peer knows, then with
   * later ones. A transport that has none of them never calls it.
   */
  subscribe(
    onHead: (header: Uint8Array) => void,
    signal: AbortSignal,
    onAlerts?: (alerts: readonly Uint8Array[]) => void,
  ): Promise<void>
  /** How to ask for state; absent when the transport does not offer it. */
  readonly values?: StatePeer
  /** Bytes in and out so far. */
  traffic(): { readonly received: number; readonly sent: number }
  close(): Promise<void>
}

/** What a node can ask another one besides; a light client has no use for it. */
export interface NodePeer extends LightPeer {
  readonly values: StatePeer
  /** Text of its network description. */
  describe(signal: AbortSignal): Promise<string>
  /** Shards with addresses above `after` (null = from the first); `frame` null = the newest. */
  shards(frame: bigint | null, after: Uint8Array | null, signal: AbortSignal): Promise<ShardsAnswer>
  /** Canonical bytes of the operators' alerts that it serves, newest first. Nothing of them is verified. */
  alerts(signal: AbortSignal): Promise<readonly Uint8Array[]>
}

/** Connects to one address, or throws `PeerError`. An embedder may pass its own. */
export type LightTransport = (address: string, signal: AbortSignal) => Promise<LightPeer>
