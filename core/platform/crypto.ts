/**
 * `Crypto`: the one way TypeScript asks for heavy computation. Every call is a job: a promise of plain values, cancellable by
 * `AbortSignal` (the promise rejects with `CryptoError` code `cancelled`), never blocking the caller's event loop
 * except in the `direct` implementation, which is for tests and for code that already runs in a worker.
 *
 * Implementations: direct (`core/crypto`), Node addon (`server-node/crypto`), pool of web workers (`web/worker`). One compliance suite
 * (`core/crypto/compliance.ts`) runs on all.
 */
import type { EngineCommittee, EngineKeyPair, EngineRules } from './engine.ts'

export interface JobOptions {
  readonly signal?: AbortSignal
}

/** One check of a header, as the page shows it. */
export interface Check {
  /** Field's name: `shape`, `bitmask`, `aggregate_key`, `signature`, `quorum`, `prover`, `genesis`, `vdf`. */
  readonly name: string
  readonly ok: boolean
  /** What is wrong, with the values; null when the check passed. */
  readonly reason: string | null
  /** Rule in docs/protocol, for instance `11 section 4.4 step 7`. */
  readonly section: string
  /** Time that this check (or the group it belongs to) took; null when it was not timed alone. */
  readonly millis: number | null
}

/** Everything about a certificate: all checks but the time proof. */
export interface CertificateVerdict {
  readonly checks: readonly Check[]
  readonly valid: boolean
  readonly signedWeight: bigint
  readonly signers: readonly number[]
  readonly millis: number
}

/** Plain facts of a global header (nothing verified yet). */
export interface HeaderFacts {
  readonly number: bigint
  readonly rank: bigint
  /** Milliseconds since the epoch, as the leader claims. */
  readonly timestamp: bigint
  readonly difficulty: number
  readonly parentSelector: Uint8Array
  readonly identity: Uint8Array
  readonly challenge: Uint8Array
  readonly output: Uint8Array
  readonly prover: Uint8Array
  readonly globalCommitments: readonly Uint8Array[]
  readonly proverTreeCommitment: Uint8Array
  readonly requestsRoot: Uint8Array
  /** null when the header carries no signature structure. */
  readonly signature: {
    readonly signature: Uint8Array
    readonly publicKey: Uint8Array
    readonly bitmask: Uint8Array
  } | null
}

/** Verdict on a traversal proof (spec 20 section 9.3). */
export interface TraversalVerdict {
  readonly valid: boolean
  /** What the leaf of each key hashes, in the order of the keys: its hash target, or its value where it has none. Empty when refused. */
  readonly values: readonly Uint8Array[]
  readonly reason: string | null
  readonly millis: number
}

/** What a root binds of a leaf (spec 20 section 8.2). */
export interface RootLeaf {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Hashed instead of the value when not empty. */
  readonly hashTarget: Uint8Array
}

/** Names an opened committee within one `Crypto`. */
export type CommitteeHandle = string & { readonly __brand: 'CommitteeHandle' }

/** Cause of a rejected job. */
export type CryptoErrorCode =
  | 'decode' // the bytes are not what the job expects
  | 'arguments' // a programming mistake of the caller
  | 'cancelled' // the signal fired
  | 'crashed' // the worker died or its instance trapped; the job was retried once where that is safe
  | 'unavailable' // no engine: WASM blocked, addon missing, or `close()` was called
  | 'unsupported' // this engine is the verifier module: it does not sign or solve

export class CryptoError extends Error {
  readonly code: CryptoErrorCode
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CryptoError'
    this.code = code
  }
}

/** Progress of a long job: `done` of `total` (0 = unknown), in the job's own steps. */
export type JobProgress = (done: number, total: number) => void

export interface Crypto {
  /** For people: for instance `wasm simd128, 2 workers`. Empty until the engine is loaded. */
  readonly description: string
  /** Number of jobs that can run at the same time. */
  readonly parallelism: number

  /** Parses a global header (protobuf or canonical bytes). Rejects with `decode`. */
  inspectHeader(header: Uint8Array, options?: JobOptions): Promise<HeaderFacts>
  /** Decodes and tests the keys once; the handle lives until `closeCommittee` or `close`. Equal committees share a handle. */
  openCommittee(committee: EngineCommittee, options?: JobOptions): Promise<CommitteeHandle>
  closeCommittee(handle: CommitteeHandle): Promise<void>
  /** Certificate of a header: shape, signers, key sum, signature, quorum, network rules. */
  verifyCertificate(
    header: Uint8Array,
    committee: CommitteeHandle,
    rules: EngineRules,
    options?: JobOptions,
  ): Promise<CertificateVerdict>
  /** Time proof (VDF) of a header: a check named `vdf`. The discriminant search is spread over all workers. */
  verifyTimeProof(header: Uint8Array, options?: JobOptions & { readonly progress?: JobProgress }): Promise<Check>
  /** Poseidon of bytes, `P(m)`. */
  hashBytes(message: Uint8Array, options?: JobOptions): Promise<Uint8Array>
  /** Strict verdict on a proof (plain form) that a tree with this root holds these keys. Bad bytes are a verdict, not an error. */
  verifyTraversal(
    root: Uint8Array,
    keys: readonly Uint8Array[],
    proof: Uint8Array,
    options?: JobOptions,
  ): Promise<TraversalVerdict>
  /** Root of the tree of these leaves: 64 bytes for no or one leaf, else 74. Rejects with `arguments` for keys that no tree can hold. */
  rebuildRoot(leaves: readonly RootLeaf[], options?: JobOptions): Promise<Uint8Array>

  // Full engines only; a verifier rejects with `unsupported`.
  generateKey(ikm: Uint8Array, options?: JobOptions): Promise<EngineKeyPair>
  sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array, options?: JobOptions): Promise<Uint8Array>
  aggregateKeys(publicKeys: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array>
  aggregateSignatures(signatures: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array>
  /** `solve` of spec 11 section 2: 516 bytes. */
  solveVdf(
    challenge: Uint8Array,
    difficulty: number,
    options?: JobOptions & { readonly progress?: JobProgress },
  ): Promise<Uint8Array>
  /** Protobuf bytes of a header from its fields. */
  buildHeader(fields: HeaderFields, options?: JobOptions): Promise<Uint8Array>

  /** Stops workers; pending jobs reject with `unavailable`. Idempotent. */
  close(): Promise<void>
}

/** Fields of a global header to be encoded; the rest of `HeaderFacts` follows from them. */
export type HeaderFields = Omit<HeaderFacts, 'identity' | 'challenge'>
