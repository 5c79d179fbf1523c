/**
 * A pool of worker threads that run jobs one at a time each. A job can be cancelled while it computes (a shared flag), reports
 * progress, and when its thread dies the thread is replaced and the job tried once more on another.
 */
import { Worker } from 'node:worker_threads'
import { type CommitteeHandle, CryptoError, type JobOptions, type JobProgress } from '@petal/core/platform/crypto.ts'
import type { ForgetCommittee, JobRequest, JobResponse, WorkerData } from './protocol.ts'

interface RunOptions extends JobOptions {
  readonly progress?: JobProgress
  readonly committee?: JobRequest['committee']
}

interface Job {
  readonly request: JobRequest
  readonly progress: JobProgress | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** Threads that died over it. */
  crashes: number
}

/** Jobs that may wait; more are a caller that does not wait for answers. */
const MAX_QUEUED = 4_096
const MAX_CRASHES = 1

export class WorkerPool {
  readonly size: number
  /** Description of the engine; empty until a thread has loaded it. */
  engine = ''
  readonly #data: WorkerData
  readonly #threads = new Set<Thread>()
  readonly #queue: Job[] = []
  #closed = false
  #ids = 0

  constructor(size: number, data: WorkerData) {
    this.size = size
    this.#data = data
  }

  /** Rejects with `CryptoError` only. */
  run<T>(method: JobRequest['method'], args: readonly unknown[], options: RunOptions = {}): Promise<T> {
    const { signal, progress, committee } = options
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(new CryptoError('unavailable', 'the crypto pool is closed'))
      if (signal?.aborted) return reject(cancelled())
      if (this.#queue.length >= MAX_QUEUED) return reject(new CryptoError('unavailable', 'too many jobs are waiting'))
      const flag = new Int32Array(new SharedArrayBuffer(4))
      const onAbort = () => this.#cancel(job)
      const job: Job = {
        request: { id: ++this.#ids, method, args, committee, flag, wantsProgress: progress !== undefined },
        progress,
        resolve: (value) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(value as T)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
        crashes: 0,
      }
      signal?.addEventListener('abort', onAbort)
      this.#queue.push(job)
      this.#dispatch()
    })
  }

  forgetCommittee(handle: CommitteeHandle): void {
    for (const thread of this.#threads) thread.forgetCommittee(handle)
  }

  /** Pending jobs reject with `unavailable`. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    const closed = new CryptoError('unavailable', 'the crypto pool was closed')
    for (const job of this.#queue.splice(0)) job.reject(closed)
    await Promise.all([...this.#threads].map((thread) => thread.stop(closed)))
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const thread = [...this.#threads].find(({ job }) => job === undefined) ?? this.#spawn()
      if (thread === undefined) return
      thread.start(this.#queue.shift() as Job)
    }
  }

  /** Threads are made when there is work for them. */
  #spawn(): Thread | undefined {
    if (this.#threads.size >= this.size) return undefined
    const thread = new Thread(this.#data, {
      engine: (description) => {
        this.engine = description
      },
      idle: () => this.#dispatch(),
      died: (job, error) => {
        this.#threads.delete(thread)
        if (job !== undefined && !this.#closed) this.#again(job, error)
        this.#dispatch()
      },
    })
    this.#threads.add(thread)
    return thread
  }

  #again(job: Job, error: Error): void {
    if (Atomics.load(job.request.flag, 0) === 1) {
      job.reject(cancelled())
    } else if (job.crashes++ < MAX_CRASHES) {
      this.#queue.unshift(job)
    } else {
      const message = `${job.request.method} ended its thread: ${error.message}`
      job.reject(new CryptoError('crashed', message, { cause: error }))
    }
  }

  #cancel(job: Job): void {
    Atomics.store(job.request.flag, 0, 1)
    const index = this.#queue.indexOf(job)
    if (index === -1) return
    this.#queue.splice(index, 1)
    job.reject(cancelled())
  }
}

interface ThreadEvents {
  engine(description: string): void
  idle(): void
  died(job: Job | undefined, error: Error): void
}

/** One worker thread and the job it runs. Idle threads do not keep the process alive. */
class Thread {
  job: Job | undefined
  readonly #worker: Worker
  readonly #events: ThreadEvents

  constructor(data: WorkerData, events: ThreadEvents) {
    this.#events = events
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })
    this.#worker.unref()
    let failure: Error | undefined
    this.#worker.on('message', (response: JobResponse) => this.#onResponse(response))
    this.#worker.on('error', (error: Error) => {
      failure = error
    })
    this.#worker.on('exit', (code) => {
      const job = this.job
      this.job = undefined
      events.died(job, failure ?? new Error(`exit code ${code}`))
    })
  }

  start(job: Job): void {
    this.job = job
    this.#worker.ref()
    this.#worker.postMessage(job.request)
  }

  forgetCommittee(handle: CommitteeHandle): void {
    this.#worker.postMessage({ forget: handle } satisfies ForgetCommittee)
  }

  async stop(reason: Error): Promise<void> {
    const job = this.job
    this.job = undefined
    if (job !== undefined) Atomics.store(job.request.flag, 0, 1)
    job?.reject(reason)
    await this.#worker.terminate()
  }

  #onResponse(response: JobResponse): void {
    if (response.kind === 'engine') {
      this.#events.engine(response.description)
      return
    }
    const job = this.job
    if (job === undefined || response.id !== job.request.id) return
    if (response.kind === 'progress') {
      job.progress?.(response.done, response.total)
      return
    }
    this.job = undefined
    this.#worker.unref()
    if (response.kind === 'result') job.resolve(response.value)
    else job.reject(new CryptoError(response.code, response.message))
    this.#events.idle()
  }
}

function cancelled(): CryptoError {
  return new CryptoError('cancelled', 'the job was cancelled')
}
