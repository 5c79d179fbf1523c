/** The stages of one probe: which one it is at, how long each took, how the last one ended. */
import type { ProbeError } from './failures.ts'
import type { Failure, Stage, StageReport } from './report.ts'

/** Told of each stage as it ends. */
export type StageListener = (target: string, stage: StageReport) => void

export class Stages {
  readonly #target: string
  readonly #listener: StageListener
  readonly #done: StageReport[] = []
  #current: Stage
  #since = performance.now()

  constructor(target: string, first: Stage, listener: StageListener) {
    this.#target = target
    this.#current = first
    this.#listener = listener
  }

  get current(): Stage {
    return this.#current
  }

  /** How long the current stage has lasted, for people. */
  get seconds(): number {
    return Math.round((performance.now() - this.#since) / 100) / 10
  }

  get reports(): readonly StageReport[] {
    return this.#done
  }

  enter(stage: Stage): void {
    this.#current = stage
    this.#since = performance.now()
  }

  /** The current stage went well. */
  pass(text: string): void {
    this.#end(true, text)
  }

  /** The current stage did not, and is tried again. */
  retry(text: string): void {
    this.#end(false, text)
  }

  /** The current stage did not, and nothing follows. */
  fail({ code, message }: ProbeError): Failure {
    this.#end(false, message)
    return { stage: this.#current, code, message }
  }

  #end(ok: boolean, text: string): void {
    const millis = Math.round((performance.now() - this.#since) * 10) / 10
    const report = { stage: this.#current, ok, millis, text }
    this.#done.push(report)
    this.#listener(this.#target, report)
    this.#since = performance.now()
  }
}
