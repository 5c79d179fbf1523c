/**
 * One engine instance and what lives in it: opened committees and running discriminant searches. Synchronous; used inside workers and by the
 * direct implementation. Every method throws `CryptoError`.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import {
  type CertificateVerdict,
  type Check,
  type CommitteeHandle,
  CryptoError,
  type HeaderFacts,
  type HeaderFields,
  type RootLeaf,
  type TraversalVerdict,
} from '../platform/crypto.ts'
import type {
  EngineCommittee,
  EngineCommitteeHandle,
  EngineDiscriminantSearch,
  EngineKeyPair,
  EngineRules,
  FullEngine,
  VerifierEngine,
} from '../platform/engine.ts'
import {
  certificateVerdict,
  cryptoError,
  headerFacts,
  headerFieldsJson,
  timedCheck,
  traversalVerdict,
} from './convert.ts'

/** Length of discriminants, spec 11 section 1.1. */
const DISCRIMINANT_BITS = 2048
/** Searches kept open: one that is shared with other workers comes back with its next range. */
const MOST_SEARCHES = 4

export class EngineHost {
  readonly #engine: VerifierEngine | FullEngine
  readonly #now: () => number
  readonly #committees = new Map<CommitteeHandle, EngineCommitteeHandle>()
  readonly #searches = new Map<string, EngineDiscriminantSearch>()

  /** `now`: milliseconds of a steady clock. */
  constructor(engine: VerifierEngine | FullEngine, now: () => number) {
    this.#engine = engine
    this.#now = now
  }

  describe(): { readonly module: string; readonly build: string; readonly kernel: string } {
    return this.#call(() => JSON.parse(this.#engine.describe()))
  }

  inspectHeader(header: Uint8Array): HeaderFacts {
    return this.#call(() => headerFacts(this.#engine.globalHeaderFacts(header)))
  }

  hasCommittee(handle: CommitteeHandle): boolean {
    return this.#committees.has(handle)
  }

  openCommittee(handle: CommitteeHandle, committee: EngineCommittee): void {
    if (this.#committees.has(handle)) return
    this.#committees.set(
      handle,
      this.#call(() => new this.#engine.Committee(JSON.stringify(committee))),
    )
  }

  closeCommittee(handle: CommitteeHandle): void {
    release(this.#committees.get(handle))
    this.#committees.delete(handle)
  }

  verifyCertificate(header: Uint8Array, handle: CommitteeHandle, rules: EngineRules): CertificateVerdict {
    const committee = this.#committees.get(handle)
    if (committee === undefined) throw new CryptoError('arguments', 'the committee was closed')
    const start = this.#now()
    const millis = new Map<string, number>()
    let last = start
    const made = (check: string) => {
      const now = this.#now()
      millis.set(check, now - last)
      last = now
    }
    const json = this.#call(() => committee.verifyCertificate(header, JSON.stringify(rules), made))
    return certificateVerdict(json, millis, this.#now() - start)
  }

  /** See `TestRange`. */
  testRange(challenge: Uint8Array, from: number, count: number): number {
    return this.#call(() => this.#search(challenge).testRange(from, count))
  }

  /** The time proof of a header, given which candidate of its challenge is the discriminant. */
  verifyTimeProof(header: Uint8Array, challenge: Uint8Array, index: number): Check {
    const start = this.#now()
    const json = this.#call(() => this.#engine.verifyTimeProof(header, this.#search(challenge).candidate(index)))
    return timedCheck(json, this.#now() - start)
  }

  /** Ends the search of a challenge. */
  endSearch(challenge: Uint8Array): void {
    const key = bytesToHex(challenge)
    release(this.#searches.get(key))
    this.#searches.delete(key)
  }

  hashBytes(message: Uint8Array): Uint8Array {
    return this.#call(() => this.#engine.poseidonHashBytes(message))
  }

  verifyTraversal(root: Uint8Array, keys: readonly Uint8Array[], proof: Uint8Array): TraversalVerdict {
    const start = this.#now()
    const json = this.#call(() => this.#engine.traversalVerify(root, [...keys], proof))
    return traversalVerdict(json, this.#now() - start)
  }

  rebuildRoot(leaves: readonly RootLeaf[]): Uint8Array {
    try {
      return this.#engine.rebuildRoot(
        leaves.map(({ key }) => key),
        leaves.map(({ value }) => value),
        leaves.map(({ hashTarget }) => hashTarget),
      )
    } catch (error) {
      const refused = cryptoError(error)
      // Nothing is decoded here: the keys exclude each other, or one of them is no key.
      throw refused.code === 'decode' ? new CryptoError('arguments', refused.message, { cause: error }) : refused
    }
  }

  commitBranch(slots: Uint8Array): Uint8Array {
    return this.#call(() => this.#engine.commitBranch(slots))
  }

  generateKey(ikm: Uint8Array): EngineKeyPair {
    return this.#call(() => JSON.parse(this.#full().blsGenerateKey(ikm)) as EngineKeyPair)
  }

  sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array): Uint8Array {
    return this.#call(() => this.#full().blsSign(secretKey, message, domain))
  }

  aggregateKeys(publicKeys: readonly Uint8Array[]): Uint8Array {
    return this.#call(() => this.#full().blsAggregateKeys([...publicKeys]))
  }

  aggregateSignatures(signatures: readonly Uint8Array[]): Uint8Array {
    return this.#call(() => this.#full().blsAggregateSignatures([...signatures]))
  }

  solveVdf(challenge: Uint8Array, difficulty: number, progress: (done: number, total: number) => boolean): Uint8Array {
    return this.#call(() => this.#full().vdfSolve(challenge, difficulty, progress))
  }

  buildHeader(fields: HeaderFields): Uint8Array {
    return this.#call(() => this.#full().globalHeaderBuild(headerFieldsJson(fields)))
  }

  /** Frees everything that was opened. */
  close(): void {
    for (const committee of this.#committees.values()) release(committee)
    for (const search of this.#searches.values()) release(search)
    this.#committees.clear()
    this.#searches.clear()
  }

  #search(challenge: Uint8Array): EngineDiscriminantSearch {
    const key = bytesToHex(challenge)
    const open = this.#searches.get(key) ?? new this.#engine.DiscriminantSearch(challenge, DISCRIMINANT_BITS)
    this.#searches.delete(key)
    this.#searches.set(key, open)
    for (const [oldest, search] of this.#searches) {
      if (this.#searches.size <= MOST_SEARCHES) break
      release(search)
      this.#searches.delete(oldest)
    }
    return open
  }

  #full(): FullEngine {
    if (!('blsSign' in this.#engine)) {
      throw new CryptoError('unsupported', 'this is the verifier module: it does not sign, solve or encode')
    }
    return this.#engine
  }

  #call<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw cryptoError(error)
    }
  }
}

/** Frees what WASM does not free by itself; objects of the addon belong to the garbage collector and may lack `free`. */
function release(handle: { free?(): void } | undefined): void {
  handle?.free?.()
}
