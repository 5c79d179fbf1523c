/** Runs cases one by one, a line each, and counts. */
import type { Case } from './cases/case.ts'

/** Cases that share what has to be started for them. */
export interface Group {
  readonly name: string
  /** What it starts is stopped by the stack. */
  start(stack: AsyncDisposableStack): Promise<readonly Case[]>
}

const CASE_MILLIS = 90_000

export class Runner {
  #passed = 0
  #failed = 0
  #notRun = 0
  readonly #reasons = new Set<string>()
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  get failed(): number {
    return this.#failed
  }

  async run({ name, start }: Group): Promise<void> {
    const stack = new AsyncDisposableStack()
    try {
      for (const each of await start(stack)) await this.#try(`${name}: ${each.name}`, each.run)
    } catch (error) {
      this.fail(name, error)
    } finally {
      await stack.disposeAsync()
    }
  }

  /** The closing line. */
  summary(): string {
    const reasons = this.#reasons.size > 0 ? ` (${[...this.#reasons].join('; ')})` : ''
    return `${this.#passed} passed, ${this.#failed} failed, ${this.#notRun} not run${reasons}`
  }

  async #try(name: string, run: () => Promise<void>): Promise<void> {
    const start = performance.now()
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`no result in ${CASE_MILLIS / 1000} s`)), CASE_MILLIS)
    try {
      await Promise.race([run(), late.promise])
      this.#passed++
      this.#print(`pass     ${name} (${Math.round(performance.now() - start)} ms)`)
    } catch (error) {
      this.fail(name, error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Counts something as not run. */
  leave(name: string, reason: string): void {
    this.#notRun++
    this.#reasons.add(reason)
    this.#print(`not run  ${name}: ${reason}`)
  }

  fail(name: string, error: unknown): void {
    this.#failed++
    this.#print(`FAIL     ${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
  }
}
