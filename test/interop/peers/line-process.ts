/** A program that is told what to do by JSON lines: requests go in, answers and events come out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

interface Line {
  readonly id?: number
  readonly event?: string
  readonly result?: unknown
  readonly error?: string
}

/** What a program tells unasked. */
export type LineEvent = { readonly event: string } & Readonly<Record<string, unknown>>

const START_MILLIS = 60_000
/** The end of its input ends a program; if not, it is killed. */
const STOP_MILLIS = 5_000
const KEPT_ERROR_BYTES = 4096

export class LineProcess {
  /** Everything it told so far, in order. */
  readonly events: LineEvent[] = []
  readonly #child: ChildProcess
  readonly #exited = Promise.withResolvers<void>()
  readonly #ready = Promise.withResolvers<LineEvent>()
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0
  #errors = ''

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#ready.promise.catch(() => undefined)
    const end = (reason: string) => {
      const error = new Error(`${program} ${reason}${this.#errors ? `: ${this.#errors.trim()}` : ''}`)
      this.#ready.reject(error)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      this.#exited.resolve()
    }
    this.#child.on('error', ({ message }) => end(`cannot be started: ${message}`))
    this.#child.on('exit', (code, signal) => end(`ended with ${code ?? signal}`))
    this.#child.stdin?.on('error', () => undefined)
    this.#child.stderr?.on('data', (data) => {
      this.#errors = `${this.#errors}${data}`.slice(-KEPT_ERROR_BYTES)
    })
    const { stdout } = this.#child
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.#read(JSON.parse(line)))
  }

  /** Its event `ready`. Stops it and rejects when that does not come. */
  async ready(): Promise<LineEvent> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error('the program was not ready in time')), START_MILLIS)
    try {
      return await Promise.race([this.#ready.promise, late.promise])
    } catch (error) {
      await this.stop()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Does a command. */
  call<T>(command: string, args: object = {}): Promise<T> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error('the program has ended'))
    const id = ++this.#calls
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.stdin?.write(`${JSON.stringify({ id, do: command, args })}\n`)
    return waiting.promise as Promise<T>
  }

  /** Ends its input, and sends a signal to a program that does not end by that. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    this.#child.stdin?.end()
    if (signal !== undefined) this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MILLIS)
    await this.#exited.promise
    clearTimeout(timer)
  }

  #read(line: Line): void {
    if (line.event !== undefined) {
      const event = line as LineEvent
      this.events.push(event)
      if (event.event === 'ready') this.#ready.resolve(event)
      return
    }
    const waiting = this.#waiting.get(line.id ?? 0)
    this.#waiting.delete(line.id ?? 0)
    if (line.error === undefined) waiting?.resolve(line.result)
    else waiting?.reject(new Error(line.error))
  }
}
