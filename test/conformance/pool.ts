import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type CaseResult, type FileResult, failure, type Job, type Report } from './job.ts'

const script = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Longest silence of a child: far above the slowest case, so that it means a hang. */
const CASE_LIMIT_MILLIS = 600_000

/** What an observer sees while a job runs. */
export type Observer = (job: Job, index: number, total: number) => void

/** Child processes that run jobs; one that dies or hangs costs the case it was in, and is replaced. */
export class Pool {
  readonly #observe: Observer
  readonly #idle: ChildProcess[] = []
  readonly #all = new Set<ChildProcess>()

  constructor(observe: Observer) {
    this.#observe = observe
  }

  /** Runs all cases of a job, across as many children as it takes. */
  async run(job: Job): Promise<FileResult> {
    const cases: CaseResult[] = []
    for (let start = 0; ; ) {
      const next = await this.#attempt({ ...job, start }, cases)
      if (next === undefined) return { path: job.path, engine: job.engine, cases }
      start = next
    }
  }

  close(): void {
    for (const child of this.#all) child.kill()
  }

  #take(): ChildProcess {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    const child = fork(script, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#all.add(child)
    return child
  }

  /** One child's part of a job. Answers the case to go on with when the child was lost, undefined at the end. */
  #attempt(job: Job, cases: CaseResult[]): Promise<number | undefined> {
    const child = this.#take()
    let at = { index: job.start, name: '' }
    let total = Number.POSITIVE_INFINITY
    return new Promise((resolve) => {
      const hang = setTimeout(() => child.kill('SIGKILL'), CASE_LIMIT_MILLIS)
      const finish = (next: number | undefined) => {
        clearTimeout(hang)
        child.removeAllListeners()
        resolve(next)
      }
      child.on('message', (report: Report) => {
        hang.refresh()
        if (report.type === 'begin') {
          at = report
          total = report.total
          this.#observe(job, report.index, report.total)
        } else if (report.type === 'case') cases.push(report.result)
        else {
          this.#idle.push(child)
          finish(undefined)
        }
      })
      child.on('exit', (code, signal) => {
        this.#all.delete(child)
        const lost = `the engine's process ended (${signal ?? `exit code ${code}`})`
        if (cases.at(-1)?.index !== at.index) cases.push(failure(at.index, at.name, lost))
        const next = at.index + 1
        finish(next < total && Number.isFinite(total) ? next : undefined)
      })
      child.send(job)
    })
  }
}

/** Runs jobs two at a time or as told, and hands results out in the order of the jobs. */
export async function runInOrder(
  jobs: readonly Job[],
  parallel: number,
  observe: Observer,
  deliver: (result: FileResult) => void,
): Promise<void> {
  const pool = new Pool(observe)
  const results: (FileResult | undefined)[] = jobs.map(() => undefined)
  let next = 0
  let delivered = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index]
      if (job === undefined) return
      results[index] = await pool.run(job)
      for (let ready = results[delivered]; ready !== undefined; ready = results[++delivered]) deliver(ready)
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, lane))
  } finally {
    pool.close()
  }
}
