/**
 * `Crypto` in the thread of its caller: for tests, and inside workers. A call blocks while the engine computes; between slices of a
 * search it yields, so that a signal can fire.
 */
import {
  type CertificateVerdict,
  type Check,
  type CommitteeHandle,
  type Crypto,
  CryptoError,
  type HeaderFacts,
  type HeaderFields,
  type JobOptions,
  type JobProgress,
  type RootLeaf,
  type TraversalVerdict,
} from '../platform/crypto.ts'
import type { EngineCommittee, EngineKeyPair, EngineRules, FullEngine, VerifierEngine } from '../platform/engine.ts'
import { Committees } from './committees.ts'
import { RANGE_CANDIDATES, searchDiscriminant } from './discriminant-search.ts'
import { EngineHost } from './engine-host.ts'

/** Loads an engine; rejects when there is none. Called once, at the first job. */
export type EngineLoader = () => Promise<VerifierEngine | FullEngine>

export interface DirectOptions {
  /** Milliseconds of a steady clock. */
  readonly now: () => number
  /** Lets other tasks of this thread run. */
  readonly pause: () => Promise<void>
}

export class DirectCrypto implements Crypto {
  readonly parallelism = 1
  readonly #load: EngineLoader
  readonly #options: DirectOptions
  readonly #committees = new Committees()
  #host: Promise<EngineHost> | null = null
  #description = ''
  #closed = false

  constructor(load: EngineLoader, options: DirectOptions) {
    this.#load = load
    this.#options = options
  }

  get description(): string {
    return this.#description
  }

  inspectHeader(header: Uint8Array, options?: JobOptions): Promise<HeaderFacts> {
    return this.#job(options, (host) => host.inspectHeader(header))
  }

  openCommittee(committee: EngineCommittee, options?: JobOptions): Promise<CommitteeHandle> {
    return this.#job(options, (host) => {
      host.openCommittee(this.#committees.handleOf(committee), committee)
      return this.#committees.opened(committee)
    })
  }

  async closeCommittee(handle: CommitteeHandle): Promise<void> {
    const host = await this.#host
    if (this.#committees.closed(handle)) host?.closeCommittee(handle)
  }

  verifyCertificate(
    header: Uint8Array,
    committee: CommitteeHandle,
    rules: EngineRules,
    options?: JobOptions,
  ): Promise<CertificateVerdict> {
    return this.#job(options, (host) => host.verifyCertificate(header, committee, rules))
  }

  verifyTimeProof(header: Uint8Array, options?: JobOptions & { readonly progress?: JobProgress }): Promise<Check> {
    return this.#job(options, async (host) => {
      const start = this.#options.now()
      const { challenge } = host.inspectHeader(header)
      try {
        const lane = async (from: number, count: number) => {
          await this.#options.pause()
          this.#check(options?.signal)
          const index = host.testRange(challenge, from, count)
          options?.progress?.(from / RANGE_CANDIDATES + 1, 0)
          return index
        }
        const index = await searchDiscriminant([lane], options?.signal)
        await this.#options.pause()
        this.#check(options?.signal)
        return { ...host.verifyTimeProof(header, challenge, index), millis: this.#options.now() - start }
      } finally {
        host.endSearch(challenge)
      }
    })
  }

  hashBytes(message: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.hashBytes(message))
  }

  verifyTraversal(
    root: Uint8Array,
    keys: readonly Uint8Array[],
    proof: Uint8Array,
    options?: JobOptions,
  ): Promise<TraversalVerdict> {
    return this.#job(options, (host) => host.verifyTraversal(root, keys, proof))
  }

  rebuildRoot(leaves: readonly RootLeaf[], options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.rebuildRoot(leaves))
  }

  generateKey(ikm: Uint8Array, options?: JobOptions): Promise<EngineKeyPair> {
    return this.#job(options, (host) => host.generateKey(ikm))
  }

  sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.sign(secretKey, message, domain))
  }

  aggregateKeys(publicKeys: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.aggregateKeys(publicKeys))
  }

  aggregateSignatures(signatures: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.aggregateSignatures(signatures))
  }

  solveVdf(
    challenge: Uint8Array,
    difficulty: number,
    options?: JobOptions & { readonly progress?: JobProgress },
  ): Promise<Uint8Array> {
    return this.#job(options, (host) =>
      host.solveVdf(challenge, difficulty, (done, total) => {
        options?.progress?.(done, total)
        return options?.signal?.aborted ?? false
      }),
    )
  }

  buildHeader(fields: HeaderFields, options?: JobOptions): Promise<Uint8Array> {
    return this.#job(options, (host) => host.buildHeader(fields))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const host = await this.#host?.catch(() => null)
    host?.close()
  }

  async #job<T>(options: JobOptions | undefined, run: (host: EngineHost) => T | Promise<T>): Promise<T> {
    this.#check(options?.signal)
    this.#host ??= this.#open()
    const host = await this.#host
    await this.#options.pause()
    this.#check(options?.signal)
    return await run(host)
  }

  async #open(): Promise<EngineHost> {
    try {
      const host = new EngineHost(await this.#load(), this.#options.now)
      const { module, build, kernel } = host.describe()
      this.#description = `${module} ${build} ${kernel}, this thread`
      return host
    } catch (error) {
      this.#host = null
      const message = error instanceof Error ? error.message : String(error)
      throw new CryptoError('unavailable', `no engine: ${message}`, { cause: error })
    }
  }

  #check(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new CryptoError('unavailable', 'the engine was closed')
    if (signal?.aborted) throw new CryptoError('cancelled', 'the job was cancelled', { cause: signal.reason })
  }
}
