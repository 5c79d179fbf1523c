/** Work of the light driver on the engine, each piece of it until it is cancelled. */
import { type CommitteeHandle, type Crypto, CryptoError } from '../platform/crypto.ts'
import type { Anchors } from './anchors.ts'
import type { CommitteeRunner } from './committee-runner.ts'
import { reasonOf } from './driver-peers.ts'
import type { LightEvent, Task, TaskResult } from './events.ts'

export interface DriverJobsParts {
  readonly crypto: Crypto
  readonly anchors: Anchors
  /** On a network without a pinned committee. */
  readonly runner: CommitteeRunner | null
  send(event: LightEvent): void
}

export class DriverJobs {
  readonly #parts: DriverJobsParts
  readonly #jobs = new Map<number, AbortController>()
  /** The pinned committee. */
  #committee: CommitteeHandle | null = null

  constructor(parts: DriverJobsParts) {
    this.#parts = parts
  }

  async compute(job: number, task: Task): Promise<void> {
    const controller = new AbortController()
    this.#jobs.set(job, controller)
    let result: TaskResult
    try {
      result = await this.#run(task, controller.signal)
    } catch (error) {
      const code = error instanceof CryptoError ? error.code : 'crashed'
      result = { kind: 'failed', code, reason: reasonOf(error) }
    }
    this.#jobs.delete(job)
    this.#parts.send({ kind: 'computed', job, result })
  }

  async #run(task: Task, signal: AbortSignal): Promise<TaskResult> {
    const { crypto, anchors, runner } = this.#parts
    switch (task.kind) {
      case 'openCommittee':
        if (anchors.committee === undefined) throw new CryptoError('arguments', 'no committee is pinned')
        this.#committee = await crypto.openCommittee(anchors.committee, { signal })
        return { kind: 'openCommittee' }
      case 'inspect':
        return { kind: 'inspect', facts: await crypto.inspectHeader(task.header, { signal }) }
      case 'certificate': {
        if (runner !== null)
          return { kind: 'certificate', verdict: await runner.verify(task.header, task.root, signal) }
        if (this.#committee === null) throw new CryptoError('arguments', 'the committee is not open')
        const verdict = await crypto.verifyCertificate(task.header, this.#committee, anchors.rules, { signal })
        return { kind: 'certificate', verdict }
      }
      case 'timeProof':
        return { kind: 'timeProof', check: await crypto.verifyTimeProof(task.header, { signal }) }
    }
  }

  cancel(job: number): void {
    this.#jobs.get(job)?.abort()
  }

  cancelAll(): void {
    for (const job of this.#jobs.values()) job.abort()
  }

  async close(): Promise<void> {
    if (this.#committee !== null) await this.#parts.crypto.closeCommittee(this.#committee).catch(() => {})
  }
}
