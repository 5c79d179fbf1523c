/** One process of the soak: `petal-node start --json`, started again and again on the same data. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const READY_MILLIS = 120_000
const STOP_MILLIS = 15_000
/** After a start a node catches up: frames of that time are not late. */
const STEADY_MILLIS = 15_000
const PAGE_BYTES = 4096

interface Said {
  readonly event: string
  readonly number?: string
  readonly addresses?: readonly string[]
  readonly message?: string
  readonly head?: string
}

export class SoakNode {
  readonly name: string
  readonly failures: string[] = []
  onFrame: (number: number) => void = () => undefined
  head = -1
  address = ''
  readonly #args: readonly string[]
  readonly #directory: string
  #child: ChildProcess | undefined
  #stopping = false
  #readyAt = 0

  constructor(name: string, directory: string, args: readonly string[]) {
    this.name = name
    this.#directory = directory
    this.#args = args
  }

  async start(): Promise<void> {
    this.#stopping = false
    const program = join(root, 'server-node/bin/petal-node.ts')
    const child = spawn(
      join(root, 'node_modules/.bin/node'),
      [program, 'start', ...this.#args, '--json', '--data-dir', this.#directory],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#child = child
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000)
    })
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.failures.push(`ended by itself with ${code ?? signal}: ${said}`)
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = setTimeout(() => reject(new Error(`${this.name} was not ready in time: ${said}`)), READY_MILLIS)
    child.once('exit', () => reject(new Error(`${this.name} ended before it was ready: ${said}`)))
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const message = JSON.parse(line) as Said
      if (message.event === 'ready') {
        this.address = message.addresses?.find((one) => /\/tcp\/\d+\/p2p\//.test(one)) ?? ''
        this.#readyAt = performance.now()
        resolve()
      }
      if (message.event === 'frame') this.#frame(Number(message.number))
      if (message.event === 'failure') this.failures.push(message.message ?? 'a failure without words')
    })
    await promise.finally(() => clearTimeout(late))
  }

  #frame(number: number): void {
    this.head = Math.max(this.head, number)
    this.onFrame(number)
  }

  /** It has had time to catch up since its last start. */
  isSteady(): boolean {
    return performance.now() - this.#readyAt > STEADY_MILLIS
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.#stopping = true
    const gone = once(child, 'exit')
    child.kill(signal)
    const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS)
    await gone
    clearTimeout(impatient)
  }

  /** Memory in RAM; undefined while it does not run. */
  residentBytes(): number | undefined {
    try {
      const pages = readFileSync(`/proc/${this.#child?.pid}/statm`, 'utf8').split(' ')[1]
      return Number(pages) * PAGE_BYTES
    } catch {
      return undefined
    }
  }
}
