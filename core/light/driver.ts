/**
 * Runs the light client machine on real peers, `Crypto` and `Store`: performs its effects and reports what comes of them. The clock is handed
 * in. One per client; `start` and `stop` once.
 */
import type { Crypto } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import type { Millis } from '../platform/machine.ts'
import type { LightTransport } from '../platform/network.ts'
import { type Store, StoreError } from '../platform/store.ts'
import { AlertJudge, type AlertParts } from './alert-judge.ts'
import type { KeptAlert } from './alert-types.ts'
import { CommitteeRunner } from './committee-runner.ts'
import { DriverJobs } from './driver-jobs.ts'
import { DriverPeers, reasonOf } from './driver-peers.ts'
import type {
  CommitteeState,
  Finding,
  LightConfig,
  LightEffect,
  LightEvent,
  LightPeerState,
  LightState,
  QueryOutcome,
  QueryWish,
  StoredEvidence,
  StoredState,
} from './events.ts'
import type { FollowSource } from './follow-registry-types.ts'
import { LightClient } from './light-client.ts'
import { FILL_DEPTH } from './policy.ts'
import { loadHeader, loadSizes, loadState, storePrefix } from './records.ts'
import type { StateSource } from './state-reads.ts'
import type { WorkCount } from './work.ts'

export interface DriverClock {
  now(): Millis
  /** Calls back once at that time or later, until cancelled by the function it answers. */
  at(time: Millis, callback: () => void): () => void
}

export type DriverRefusal = Omit<Extract<LightEffect, { kind: 'refusal' }>, 'kind'>

/** State with the traffic of each connected peer. */
export type DriverState = Omit<LightState, 'peers' | 'committee'> & {
  /** null before the network is known. */
  readonly committee: CommitteeState | null
  readonly peers: readonly (LightPeerState & { readonly received: number; readonly sent: number })[]
}

export interface DriverListener {
  state(state: DriverState): void
  head(head: Finding): void
  frame(frame: Finding): void
  refusal(refusal: DriverRefusal): void
  evidence(evidence: StoredEvidence): void
}

export interface DriverParts {
  readonly config: LightConfig
  readonly crypto: Crypto
  readonly store: Store
  readonly transport: LightTransport
  readonly clock: DriverClock
  readonly listener: DriverListener
  /** Sentence that the state repeats, for instance about the store; null for none. */
  readonly note: string | null
  /** Left out, nobody is asked for alerts. */
  readonly alerts?: AlertParts
}

export class LightDriver {
  readonly #parts: DriverParts
  readonly #client: LightClient
  readonly #prefix: Uint8Array
  readonly #peers: DriverPeers
  readonly #jobs: DriverJobs
  readonly #queries = new Map<number, (outcome: QueryOutcome) => void>()
  /** Batches are written one after the other. */
  #writing: Promise<void> = Promise.resolve()
  /** On a network without a pinned one. */
  readonly #runner: CommitteeRunner | null
  readonly #alerts: AlertJudge | null
  #cancelWake: () => void = () => {}
  #nextQuery = 1
  #stopped = false

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#client = new LightClient(parts.config)
    this.#prefix = storePrefix(parts.config.description)
    const { crypto, clock, store, config, transport } = parts
    const send = (event: LightEvent) => this.#send(event)
    this.#peers = new DriverPeers({ transport, clock, send, alerts: parts.alerts !== undefined })
    const { anchors } = config.description
    const judge = { store, prefix: this.#prefix, anchors, clock, send }
    this.#alerts = parts.alerts === undefined ? null : new AlertJudge({ ...parts.alerts, ...judge })
    const peers = () => this.followSources()
    const runner = { crypto, clock, store, prefix: this.#prefix, anchors, peers }
    this.#runner = anchors.committee === undefined ? new CommitteeRunner(runner) : null
    this.#jobs = new DriverJobs({ crypto, anchors, runner: this.#runner, send })
  }

  /** Reads the store and starts. Never rejects: a store that cannot be read is as good as an empty one, and is said. */
  async start(): Promise<void> {
    let stored: StoredState | null = null
    let { note } = this.#parts
    try {
      stored = await loadState(this.#parts.store, this.#prefix, Number(FILL_DEPTH))
    } catch (error) {
      note = [note, `What was stored cannot be read: ${storeReason(error)}.`].filter((text) => text !== null).join(' ')
    }
    const committee = (await this.#runner?.resume()) ?? null
    this.#send({ kind: 'start', stored, note, ...(committee === null ? {} : { committee }) })
    void loadSizes(this.#parts.store, this.#prefix).then(
      (sizes) => this.#send({ kind: 'stored', sizes }),
      () => {},
    )
  }

  head(): Finding | null {
    return this.#client.head()
  }

  /** Newest first. */
  recent(count: number): readonly Finding[] {
    return this.#client.recent(count)
  }

  work(): WorkCount {
    return this.#client.work(this.#parts.clock.now())
  }

  /** Rules of the network. */
  get rules(): EngineRules {
    return this.#parts.config.description.anchors.rules
  }

  /** Peers that can be asked for state. A question ends when the peer is left, and all but those of a synchronisation after ten seconds. */
  peers(): readonly StateSource[] {
    return this.#peers.sources(this.#client.greeted())
  }

  /** The same peers, asked for headers too. Who asks bounds how long. */
  followSources(): readonly FollowSource[] {
    return this.#peers.followSources(this.#client.greeted())
  }

  /** Alerts of the network's operators that were seen here, newest first. */
  async alerts(): Promise<readonly KeptAlert[]> {
    return (await this.#alerts?.list()) ?? []
  }

  /** False for an alert that is not known. */
  async dismissAlert(digest: string): Promise<boolean> {
    return (await this.#alerts?.dismiss(digest)) ?? false
  }

  addAddress(address: string): void {
    this.#send({ kind: 'addAddress', address })
  }

  /** Resolves with the outcome. Rejects with the reason of `signal` when that fires first. */
  query(wish: QueryWish, signal?: AbortSignal): Promise<QueryOutcome> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const query = this.#nextQuery++
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#queries.delete(query)
        this.#send({ kind: 'cancelQuery', query })
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#queries.set(query, (outcome) => {
        signal?.removeEventListener('abort', abort)
        resolve(outcome)
      })
      this.#send({ kind: 'query', query, wish })
    })
  }

  /** Stops asking and computing. `Crypto` and `Store` belong to the caller. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#send({ kind: 'stop' })
    this.#stopped = true
    this.#cancelWake()
    this.#jobs.cancelAll()
    this.#peers.hangUpAll()
    await this.#writing
    await this.#alerts?.stop()
    await this.#runner?.stop()
    await this.#jobs.close()
  }

  #send(event: LightEvent): void {
    if (this.#stopped) return
    for (const effect of this.#client.handle(event, this.#parts.clock.now())) this.#perform(effect)
  }

  #perform(effect: LightEffect): void {
    const { clock, listener } = this.#parts
    switch (effect.kind) {
      case 'dial':
        void this.#peers.dial(effect)
        return
      case 'hangUp':
        this.#peers.hangUp(effect.peer)
        return
      case 'ask':
        void this.#peers.ask(effect)
        return
      case 'subscribe':
        void this.#peers.subscribe(effect.peer)
        return
      case 'judgeAlerts':
        this.#alerts?.judge(effect.peer, effect.alerts)
        return
      case 'compute':
        void this.#jobs.compute(effect.job, effect.task)
        return
      case 'cancel':
        this.#jobs.cancel(effect.job)
        return
      case 'follow':
        void this.#runner?.follow(effect.follow, effect.header).then((followed) => this.#send(followed))
        return
      case 'callOff':
        this.#runner?.callOff(effect.follow)
        return
      case 'persist':
        this.#persist(effect)
        return
      case 'load':
        void this.#load(effect.load, effect.number)
        return
      case 'wake':
        this.#cancelWake()
        this.#cancelWake = clock.at(effect.at, () => this.#send({ kind: 'wake' }))
        return
      case 'state':
        listener.state({ ...effect.state, peers: this.#peers.withTraffic(effect.state.peers) })
        return
      case 'head':
        listener.head(effect.head)
        return
      case 'frame':
        listener.frame(effect.frame)
        return
      case 'refusal': {
        const { kind, ...refusal } = effect
        listener.refusal(refusal)
        return
      }
      case 'evidence':
        listener.evidence(effect.evidence)
        return
      case 'answer':
        this.#queries.get(effect.query)?.(effect.outcome)
        this.#queries.delete(effect.query)
    }
  }

  #persist({ batch, operations, durability }: Extract<LightEffect, { kind: 'persist' }>): void {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#parts.store.batch(operations, durability)
        this.#send({ kind: 'persisted', batch })
      } catch (error) {
        this.#send({ kind: 'persistFailed', batch, reason: storeReason(error) })
      }
    })
  }

  async #load(load: number, number: bigint): Promise<void> {
    const stored = await loadHeader(this.#parts.store, this.#prefix, number).catch(() => null)
    this.#send({ kind: 'loaded', load, stored })
  }
}

function storeReason(error: unknown): string {
  if (!(error instanceof StoreError)) return reasonOf(error)
  return error.code === 'full' ? 'the storage of this browser is full' : error.message
}
