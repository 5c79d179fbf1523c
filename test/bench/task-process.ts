/** Processes that perform tasks for a figure and stay until it is measured. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

interface Task {
  readonly task: string
}

type Report = { readonly result: unknown } | { readonly failed: string }

/** The side that asks. `Results` has what each task gives. */
export class TaskProcess<Asked extends Task, Results extends Readonly<Record<Asked['task'], unknown>>>
  implements AsyncDisposable
{
  readonly #child: ChildProcess

  constructor(script: URL, execArgv: readonly string[] = []) {
    this.#child = fork(fileURLToPath(script), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...execArgv],
    })
  }

  /** One task at a time. Rejects with what went wrong in the process, or with how it ended. */
  async ask<T extends Asked>(task: T): Promise<Results[T['task']]> {
    const { promise, resolve, reject } = Promise.withResolvers<Report>()
    const gone = (code: number | null) => reject(new Error(`the process of ${task.task} ended with ${code}`))
    this.#child.once('exit', gone)
    this.#child.once('message', resolve as (message: unknown) => void)
    this.#child.send(task)
    const report = await promise.finally(() => this.#child.off('exit', gone))
    if ('failed' in report) throw new Error(`${task.task}: ${report.failed}`)
    return report.result as Results[T['task']]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

/** The side that performs; it ends with the one that asks. */
export function performTasks<Asked extends Task>(perform: (asked: Asked) => Promise<unknown>): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (asked: Asked) => {
    perform(asked)
      .then(
        (result): Report => ({ result }),
        (thrown): Report => ({ failed: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }),
      )
      .then((report) => process.send?.(report))
  })
}
