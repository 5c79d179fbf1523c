/**
 * GlobalAlert on this node (spec 53 section 8; OPS-08, hazard OPS-H1): every alert acts once, for ever; a person may go on after one, and a light node only shows it.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { AlertMemory, DEFAULT_ALERT_KEY, type Ed448Verifier, readAlert } from '@petal/core/identity/index.ts'
import type { Store } from '@petal/core/platform/store.ts'

const SEEN = 'peers/alerts/seen/'
const SEEN_END = 'peers/alerts/seen0'
const HALTED = utf8ToBytes('peers/alerts/halted')
/** Alerts come from one key, whose owner could still make many: then the node has other worries than old ones. */
const MOST_ALERTS = 100_000

export interface AlertOptions {
  readonly engine: Ed448Verifier
  readonly store: Store
  /** A prover stops, a light node only shows. */
  readonly role: 'prover' | 'light'
  /** Ed448 key of the network's operators. */
  readonly alertKey?: Uint8Array
  /** A new alert: show its text; `halt` = stop proving and voting until `override`. */
  readonly onAlert: (alert: { readonly message: string; readonly halt: boolean }) => void
}

export class AlertDesk {
  readonly #options: AlertOptions
  readonly #memory: AlertMemory
  /** One alert after the other, so that each is on disk before the next is judged. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: AlertOptions, memory: AlertMemory) {
    this.#options = options
    this.#memory = memory
  }

  /** Reads what earlier runs saw. */
  static async open(options: AlertOptions): Promise<AlertDesk> {
    const seen: string[] = []
    const range = { from: utf8ToBytes(SEEN), to: utf8ToBytes(SEEN_END), limit: MOST_ALERTS }
    for await (const { key } of options.store.range(range)) seen.push(new TextDecoder().decode(key).slice(SEEN.length))
    const halted = (await options.store.get(HALTED)) !== undefined
    return new AlertDesk(options, new AlertMemory(options.role, seen, halted))
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
    await this.#options.store.batch([{ kind: 'delete', key: HALTED }], 'durable')
    this.#memory.override()
  }

  async #judge(bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    const { alertKey = DEFAULT_ALERT_KEY, engine, store, onAlert } = this.#options
    const alert = readAlert(bytes, alertKey, engine)
    if (!alert.valid) return 'reject'
    const action = this.#memory.receive(alert)
    if (action === 'known') return 'ignore'
    const halt = action === 'halt'
    // The halt comes first: a node whose disk fails must not go on because of that.
    onAlert({ message: alert.message, halt })
    const seen = { kind: 'put' as const, key: utf8ToBytes(SEEN + alert.digest), value: utf8ToBytes(alert.message) }
    const halted = { kind: 'put' as const, key: HALTED, value: new Uint8Array(0) }
    await store.batch(halt ? [seen, halted] : [seen], 'durable')
    return 'accept'
  }
}
