/** `petal-node start` as processes, for tests: their events, and killing them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../bin/petal-node.ts', import.meta.url))

export interface ProgramEvent {
  readonly event: string
  readonly [key: string]: unknown
}

export class NodeProcess implements AsyncDisposable {
  readonly events: ProgramEvent[] = []
  readonly child: ChildProcess
  /** Exit code; null when it was killed. */
  readonly closed: Promise<number | null>
  readonly #wakes = new Set<() => void>()

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [PROGRAM, 'start', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PETAL_PASSPHRASE: undefined },
    })
    const { stdout } = this.child
    if (stdout === null) throw new Error('a process without output')
    createInterface({ input: stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as ProgramEvent)
      for (const wake of this.#wakes) wake()
    })
    this.closed = once(this.child, 'close').then(() => this.child.exitCode)
  }

  /** The first event that the condition holds for, also one that came before. Rejects when the process ends without. */
  async event(holds: (event: ProgramEvent) => boolean): Promise<ProgramEvent> {
    let ended = false
    const closed = this.closed.then(() => {
      ended = true
    })
    for (;;) {
      const found = this.events.find(holds)
      if (found !== undefined) return found
      if (ended) throw new Error(`ended with ${this.child.exitCode}: ${JSON.stringify(this.events.at(-1))}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakes.add(resolve)
      await Promise.race([promise, closed])
      this.#wakes.delete(resolve)
    }
  }

  /** The node is ready; addresses on TCP first. */
  async ready(): Promise<{ readonly url: string; readonly addresses: readonly string[]; readonly genesis: string }> {
    const { url, addresses, genesis } = await this.event(({ event }) => event === 'ready')
    const tcp = (address: string) => Number(!/\/tcp\/\d+\/p2p/.test(address))
    return {
      url: String(url),
      addresses: (addresses as string[]).toSorted((a, b) => tcp(a) - tcp(b)),
      genesis: String(genesis),
    }
  }

  /** A frame of that number or a higher one was announced. */
  frame(number: number): Promise<ProgramEvent> {
    return this.event((event) => event.event === 'frame' && Number(event.number) >= number)
  }

  get head(): number {
    return Number(this.events.findLast(({ event }) => event === 'frame')?.number ?? -1)
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    return this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
  }
}
