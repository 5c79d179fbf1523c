/** Public types of proven state (docs/embed). */
import type { DecodedField } from '@petal/core/state/schema-display.ts'
import type { Verified } from './types.ts'

/** One step of the chain from a value to a certified header. */
export interface ProofStep {
  /** `value`: the leaf in the tree of its set; `shard`: that root in a global tree; `header`: that commitment in a verified header. */
  readonly name: 'value' | 'shard' | 'header'
  readonly ok: boolean
  readonly reason: string | null
  /** Rule in docs/protocol. */
  readonly section: string
  /** What the step leads to, hex: a root, a global commitment, the identity of the header. */
  readonly to: string
  readonly millis: number | null
}

/**
 * A value of state. `verified: false` with a null value means that no node has it: absence has no proof in this protocol, so it is said and
 * never shown as verified. A null value that is verified (only `getProver`): something else is proved to be at that address, see `reason`.
 * `root` is the identity of the frame.
 */
export interface StateValue<T> extends Verified<T | null> {
  readonly steps: readonly ProofStep[]
  /** Bytes of all proofs together. */
  readonly proofSize: number
  /** Root of the set that holds the value, hex. */
  readonly setRoot: string
  /** Index of the global tree; null for the prover registry. */
  readonly tree: number | null
  /** Address of the node that answered. */
  readonly from: string
}

export type { DecodedField }

export interface VertexValue {
  /** 32 bytes each, hex. */
  readonly domain: string
  readonly address: string
  /** As it is stored: the serialised data tree (leaf rule B), or its commitment (rule A). */
  readonly bytes: Uint8Array
  /** Prefixed class name, when the schema knows it. */
  readonly className: string | null
  /** Fields by name; null without a schema. */
  readonly fields: readonly DecodedField[] | null
  /** Why fields have no names. */
  readonly schemaReason: string | null
  /** `no`: an empty removes tree proves that nothing was removed; `unproven`: nobody can prove it. */
  readonly removed: 'no' | 'unproven'
}

export interface HyperedgeValue {
  readonly domain: string
  readonly address: string
  readonly bytes: Uint8Array
  /** Members by domain and address, hex; null when the bytes are no hyperedge. */
  readonly members: readonly { readonly domain: string; readonly address: string }[] | null
  readonly removed: 'no' | 'unproven'
}

/** `unknown`: the registry holds a number that has no name. */
export type ProverStatus = 'joining' | 'active' | 'paused' | 'leaving' | 'left' | 'kicked' | 'unknown'

export interface AllocationValue {
  /** The shard, hex; empty = global. */
  readonly filter: string
  readonly status: ProverStatus
  /** Frame numbers by field name, as far as they were written. */
  readonly frames: Readonly<Record<string, bigint>>
}

export interface ProverValue {
  /** P(public key), hex. */
  readonly address: string
  readonly publicKey: string
  readonly status: ProverStatus
  readonly seniority: bigint
  readonly availableStorage: bigint
  readonly allocations: readonly AllocationValue[]
  /** In the token's smallest unit; null without a reward record. */
  readonly reward: { readonly delegate: string; readonly balance: bigint } | null
}

/** Roots of the four sets of a shard, hex. */
export interface ShardValue {
  readonly domain: string
  readonly roots: readonly string[]
}

/** The whole registry of provers, rebuilt here and compared with the root in a verified header. */
export interface ProverList extends Verified<readonly ProverValue[]> {
  /** Root of the registry, hex. */
  readonly setRoot: string
  readonly leaves: number
  readonly bytes: number
  readonly from: string
}

export interface SyncProgress {
  readonly leaves: number
  readonly total: number | null
  readonly bytes: number
}

/** A 64-byte id as hex or bytes, or its two halves. */
export type AtomAddress =
  | string
  | Uint8Array
  | { readonly domain: string | Uint8Array; readonly address: string | Uint8Array }

export interface ReadOptions {
  /** Frame whose header vouches; default: the newest one that is verified here. Nodes keep the state of about 64 frames. */
  readonly frame?: bigint
  readonly signal?: AbortSignal
}

export interface VertexOptions extends ReadOptions {
  /** `published` (default): the schema in the application's metadata vertex, proved like every value; `none`; or a Turtle document. */
  readonly schema?: 'published' | 'none' | { readonly text: string }
}

/**
 * Reads of state. Each rejects with `ClientError`: `notFound` (no node holds that frame's state, that shard, or nothing is verified yet),
 * `noPeers`, `refused` (what nodes sent is no proof, under both policies; under `refuse` also a header that does not verify), `arguments`,
 * `stopped`; `listProvers` also with `timeout`. Certificates do not cover commitments, so the time proof of the header is waited for, unless
 * `timeProofs` is `off`: then `verified` is `certificate`, and only the word of a node speaks for the value.
 */
export interface StateReads {
  getVertex(address: AtomAddress, options?: VertexOptions): Promise<StateValue<VertexValue>>
  /** Up to 100 vertices of one application with one proof, in the order asked for. */
  getVertices(
    domain: string | Uint8Array,
    addresses: readonly (string | Uint8Array)[],
    options?: VertexOptions,
  ): Promise<readonly StateValue<VertexValue>[]>
  getHyperedge(address: AtomAddress, options?: ReadOptions): Promise<StateValue<HyperedgeValue>>
  /** By address, P(public key): its record, its allocation for the global filter and its reward. `listProvers` knows the other allocations. */
  getProver(address: string | Uint8Array, options?: ReadOptions): Promise<StateValue<ProverValue>>
  getShard(domain: string | Uint8Array, options?: ReadOptions): Promise<StateValue<ShardValue>>
  /** Pulls the whole registry and rebuilds its root. Records that were removed later cannot be told from others: headers do not commit to removals. */
  listProvers(options?: ReadOptions & { readonly onProgress?: (progress: SyncProgress) => void }): Promise<ProverList>
  /**
   * Reads a vertex at each new head and calls back when its bytes are others, also the first time; until the returned function is called. A
   * read that fails is told to `onError` (default: reported like an error that nobody caught), and the next head is tried.
   */
  watch(
    address: AtomAddress,
    listener: (value: StateValue<VertexValue>) => void,
    options?: Omit<VertexOptions, 'frame' | 'signal'> & { readonly onError?: (error: Error) => void },
  ): () => void
}
