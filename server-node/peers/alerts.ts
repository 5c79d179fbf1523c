/**
 * GlobalAlert on this node (spec 53 section 8; OPS-08, hazard OPS-H1): every alert acts once, for ever; a person may go on after one, and a light
 * node only shows it. The newest are kept as they were received, for light clients that ask.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { AlertMemory, DEFAULT_ALERT_KEY, type Ed448Verifier, readAlert } from '@petal/core/identity/index.ts'
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import type { Store, StoreOperation } from '@petal/core/platform/store.ts'

const SEEN = 'peers/alerts/seen/'
const SEEN_END = 'peers/alerts/seen0'
/** Canonical bytes, in the order in which they came. Earlier versions kept the texts alone: those alerts are known, and not served. */
const SERVED = 'peers/alerts/served/'
const SERVED_END = 'peers/alerts/served0'
const HALTED = utf8ToBytes('peers/alerts/halted')
/** Alerts come from one key, whose owner could still make many: then the node has other worries than one more. */
const MOST_ALERTS = 100_000
/** As many as one answer to a light client carries. */
const MOST_SERVED = WIRE_LIMITS.alerts

export interface AlertOptions {
  readonly engine: Ed448Verifier
  /** Without one nothing outlives this run. */
  readonly store: Store | undefined
  /** A prover stops, a light node only shows. */
  readonly role: 'prover' | 'light'
  /** Ed448 key of the network's operators. */
  readonly alertKey?: Uint8Array
  /** A new alert: show its text; `halt` = stop proving and voting until `override`. */
  readonly onAlert: (alert: { readonly message: string; readonly halt: boolean }) => void
  /** Canonical bytes to be served, oldest first: of the earlier runs, then of each new alert. */
  readonly onServed: (alert: Uint8Array) => void
}

export class AlertDesk {
  readonly #options: AlertOptions
  readonly #memory: AlertMemory
  /** Numbers of the alerts that are kept to be served, ascending. */
  readonly #served: number[]
  /** One alert after the other, so that each is on disk before the next is judged. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: AlertOptions, memory: AlertMemory, served: number[]) {
    this.#options = options
    this.#memory = memory
    this.#served = served
  }

  /** Reads what earlier runs saw. */
  static async open(options: AlertOptions): Promise<AlertDesk> {
    const { store, engine, alertKey = DEFAULT_ALERT_KEY, role, onServed } = options
    if (store === undefined) return new AlertDesk(options, new AlertMemory(role), [])
    const seen: string[] = []
    const range = { from: utf8ToBytes(SEEN), to: utf8ToBytes(SEEN_END), limit: MOST_ALERTS }
    for await (const { key } of store.range(range)) seen.push(new TextDecoder().decode(key).slice(SEEN.length))
    const served: number[] = []
    for await (const { key, value } of store.range({ from: utf8ToBytes(SERVED), to: utf8ToBytes(SERVED_END) })) {
      served.push(Number.parseInt(new TextDecoder().decode(key).slice(SERVED.length), 16))
      // A node that was given another key serves nothing that its light clients would call a lie.
      if (readAlert(value, alertKey, engine).valid) onServed(value)
    }
    const halted = (await store.get(HALTED)) !== undefined
    return new AlertDesk(options, new AlertMemory(role, seen, halted), served)
  }

  /** Whether an alert stopped this node and nobody lifted it. */
  get halted(): boolean {
    return this.#memory.halted
  }

  /** Validates a message of the alert topic. A new alert is on disk when this resolves; it rejects with `StoreError` where that fails. */
  judge(bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    const verdict = this.#turn.then(() => this.#judge(bytes))
    this.#turn = verdict.catch(() => undefined)
    return verdict
  }

  /** The operator decided to go on. */
  async override(): Promise<void> {
    await this.#options.store?.batch([{ kind: 'delete', key: HALTED }], 'durable')
    this.#memory.override()
  }

  async #judge(bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    const { alertKey = DEFAULT_ALERT_KEY, engine, store, onAlert, onServed } = this.#options
    const alert = readAlert(bytes, alertKey, engine)
    if (!alert.valid) return 'reject'
    if (this.#memory.size >= MOST_ALERTS) return 'ignore'
    const action = this.#memory.receive(alert)
    if (action === 'known') return 'ignore'
    const halt = action === 'halt'
    // The halt comes first: a node whose disk fails must not go on because of that.
    onAlert({ message: alert.message, halt })
    const seen = { kind: 'put' as const, key: utf8ToBytes(SEEN + alert.digest), value: utf8ToBytes(alert.message) }
    const halted = { kind: 'put' as const, key: HALTED, value: new Uint8Array(0) }
    await store?.batch([seen, ...(halt ? [halted] : []), ...this.#keepToServe(bytes)], 'durable')
    onServed(bytes)
    return 'accept'
  }

  /** The newest come last; those that are too many go. */
  #keepToServe(bytes: Uint8Array): readonly StoreOperation[] {
    const number = (this.#served.at(-1) ?? 0) + 1
    this.#served.push(number)
    const surplus = this.#served.splice(0, Math.max(0, this.#served.length - MOST_SERVED))
    return [
      { kind: 'put', key: servedKey(number), value: bytes },
      ...surplus.map((old) => ({ kind: 'delete' as const, key: servedKey(old) })),
    ]
  }
}

const servedKey = (number: number): Uint8Array => utf8ToBytes(SERVED + number.toString(16).padStart(12, '0'))
