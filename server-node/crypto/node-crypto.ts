/**
 * `Crypto` on the native addon: the synchronous engine in a pool of worker threads, so that the event loop never waits for it. A job
 * runs on one thread; a certificate and a time proof of one header are two jobs and run at the same time.
 */
import { availableParallelism } from 'node:os'
import type {
  CertificateVerdict,
  Check,
  CommitteeHandle,
  Crypto,
  HeaderFacts,
  HeaderFields,
  JobOptions,
  JobProgress,
} from '@petal/core/platform/crypto.ts'
import { CryptoError } from '@petal/core/platform/crypto.ts'
import type { EngineCommittee, EngineKeyPair, EngineRules } from '@petal/core/platform/engine.ts'
import { WorkerPool } from './pool.ts'
import type { NamedCommittee } from './protocol.ts'

type WithProgress = JobOptions & { readonly progress?: JobProgress }

export interface NodeCryptoOptions {
  /** Threads; default: the cores but one, 1 to 4. */
  readonly threads?: number
  readonly addonPath?: string | undefined
}

const MAX_DEFAULT_THREADS = 4

export class NodeCrypto implements Crypto {
  readonly #pool: WorkerPool
  readonly #committees = new Map<CommitteeHandle, NamedCommittee>()
  #description = ''

  constructor(options: NodeCryptoOptions = {}) {
    const threads = options.threads ?? Math.min(Math.max(availableParallelism() - 1, 1), MAX_DEFAULT_THREADS)
    this.#pool = new WorkerPool(threads, { addonPath: options.addonPath })
  }

  get description(): string {
    return this.#description
  }

  get parallelism(): number {
    return this.#pool.size
  }

  inspectHeader(header: Uint8Array, options?: JobOptions): Promise<HeaderFacts> {
    return this.#pool.run('inspectHeader', [header], options)
  }

  async openCommittee(committee: EngineCommittee, options?: JobOptions): Promise<CommitteeHandle> {
    const name = JSON.stringify(committee)
    // A thread tests the keys now, so that a bad committee is refused here and not with the first header.
    await this.#pool.run('openCommittee', [{ name, committee } satisfies NamedCommittee], options)
    await this.#describe()
    const handle = name as CommitteeHandle
    this.#committees.set(handle, { name, committee })
    return handle
  }

  async closeCommittee(handle: CommitteeHandle): Promise<void> {
    this.#committees.delete(handle)
  }

  async verifyCertificate(
    header: Uint8Array,
    handle: CommitteeHandle,
    rules: EngineRules,
    options?: JobOptions,
  ): Promise<CertificateVerdict> {
    const committee = this.#committees.get(handle)
    if (committee === undefined) throw new CryptoError('arguments', 'the committee is not open')
    return this.#pool.run('verifyCertificate', [header, committee, rules], options)
  }

  verifyTimeProof(header: Uint8Array, options?: WithProgress): Promise<Check> {
    return this.#pool.run('verifyTimeProof', [header], options)
  }

  hashBytes(message: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#pool.run('hashBytes', [message], options)
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

  async #describe(): Promise<void> {
    if (this.#description !== '') return
    const engine = await this.#pool.run<string>('describe', [])
    this.#description = `${engine}, ${this.#pool.size} ${this.#pool.size === 1 ? 'thread' : 'threads'}`
  }
}
