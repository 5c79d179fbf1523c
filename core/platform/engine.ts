/**
 * The calls of the Rust crates as JavaScript sees them: one synchronous surface, exposed alike by the WASM
 * modules (`wasm-crates/wasm`) and by the Node addon (`wasm-crates/native`).
 *
 * Bytes are `Uint8Array`; 64-bit integers are `bigint`; structured results are JSON text of the types below
 * (small, and the same on both engines). A call that cannot answer throws an `Error` with a stable `code`
 * (`EngineErrorCode`); a verdict is a value, never an exception. Nothing here blocks on I/O, but some calls
 * take long: only a worker or a direct test calls them (see `Crypto` for everybody else).
 */

/** Stable codes of errors thrown by engine calls. */
export type EngineErrorCode =
  | 'length' // a byte string has the wrong length
  | 'decode' // bytes are not a valid encoding of what the call expects
  | 'range' // a number or element is out of range
  | 'empty' // an empty list where at least one item is needed
  | 'identity' // the result would be the point at infinity, which has no encoding
  | 'cancelled' // the caller cancelled the job
  | 'handle' // a handle was already closed
  | 'arguments' // JSON arguments do not have the documented shape

/** One check of a header. `section` names the rule as `"11 section 4.4 step 7"` (docs/protocol). */
export interface EngineCheck {
  readonly name: string
  readonly ok: boolean
  /** Human text with the values that made the check fail; null when it passed. */
  readonly reason: string | null
  readonly section: string
}

/** JSON of `Committee.verifyCertificate`: every check but the time proof. */
export interface EngineVerdict {
  readonly checks: readonly EngineCheck[]
  /** Conjunction of all checks. */
  readonly valid: boolean
  /** Decimal sum of the weights of the members that the bitmask names. */
  readonly signedWeight: string
  /** Committee indices named by the bitmask, beyond the committee included. */
  readonly signers: readonly number[]
}

/** JSON of `globalHeaderFacts`. Byte strings are lower-case hex, u64 and i64 are decimal strings. */
export interface EngineGlobalHeader {
  readonly frameNumber: string
  readonly rank: string
  readonly timestamp: string
  readonly difficulty: number
  readonly output: string
  readonly parentSelector: string
  readonly globalCommitments: readonly string[]
  readonly proverTreeCommitment: string
  readonly requestsRoot: string
  readonly prover: string
  readonly signature: { readonly signature: string; readonly publicKey: string; readonly bitmask: string } | null
  readonly challenge: string
  /** P(output); null when the output is not 516 bytes. */
  readonly identity: string | null
}

/** JSON of `traversalVerify`. */
export interface EngineTraversal {
  readonly valid: boolean
  readonly reason: string | null
  /** Hex; the last y of each sub-proof; empty when refused. */
  readonly values: readonly string[]
}

/** Committee as the engine wants it (JSON argument of the `Committee` constructor). */
export interface EngineCommittee {
  /** Ascending or not: the engine sorts by address = P(public key). 585 bytes hex; weight u64 decimal. */
  readonly members: readonly { readonly publicKey: string; readonly weight: string }[]
  /** Least signed weight, decimal; null = floor(2W/3) (spec 30 section 2). */
  readonly threshold: string | null
}

/** Network rules a header is checked against (JSON argument; spec 11 sections 4.4, 4.5; 31 section 10). */
export interface EngineRules {
  /** Number of the genesis frame (mainnet 244200, else 0), decimal. */
  readonly genesisNumber: string
  /** Identity of the configured genesis, hex. */
  readonly genesisIdentity: string
  /** The `prover` field must be the address of a committee member (mainnet: true). */
  readonly proverInCommittee: boolean
  /** Least difficulty of a header that carries no certificate. */
  readonly difficultyFloor: number
  /**
   * Find the signers by the embedded key in the table of key sums instead of by the bitmask (spec 11 section 8.2): for networks whose
   * members may become inactive, which shifts the bitmask. Default false.
   */
  readonly signersByKey?: boolean
}

/** A committee with its keys decoded and tested once, and its table of key sums. Call `free()` when done. */
export interface EngineCommitteeHandle {
  /** JSON `EngineVerdict`. `header`: protobuf or canonical bytes. `made` is called with the name of each check right after it. */
  verifyCertificate(header: Uint8Array, rules: string, made?: (check: string) => void): string
  /** Hex addresses of the members in index order, as JSON array. */
  addresses(): string
  /** Full engines only: sum of the keys that the bitmask names, 585 bytes. */
  aggregateKey?(bitmask: Uint8Array): Uint8Array
  free(): void
}

/** Search for the discriminant of one challenge, in slices (spec 11 section 1.1). */
export interface EngineDiscriminantSearch {
  /** Smallest index in [from, from + count) whose candidate is prime, or -1. */
  testRange(from: number, count: number): number
  /** Big-endian magnitude of the candidate with that index. */
  candidate(index: number): Uint8Array
  free(): void
}

/** The verifier module: what a light client needs, and nothing that signs or solves. */
export interface VerifierEngine {
  /** JSON `{module: 'verifier'|'full', build: string, kernel: string}`. */
  describe(): string

  poseidonHashBytes(message: Uint8Array): Uint8Array
  blsVerify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array, domain: Uint8Array): boolean
  vdfVerify(challenge: Uint8Array, difficulty: number, output: Uint8Array): boolean
  /** The same when the discriminant (big-endian magnitude) is already known. */
  vdfVerifyWith(discriminant: Uint8Array, difficulty: number, output: Uint8Array): boolean

  /** JSON `EngineGlobalHeader` of protobuf or canonical bytes. */
  globalHeaderFacts(header: Uint8Array): string
  /** JSON `EngineCheck` named `vdf`, given the discriminant of the header's challenge. */
  verifyTimeProof(header: Uint8Array, discriminant: Uint8Array): string

  /** JSON `EngineTraversal`: strict verdict (spec 20 section 9.3) on a proof in plain form. */
  traversalVerify(root: Uint8Array, keys: Uint8Array[], proof: Uint8Array): string
  /** Root of the tree of these leaves (parallel lists; a hash target may be empty). */
  rebuildRoot(keys: Uint8Array[], values: Uint8Array[], hashTargets: Uint8Array[]): Uint8Array
  /** Commitment of a branch, 74 bytes, from its vector: at most 64 slots of 64 bytes. Throws `range` for more. */
  commitBranch(slots: Uint8Array): Uint8Array

  readonly Committee: new (committee: string) => EngineCommitteeHandle
  readonly DiscriminantSearch: new (challenge: Uint8Array, bits: number) => EngineDiscriminantSearch
}

/** What `blsGenerateKey` answers (JSON, hex). */
export interface EngineKeyPair {
  readonly secretKey: string
  readonly publicKey: string
  readonly proofOfPossession: string
  readonly address: string
}

/** A tree in memory (spec 20 section 8). Call `free()` when done. */
export interface EngineTree {
  /**
   * True when the key is new. Throws `empty`, `length` or `range` for a key that cannot be in the tree, which is unchanged then. `size` is
   * decimal.
   */
  insert(key: Uint8Array, value: Uint8Array, hashTarget: Uint8Array, size: string): boolean
  /** False when there was no such key; the tree is unchanged then. */
  delete(key: Uint8Array): boolean
  /** Computes what is not up to date; the root. */
  commit(): Uint8Array
  /** Wire form (spec 20 section 8.5) as the tree stands, committed or not. */
  serialise(): Uint8Array
  /** JSON `{leafCount, longestBranch, size}`, decimal. */
  facts(): string
  /** Plain form; null or undefined when no proof exists: a key is absent, or the tree is a single leaf. */
  prove(keys: Uint8Array[]): Uint8Array | null | undefined
  free(): void
}

/** State of one world in memory (spec 21 sections 4 to 6). Call `free()` when done. */
export interface EngineHypergraph {
  /** JSON list of operations, all or none: `op` (add, remove, removeRuleA, delete), `set`, `app`, `data` and what the operation needs. */
  apply(operations: string): void
  /** JSON `{shards: [{shardKey, roots}], changed}` of a frame given in decimal. */
  commit(frame: string): string
  /** JSON `{commitment, leafCount, size}` of the node at the 43-element path of the shard's address in a phase tree. */
  nodeAtAddress(shardKey: Uint8Array, phase: number): string
  /** JSON `{roots, leafCounts, sizes, present}` of a shard as it was committed; `present` counts [vertices, hyperedges]. */
  shard(shardKey: Uint8Array): string
  /** JSON `{present, removed, value}` of an atom. */
  atom(set: string, id: Uint8Array): string
  free(): void
}

/** The full module and the addon: everything, including signing, solving and the calls of the conformance runner. */
export interface FullEngine extends VerifierEngine {
  // BLS48-581 (spec 10 sections 1 and 2)
  blsGenerateKey(ikm: Uint8Array): string
  blsPublicKey(secretKey: Uint8Array): Uint8Array
  blsSign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array): Uint8Array
  blsVerifyMulti(publicKeys: Uint8Array[], signature: Uint8Array, messages: Uint8Array[], domain: Uint8Array): boolean
  blsVerifyBatch(
    publicKeys: Uint8Array[],
    signatures: Uint8Array[],
    messages: Uint8Array[],
    domains: Uint8Array[],
    randomness: Uint8Array,
  ): boolean
  blsVerifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean
  blsAggregateKeys(publicKeys: Uint8Array[]): Uint8Array
  blsAggregateSignatures(signatures: Uint8Array[]): Uint8Array
  /** Strict decoding; answers the uncompressed encoding (147 bytes). */
  blsDecodeG1(point: Uint8Array): Uint8Array
  /** Strict decoding; answers the uncompressed encoding (1169 bytes). */
  blsDecodeG2(point: Uint8Array): Uint8Array
  /** Subgroup test alone of a point that is on the curve; throws `decode` when it is not. */
  blsInSubgroupG1(point: Uint8Array): boolean
  blsInSubgroupG2(point: Uint8Array): boolean
  /** JSON `{expanded, u: [hex, hex], mapped: [hex, hex], point}`. */
  blsHashToCurve(message: Uint8Array): string
  /** The point alone, compressed. */
  blsHashToG1(message: Uint8Array): Uint8Array
  /** JSON of the curve constants, named as in the vector file `bls48581/params.json`. */
  blsParams(): string
  /** `operation`: add | sub | mul | inv (b ignored). 73-byte operands mod r. */
  blsScalar(operation: string, a: Uint8Array, b: Uint8Array): Uint8Array
  blsMultiplyGeneratorG1(scalar: Uint8Array): Uint8Array
  blsMultiplyGeneratorG2(scalar: Uint8Array): Uint8Array

  // Poseidon (spec 10 section 3)
  poseidonHashElements(elements: Uint8Array[]): Uint8Array

  // Ed448, Decaf448 (spec 10 sections 4, 5)
  /** `privateKey`: 57-byte seed, or 114 bytes seed || public key. Answers 57 bytes. */
  ed448PublicKey(privateKey: Uint8Array): Uint8Array
  /** Empty context; a domain of the network is a plain prefix of the message. 114 bytes. */
  ed448Sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** What `ed448SignExpanded` takes, 171 bytes: as secret as the seed, wiped by who holds it. */
  ed448ExpandedKey(privateKey: Uint8Array): Uint8Array
  /** The signature of `ed448Sign` for half the work. Only with what `ed448ExpandedKey` answered. */
  ed448SignExpanded(expandedKey: Uint8Array, message: Uint8Array): Uint8Array
  ed448Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** The verdicts of `ed448Verify`, 1 or 0 each, for a fraction of the work. Throws `length` when the lists differ in number. */
  ed448VerifyBatch(publicKeys: Uint8Array[], messages: Uint8Array[], signatures: Uint8Array[]): Uint8Array
  /** Keys that the network calls X448: 56-byte secret scalar, 57-byte point of the Ed448 curve. */
  agreementPublicKey(secret: Uint8Array): Uint8Array
  /** The 57-byte shared secret; throws `identity` when everybody could know it. */
  agreementAgree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** `which`: first | second. */
  decafGenerator(which: string): Uint8Array
  /** Strict decoding; answers the encoding of what was read. */
  decafDecode(point: Uint8Array): Uint8Array
  /** `operation`: add | sub | mul | inv (b ignored). 56-byte operands, not reduced; add and sub correct once only. */
  decafScalar(operation: string, a: Uint8Array, b: Uint8Array): Uint8Array
  /** `operation`: add | sub. */
  decafPoint(operation: string, a: Uint8Array, b: Uint8Array): Uint8Array
  decafMultiply(scalar: Uint8Array, point: Uint8Array): Uint8Array
  decafMultiplyGenerator(scalar: Uint8Array): Uint8Array
  /** The 56-byte shared secret; throws `identity` when it is the neutral point. */
  decafAgree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** 112 bytes: unreduced hash of the shared secret, and its multiple of the generator. */
  decafAgreeHash(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** 56 bytes, not reduced. */
  decafHashToScalar(message: Uint8Array): Uint8Array
  /** Simple signature, 112 bytes; deterministic when `randomness` is empty. */
  decafSign(secret: Uint8Array, message: Uint8Array, randomness: Uint8Array): Uint8Array
  decafVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  // KZG commitments (spec 20 sections 1 to 6); sizes 16, 32, 64, 128, 256
  /** Commitment to at most `size` chunks of 64 bytes, 74 bytes; throws `range` for more. */
  kzgCommit(data: Uint8Array, size: number): Uint8Array
  kzgOpen(data: Uint8Array, index: number, size: number): Uint8Array
  kzgVerify(commitment: Uint8Array, index: number, value: Uint8Array, proof: Uint8Array, size: number): boolean
  /**
   * Opens one slot of each vector. Plain form, 156 bytes: length and multicommitment, length and proof. The commitments are taken as given: a
   * wrong one makes a proof that does not hold.
   */
  kzgMultiprove(commitments: Uint8Array[], vectors: Uint8Array[], indices: Uint32Array, size: number): Uint8Array
  kzgMultiVerify(
    commitments: Uint8Array[],
    indices: Uint32Array,
    values: Uint8Array[],
    multicommitment: Uint8Array,
    proof: Uint8Array,
    size: number,
  ): boolean
  /** JSON of the set-up, named as in `kzg/ceremony.json`, and the digests of two of its files. */
  kzgSetup(): string

  // Trees (spec 20 sections 7 to 9)
  readonly Tree: { new (): EngineTree; fromBlob(blob: Uint8Array): EngineTree }
  /** Path of a key, one byte per element. */
  treePath(key: Uint8Array): Uint8Array
  /** `accepts`, `refuses` or `aborts`: the generic verdict of the reference (section 9.2), for consensus replay. */
  traversalReferenceVerdict(root: Uint8Array, proof: Uint8Array): string
  /** Forms: `plain`, `plain_with_trailer`, `canonical`. */
  traversalConvert(proof: Uint8Array, from: string, to: string): Uint8Array

  // Hypergraph (spec 21); JSON as `test/conformance/areas/hypergraph.ts` reads it, byte strings hex
  /** JSON `{l1, shardKey, path, topicBloom}` of a 32-byte application address. */
  hypergraphShardFacts(address: Uint8Array): string
  /** JSON `{kind, app, data, commitment, size, members}`. */
  hypergraphDecodeAtom(bytes: Uint8Array): string
  hypergraphEncodeAtom(atom: string): Uint8Array
  /** JSON `{strict, reference, older}` verdicts on a hyperedge of a message. */
  hypergraphJudgeHyperedge(domain: Uint8Array, value: Uint8Array): string
  /** JSON `{form, members}` of a hyperedge as it is stored under its id. */
  hypergraphMembers(id: Uint8Array, value: Uint8Array): string
  hypergraphFieldKey(order: number, maxOrder: number): Uint8Array
  /** JSON of the 256 global commitments of a world. */
  hypergraphGlobalCommitments(world: string): string
  hypergraphSealMetadata(parts: string): string
  hypergraphUpdateMetadata(update: string): string
  readonly Hypergraph: new () => EngineHypergraph

  // Class group and VDF (spec 11 sections 1 to 3)
  vdfDiscriminant(challenge: Uint8Array, bits: number): Uint8Array
  /** `operation`: identity | generator | multiply | square | inverse. Forms are 258 bytes over disc(challenge, 2048). */
  vdfForm(operation: string, challenge: Uint8Array, f: Uint8Array, g: Uint8Array): Uint8Array
  vdfFormPower(challenge: Uint8Array, f: Uint8Array, exponent: Uint8Array): Uint8Array
  vdfFormSquareN(challenge: Uint8Array, f: Uint8Array, n: number): Uint8Array
  /** `progress(done, total)` is called every few tens of milliseconds; returning true cancels (error `cancelled`). */
  vdfSolve(challenge: Uint8Array, difficulty: number, progress?: (done: number, total: number) => boolean): Uint8Array
  vdfMultiSolve(challenge: Uint8Array, difficulty: number, ids: Uint8Array[], index: number): Uint8Array
  vdfMultiVerify(challenge: Uint8Array, difficulty: number, ids: Uint8Array[], solutions: Uint8Array[]): boolean
  /** JSON `{idsCommitment, fixedPrime, r}` (hex). */
  vdfMultiValues(challenge: Uint8Array, difficulty: number, ids: Uint8Array[]): string

  // Frames (spec 11 sections 4, 5; 40)
  /** Canonical or protobuf in, the named form out: `protobuf` | `canonical`. */
  globalHeaderEncode(header: Uint8Array, form: string): Uint8Array
  appHeaderEncode(header: Uint8Array, form: string): Uint8Array
  /** From JSON `EngineGlobalHeader` fields (challenge and identity ignored) to protobuf bytes. */
  globalHeaderBuild(fields: string): Uint8Array
  /** JSON facts of an app header, same conventions as `EngineGlobalHeader`. */
  appHeaderFacts(header: Uint8Array): string
  /** JSON `EngineVerdict` with checks shape, vdf, aggregate_key, signature_without_ids, signature_with_ids, quorum. `ids`: tail ids. */
  verifyAppHeader(header: Uint8Array, committee: string, ids: Uint8Array[]): string
  /** JSON `{voteMessage, voteDomain, timeoutMessage, timeoutDomain}`; `filter` empty = global. */
  signingMessages(filter: Uint8Array, identity: Uint8Array, rank: bigint, newestQcRank: bigint): string
  /** JSON of the mainnet genesis constants, shaped like `consensus/genesis_mainnet.json` without tree roots. */
  mainnetGenesis(): string
  sha3_256(message: Uint8Array): Uint8Array
  /** Runs the benchmark unit that many times (docs/benchmarks.md); the answer only keeps the work alive. */
  calibrationUnit(iterations: number): number
}
