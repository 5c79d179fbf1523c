/** What stands before every call, before a byte of its request is read: rates, permission, calls at one time. */
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import type { RateLimiter } from '../net/rate-limit.ts'
import { CALLER, type Caller } from './callers.ts'
import type { RpcLimits } from './limits.ts'

export interface GateOptions {
  readonly limits: RpcLimits
  readonly rates: RateLimiter
  /** Throws `ConnectError` for a call that the caller may not make. */
  readonly permit: (path: string, caller: Caller) => void | Promise<void>
  /** Why a method has no content here yet; null for one that answers. */
  readonly waitsFor: (path: string) => string | null
  /** Whether requests of the method may have `documentBytes`. */
  readonly isDocument: (path: string) => boolean
  /** A caller goes on calling above its rate: its connection is worth nothing. */
  readonly onFlood: (caller: Caller) => void
}

/** What a path without a method is judged as: for this node itself only. */
export const UNKNOWN = '/'

/** Refusals for rate on one connection. */
const MOST_REFUSALS = 256

export class Gate {
  readonly #options: GateOptions
  readonly #perCaller = new Map<string, number>()
  readonly #refusals = new WeakMap<Caller, number>()
  #calls = 0
  #documents = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Passes or throws `ConnectError`. Every call that passed is counted until its signal fires, which the library does at its end. */
  async enter(context: HandlerContext): Promise<void> {
    const caller = context.values.get(CALLER)
    const path = `/${context.method.parent.typeName}/${context.method.name}`
    await this.check(path, caller)
    const reason = this.#options.waitsFor(path)
    if (reason !== null) throw new ConnectError(reason, Code.Unimplemented)
    this.#count(caller, this.#options.isDocument(path), context.signal)
  }

  /** Rate and permission alone: all there is for a path without a method. */
  async check(path: string, caller: Caller): Promise<void> {
    if (!this.#options.rates.request(caller.name)) {
      const refusals = (this.#refusals.get(caller) ?? 0) + 1
      this.#refusals.set(caller, refusals)
      if (refusals > MOST_REFUSALS) this.#options.onFlood(caller)
      throw busy('too many calls in a short time: call again in a while')
    }
    await this.#options.permit(path, caller)
  }

  #count({ name }: Caller, isDocument: boolean, signal: AbortSignal): void {
    const { limits } = this.#options
    const own = this.#perCaller.get(name) ?? 0
    if (own >= limits.callsPerPeer || this.#calls >= limits.calls) throw busy('too many calls at one time')
    if (isDocument && this.#documents >= limits.documentCalls) throw busy('too many documents at one time')
    this.#calls++
    if (isDocument) this.#documents++
    this.#perCaller.set(name, own + 1)
    signal.addEventListener('abort', () => {
      this.#calls--
      if (isDocument) this.#documents--
      const left = (this.#perCaller.get(name) ?? 1) - 1
      if (left === 0) this.#perCaller.delete(name)
      else this.#perCaller.set(name, left)
    })
  }
}

const busy = (text: string): ConnectError => new ConnectError(text, Code.ResourceExhausted)
