/** A peer in a process of its own, which is told what to do by JSON lines. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Identity, InteropPeer, Link, Provider } from './peer.ts'

interface Line {
  readonly id?: number
  readonly event?: string
  readonly result?: unknown
  readonly error?: string
}

/** What a peer tells unasked. */
export type LineEvent = { readonly event: string } & Readonly<Record<string, unknown>>

const START_MILLIS = 60_000
/** The end of its input ends a peer; if not, it is killed. */
const STOP_MILLIS = 5_000
const KEPT_ERROR_BYTES = 4096

/** Starts a program and waits for its line `{"event":"ready"}`. */
export async function startLinePeer(program: string, args: readonly string[]): Promise<LinePeer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const peer = new LinePeer(child, program)
  try {
    await peer.started(AbortSignal.timeout(START_MILLIS))
    return peer
  } catch (error) {
    await peer.stop()
    throw error
  }
}

export class LinePeer implements InteropPeer {
  peerId = ''
  addresses: readonly string[] = []
  /** Everything it told so far, in order. */
  readonly events: LineEvent[] = []
  readonly #child: ChildProcess
  readonly #exited = Promise.withResolvers<void>()
  readonly #ready = Promise.withResolvers<void>()
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0
  #errors = ''

  constructor(child: ChildProcess, name: string) {
    this.#child = child
    const end = (reason: string) => {
      const error = new Error(`${name} ${reason}${this.#errors ? `: ${this.#errors.trim()}` : ''}`)
      this.#ready.reject(error)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      this.#exited.resolve()
    }
    child.on('error', ({ message }) => end(`cannot be started: ${message}`))
    child.on('exit', (code, signal) => end(`ended with ${code ?? signal}`))
    child.stdin?.on('error', () => undefined)
    child.stderr?.on('data', (data) => {
      this.#errors = `${this.#errors}${data}`.slice(-KEPT_ERROR_BYTES)
    })
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#read(JSON.parse(line)))
    this.#ready.promise.catch(() => undefined)
  }

  async started(signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => late.reject(new Error('the peer did not start in time')))
    await Promise.race([this.#ready.promise, late.promise])
  }

  #read(line: Line): void {
    if (line.event !== undefined) {
      const event = line as LineEvent
      this.events.push(event)
      if (event.event === 'ready') {
        this.peerId = event.peer as string
        this.addresses = event.addresses as string[]
        this.#ready.resolve()
      }
      return
    }
    const waiting = this.#waiting.get(line.id ?? 0)
    this.#waiting.delete(line.id ?? 0)
    if (line.error === undefined) waiting?.resolve(line.result)
    else waiting?.reject(new Error(line.error))
  }

  /** Does a command. */
  call<T>(command: string, args: object = {}): Promise<T> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error('the peer has ended'))
    const id = ++this.#calls
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.stdin?.write(`${JSON.stringify({ id, do: command, args })}\n`)
    return waiting.promise as Promise<T>
  }

  dial(address: string): Promise<Link> {
    return this.call('dial', { address })
  }
  link(peer: string): Promise<Link> {
    return this.call('link', { peer })
  }
  identified(peer: string): Promise<Identity> {
    return this.call('identified', { peer })
  }
  async ping(peer: string): Promise<number> {
    return (await this.call<{ millis: number }>('ping', { peer })).millis
  }
  async echo(peer: string, hex: string): Promise<string> {
    return (await this.call<{ hex: string }>('echo', { peer, hex })).hex
  }
  hangUp(peer: string): Promise<void> {
    return this.call('hangUp', { peer })
  }
  async routingTable(): Promise<readonly string[]> {
    return (await this.call<{ peers: string[] }>('routingTable')).peers
  }
  provide(cid: string): Promise<void> {
    return this.call('provide', { cid })
  }
  async findProviders(cid: string): Promise<readonly Provider[]> {
    return (await this.call<{ providers: Provider[] }>('findProviders', { cid })).providers
  }
  findPeer(peer: string): Promise<Provider> {
    return this.call('findPeer', { peer })
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MILLIS)
    await this.#exited.promise
    clearTimeout(timer)
  }
}
