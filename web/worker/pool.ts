/**
 * `Crypto` over several web workers. Buffers are transferred (of copies: the caller keeps its own). A cancelled job rejects at once; what is
 * short runs to its end in the worker, what is long ends with its worker. A worker that dies is replaced, and its job runs once more.
 */
import { Committees } from '@petal/core/crypto/committees.ts'
import { searchDiscriminant } from '@petal/core/crypto/discriminant-search.ts'
import { joinParts, partLeaves } from '@petal/core/crypto/tree-parts.ts'
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
} from '@petal/core/platform/crypto.ts'
import type { EngineCommittee, EngineKeyPair, EngineRules } from '@petal/core/platform/engine.ts'
import { transfer } from 'comlink'
import { type CompiledEngine, compileEngine } from './engine.ts'
import type { EngineModule } from './modules.ts'
import { Slot, type SpawnWorker } from './slot.ts'

export interface PoolOptions {
  readonly workers: number
  /** Default `verifier`. */
  readonly module?: EngineModule
  readonly spawn?: SpawnWorker
  readonly compile?: (module: EngineModule) => Promise<CompiledEngine>
}

/** Slices of a search give way to everything else. */
type Priority = 'normal' | 'slice'

interface Job {
  readonly priority: Priority
  /** Runs best where this committee is open. */
  readonly committee: CommitteeHandle | null
  readonly run: (slot: Slot) => Promise<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (error: CryptoError) => void
  attempts: number
  settled: boolean
}

export class WorkerPool implements Crypto {
  readonly #slots: readonly Slot[]
  readonly #module: EngineModule
  readonly #compile: (module: EngineModule) => Promise<CompiledEngine>
  readonly #committees = new Committees()
  #engine: Promise<CompiledEngine> | null = null
  #waiting: Job[] = []
  readonly #running = new Set<Job>()
  readonly #starting = new Map<Slot, Promise<void>>()
  #description = ''
  #closed = false

  constructor(options: PoolOptions) {
    const spawn = options.spawn ?? spawnCryptoWorker
    this.#slots = Array.from({ length: Math.max(1, options.workers) }, () => new Slot(spawn))
    this.#module = options.module ?? 'verifier'
    this.#compile = options.compile ?? compileEngine
  }

  get description(): string {
    return this.#description
  }

  get parallelism(): number {
    return this.#slots.length
  }

  /** Fetches, compiles and starts the first engine before there is a job. What fails is told to the first job. */
  async warm(): Promise<void> {
    const [slot] = this.#slots
    if (slot) await this.#ensure(slot).catch(() => {})
  }

  inspectHeader(header: Uint8Array, options?: JobOptions): Promise<HeaderFacts> {
    return this.#job('normal', options, (slot) => slot.call('inspectHeader', moved([header])))
  }

  async openCommittee(committee: EngineCommittee, options?: JobOptions): Promise<CommitteeHandle> {
    await this.#job('normal', options, (slot) =>
      this.#ensureOpen(slot, this.#committees.handleOf(committee), committee),
    )
    return this.#committees.opened(committee)
  }

  async closeCommittee(handle: CommitteeHandle): Promise<void> {
    if (!this.#committees.closed(handle)) return
    for (const slot of this.#slots) {
      if (slot.opened.delete(handle)) await slot.call('closeCommittee', [handle]).catch(() => {})
    }
  }

  async verifyCertificate(
    header: Uint8Array,
    handle: CommitteeHandle,
    rules: EngineRules,
    options?: JobOptions,
  ): Promise<CertificateVerdict> {
    const committee = this.#committees.get(handle)
    const verify = async (slot: Slot) => {
      await this.#ensureOpen(slot, handle, committee)
      return await slot.call('verifyCertificate', moved([header, handle, rules]))
    }
    return await this.#job('normal', options, verify, handle)
  }

  async verifyTimeProof(
    header: Uint8Array,
    options?: JobOptions & { readonly progress?: JobProgress },
  ): Promise<Check> {
    const start = performance.now()
    const { challenge } = await this.inspectHeader(header, options)
    let ranges = 0
    const lane = async (from: number, count: number, signal: AbortSignal): Promise<number> => {
      const found = await this.#job('slice', { signal }, (slot) =>
        slot.call('testRange', moved([challenge, from, count])),
      )
      options?.progress?.(++ranges, 0)
      return found
    }
    const index = await searchDiscriminant(Array(this.parallelism).fill(lane), options?.signal)
    const check = await this.#job('normal', options, (slot) =>
      slot.call('verifyTimeProof', moved([header, challenge, index])),
    )
    return { ...check, millis: performance.now() - start }
  }

  hashBytes(message: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#job('normal', options, (slot) => slot.call('hashBytes', moved([message])))
  }

  verifyTraversal(
    root: Uint8Array,
    keys: readonly Uint8Array[],
    proof: Uint8Array,
    options?: JobOptions,
  ): Promise<TraversalVerdict> {
    return this.#job('normal', options, (slot) => slot.call('verifyTraversal', moved([root, keys, proof])))
  }

  /** What lies below each child of the root is rebuilt by whichever worker is free. */
  async rebuildRoot(leaves: readonly RootLeaf[], options?: JobOptions): Promise<Uint8Array> {
    const rebuild = (some: readonly RootLeaf[]) =>
      this.#job('normal', options, (slot) => slot.call('rebuildRoot', [some]))
    const parts = this.parallelism > 1 ? partLeaves(leaves) : null
    if (parts === null) return await rebuild(leaves)
    const slots = await joinParts(parts, rebuild)
    return await this.#job('normal', options, (slot) => slot.call('commitBranch', moved([slots])))
  }

  generateKey(ikm: Uint8Array, options?: JobOptions): Promise<EngineKeyPair> {
    return this.#job('normal', options, (slot) => slot.call('generateKey', moved([ikm])))
  }

  sign(secretKey: Uint8Array, message: Uint8Array, domain: Uint8Array, options?: JobOptions): Promise<Uint8Array> {
    return this.#job('normal', options, (slot) => slot.call('sign', moved([secretKey, message, domain])))
  }

  aggregateKeys(publicKeys: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#job('normal', options, (slot) => slot.call('aggregateKeys', [publicKeys]))
  }

  aggregateSignatures(signatures: readonly Uint8Array[], options?: JobOptions): Promise<Uint8Array> {
    return this.#job('normal', options, (slot) => slot.call('aggregateSignatures', [signatures]))
  }

  solveVdf(
    challenge: Uint8Array,
    difficulty: number,
    options?: JobOptions & { readonly progress?: JobProgress },
  ): Promise<Uint8Array> {
    const solve = (slot: Slot) => {
      const kill = () => slot.kill(new CryptoError('cancelled', 'the job was cancelled'))
      options?.signal?.addEventListener('abort', kill, { once: true })
      const done = slot.solve(challenge, difficulty, (...steps) => options?.progress?.(...steps))
      return done.finally(() => options?.signal?.removeEventListener('abort', kill))
    }
    return this.#job('normal', options, solve)
  }

  buildHeader(fields: HeaderFields, options?: JobOptions): Promise<Uint8Array> {
    return this.#job('normal', options, (slot) => slot.call('buildHeader', [fields]))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const closed = new CryptoError('unavailable', 'the workers were stopped')
    for (const job of [...this.#waiting, ...this.#running]) this.#settle(job, () => job.reject(closed))
    this.#waiting = []
    for (const slot of this.#slots) slot.kill(closed)
    for (const slot of this.#slots) slot.stop()
  }

  async #ensureOpen(slot: Slot, handle: CommitteeHandle, committee: EngineCommittee): Promise<void> {
    if (slot.opened.has(handle)) return
    await slot.call('openCommittee', [handle, committee])
    slot.opened.add(handle)
  }

  #job<T>(
    priority: Priority,
    options: JobOptions | undefined,
    run: (slot: Slot) => Promise<T>,
    committee: CommitteeHandle | null = null,
  ): Promise<T> {
    const { signal } = options ?? {}
    const cancelled = () => new CryptoError('cancelled', 'the job was cancelled', { cause: signal?.reason })
    if (this.#closed) return Promise.reject(new CryptoError('unavailable', 'the workers were stopped'))
    if (signal?.aborted) return Promise.reject(cancelled())
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== job)
        this.#settle(job, () => reject(cancelled()))
      }
      signal?.addEventListener('abort', abort, { once: true })
      const done = () => signal?.removeEventListener('abort', abort)
      const job: Job = {
        priority,
        committee,
        run,
        resolve: (value) => {
          done()
          resolve(value)
        },
        reject: (error) => {
          done()
          reject(error)
        },
        attempts: 0,
        settled: false,
      }
      this.#waiting.push(job)
      this.#pump()
    })
  }

  /** Gives waiting jobs to free slots: those where the committee is open first, then those that run. */
  #pump(): void {
    for (;;) {
      const free = this.#slots.filter((slot) => !slot.busy)
      const at = this.#waiting.findIndex((job) => job.priority === 'normal')
      const job = free.length === 0 ? undefined : this.#waiting.splice(Math.max(0, at), 1)[0]
      if (job === undefined) return
      const { committee } = job
      const opened = committee === null ? undefined : free.find((slot) => slot.opened.has(committee))
      const slot = opened ?? free.find((one) => one.alive || this.#starting.has(one)) ?? free[0]
      if (slot) this.#occupy(slot, job)
    }
  }

  #occupy(slot: Slot, job: Job): void {
    slot.busy = true
    this.#running.add(job)
    void this.#work(slot, job).finally(() => {
      slot.busy = false
      this.#running.delete(job)
      if (!this.#closed) this.#pump()
    })
  }

  async #work(slot: Slot, job: Job): Promise<void> {
    try {
      await this.#ensure(slot)
      job.attempts++
      const value = await job.run(slot)
      this.#settle(job, () => job.resolve(value as never))
    } catch (error) {
      const failure = error instanceof CryptoError ? error : new CryptoError('crashed', String(error), { cause: error })
      const again = failure.code === 'crashed' && job.attempts === 1 && !job.settled && !this.#closed
      if (again) this.#waiting.unshift(job)
      else this.#settle(job, () => job.reject(failure))
    }
  }

  async #ensure(slot: Slot): Promise<void> {
    if (slot.alive) return
    const starting = this.#starting.get(slot) ?? this.#start(slot).finally(() => this.#starting.delete(slot))
    this.#starting.set(slot, starting)
    await starting
  }

  async #start(slot: Slot): Promise<void> {
    this.#engine ??= this.#compiled()
    const engine = this.#engine
    const { kernel } = await slot.start(this.#module, engine)
    if (this.#closed) slot.stop()
    const { variant } = await engine
    const count = this.#slots.length
    this.#description = `wasm ${variant} (${kernel}), ${count} worker${count === 1 ? '' : 's'}`
  }

  async #compiled(): Promise<CompiledEngine> {
    try {
      return await this.#compile(this.#module)
    } catch (error) {
      this.#engine = null
      if (error instanceof CryptoError) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new CryptoError('unavailable', `WebAssembly does not run here: ${message}`, { cause: error })
    }
  }

  #settle(job: Job, tell: () => void): void {
    if (job.settled) return
    job.settled = true
    tell()
  }
}

function spawnCryptoWorker(): Worker {
  return new Worker(new URL('./crypto-worker.ts', import.meta.url), { type: 'module', name: 'petal-crypto' })
}

/** The arguments with copies of the byte strings, whose buffers move to the worker. */
function moved<T extends readonly unknown[]>(args: T): T {
  const copies = args.map((arg) => (arg instanceof Uint8Array ? arg.slice() : arg))
  const buffers = copies.flatMap((copy) => (copy instanceof Uint8Array ? [copy.buffer] : []))
  return transfer(copies as unknown as T, buffers)
}
