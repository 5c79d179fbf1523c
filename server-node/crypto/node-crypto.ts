/**
 * `Crypto` on the native addon: the synchronous engine in a pool of worker threads, so that the event loop never waits for it. Every call
 * is one job on one thread, but the search for a discriminant, which all threads share.
 */
import { availableParallelism } from 'node:os'
import { Committees } from '@petal/core/crypto/committees.ts'
import { RANGE_CANDIDATES, searchDiscriminant, type TestRange } from '@petal/core/crypto/discriminant-search.ts'
import type {
  CertificateVerdict,
  Check,
  CommitteeHandle,
  Crypto,
  HeaderFacts,
  HeaderFields,
  JobOptions,
  JobProgress,
  RootLeaf,
  TraversalVerdict,
} from '@petal/core/platform/crypto.ts'
import type { EngineCommittee, EngineKeyPair, EngineRules } from '@petal/core/platform/engine.ts'
import { WorkerPool } from './pool.ts'

type WithProgress = JobOptions & { readonly progress?: JobProgress }

export interface NodeCryptoOptions {
  /** Threads; default: the cores but one, 1 to 4. */
  readonly threads?: number
  readonly addonPath?: string | undefined
}

const MAX_DEFAULT_THREADS = 4

export class NodeCrypto implements Crypto {
  readonly #pool: WorkerPool
  readonly #committees = new Committees()

  constructor(options: NodeCryptoOptions = {}) {
    const threads = options.threads ?? Math.min(Math.max(availableParallelism() - 1, 1), MAX_DEFAULT_THREADS)
    this.#pool = new WorkerPool(threads, { addonPath: options.addonPath })
  }

  get description(): string {
    const { engine, size } = this.#pool
    return engine === '' ? '' : `${engine}, ${size} ${size === 1 ? 'thread' : 'threads'}`
  }

  get parallelism(): number {
    return this.#pool.size
  }

  inspectHeader(header: Uint8Array, options?: JobOptions): Promise<HeaderFacts> {
    return this.#pool.run('inspectHeader', [header], options)
  }

  async openCommittee(committee: EngineCommittee, options?: JobOptions): Promise<CommitteeHandle> {
    // One thread tests the keys now, so that a bad committee is refused here and not with the first header.
    await this.#pool.run('openCommittee', [this.#committees.handleOf(committee), committee], options)
    return this.#committees.opened(committee)
  }

  async closeCommittee(handle: CommitteeHandle): Promise<void> {
    if (this.#committees.closed(handle)) this.#pool.forgetCommittee(handle)
  }

  async verifyCertificate(
    header: Uint8Array,
    handle: CommitteeHandle,
    rules: EngineRules,
    options?: JobOptions,
  ): Promise<CertificateVerdict> {
    const committee = this.#committees.get(handle)
    return this.#pool.run('verifyCertificate', [header, handle, rules], {
      ...options,
      committee: { handle, committee },
    })
  }

  async verifyTimeProof(header: Uint8Array, options?: WithProgress): Promise<Check> {
    const start = performance.now()
    const { challenge } = await this.inspectHeader(header, options)
    const lane: TestRange = async (from, count, signal) => {
      const index = await this.#pool.run<number>('testRange', [challenge, from, count], { signal })
      options?.progress?.(from / RANGE_CANDIDATES + 1, 0)
      return index
    }
    const lanes = Array.from({ length: this.#pool.size }, () => lane)
    const index = await searchDiscriminant(lanes, options?.signal)
    const check = await this.#pool.run<Check>('verifyTimeProof', [header, challenge, index], options)
    return { ...check, millis: performance.now() - start }
  }

  hashBytes(message: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('hashBytes', [message], options)
  }

  verifyTraversal(
    root: Uint8Array,
    keys: readonly Uint8Array[],
    proof: Uint8Array,
    options?: JobOptions,
  ): Promise<TraversalVerdict> {
    return this.#pool.run('verifyTraversal', [root, keys, proof], options)
  }

  rebuildRoot(leaves: readonly RootLeaf[], options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('rebuildRoot', [leaves], options)
  }

  generateKey(ikm: Uint8Array, options?: JobOptions): Promise<EngineKeyPair> {
    return this.#pool.run('generateKey', [ikm], options)
  }

  sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('sign', [secretKey, message, domain], options)
  }

  aggregateKeys(publicKeys: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('aggregateKeys', [publicKeys], options)
  }

  aggregateSignatures(signatures: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('aggregateSignatures', [signatures], options)
  }

  solveVdf(challenge: Uint8Array, difficulty: number, options?: WithProgress): Promise<Uint8Array> {
    return this.#pool.run('solveVdf', [challenge, difficulty], options)
  }

  buildHeader(fields: HeaderFields, options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('buildHeader', [fields], options)
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
