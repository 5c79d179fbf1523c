/**
 * Runs the light client machine on real peers, `Crypto` and `Store`: performs its effects and reports what comes of them. The clock is handed
 * in. One per client; `start` and `stop` once.
 */
import type { CommitteeHandle, Crypto } from '../platform/crypto.ts'
import { CryptoError } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import type { Millis } from '../platform/machine.ts'
import { type LightPeer, type LightTransport, PeerError } from '../platform/network.ts'
import { type Store, StoreError } from '../platform/store.ts'
import { CommitteeRunner } from './committee-runner.ts'
import type {
  Answer,
  CommitteeState,
  Finding,
  LightConfig,
  LightEffect,
  LightEvent,
  LightPeerState,
  LightState,
  PeerKey,
  QueryOutcome,
  QueryWish,
  StoredEvidence,
  StoredState,
  Task,
  TaskResult,
} from './events.ts'
import type { FollowSource } from './follow-registry-types.ts'
import { LightClient } from './light-client.ts'
import { ASK_TIMEOUT_MILLIS, FILL_DEPTH } from './policy.ts'
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
}

export class LightDriver {
  readonly #parts: DriverParts
  readonly #client: LightClient
  readonly #prefix: Uint8Array
  readonly #peers = new Map<PeerKey, { peer: LightPeer | null; readonly stop: AbortController }>()
  readonly #jobs = new Map<number, AbortController>()
  readonly #queries = new Map<number, (outcome: QueryOutcome) => void>()
  /** Batches are written one after the other. */
  #writing: Promise<void> = Promise.resolve()
  /** The pinned committee. */
  #committee: CommitteeHandle | null = null
  /** On a network without a pinned one. */
  readonly #runner: CommitteeRunner | null
  #cancelWake: () => void = () => {}
  #nextQuery = 1
  #stopped = false

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#client = new LightClient(parts.config)
    this.#prefix = storePrefix(parts.config.description)
    const { crypto, clock, store, config } = parts
    const { anchors } = config.description
    const peers = () => this.followSources()
    const runner = { crypto, clock, store, prefix: this.#prefix, anchors, peers }
    this.#runner = anchors.committee === undefined ? new CommitteeRunner(runner) : null
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
    return this.#client.greeted().flatMap((key) => {
      const place = this.#peers.get(key)
      return place?.peer == null ? [] : [this.#source(place.peer, place.stop.signal)]
    })
  }

  /** The same peers, asked for headers too. Who asks bounds how long. */
  followSources(): readonly FollowSource[] {
    return this.#client.greeted().flatMap((key): readonly FollowSource[] => {
      const place = this.#peers.get(key)
      if (place?.peer == null) return []
      const { peer, stop } = place
      const headers: FollowSource['headers'] = (from, count, asked) =>
        peer.headers(from, count, AbortSignal.any([asked, stop.signal]))
      return [{ ...this.#source(peer, stop.signal), headers }]
    })
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
    for (const job of this.#jobs.values()) job.abort()
    for (const key of [...this.#peers.keys()]) this.#hangUp(key)
    await this.#writing
    await this.#runner?.stop()
    if (this.#committee !== null) await this.#parts.crypto.closeCommittee(this.#committee).catch(() => {})
  }

  #send(event: LightEvent): void {
    if (this.#stopped) return
    for (const effect of this.#client.handle(event, this.#parts.clock.now())) this.#perform(effect)
  }

  #perform(effect: LightEffect): void {
    const { clock, listener } = this.#parts
    switch (effect.kind) {
      case 'dial':
        void this.#dial(effect.peer, effect.address, effect.timeoutMillis)
        return
      case 'hangUp':
        this.#hangUp(effect.peer)
        return
      case 'ask':
        void this.#ask(effect)
        return
      case 'subscribe':
        void this.#subscribe(effect.peer)
        return
      case 'compute':
        void this.#compute(effect.job, effect.task)
        return
      case 'cancel':
        this.#jobs.get(effect.job)?.abort()
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
        listener.state(this.#withTraffic(effect.state))
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

  async #dial(key: PeerKey, address: string, timeoutMillis: number): Promise<void> {
    const stop = new AbortController()
    this.#peers.set(key, { peer: null, stop })
    const { signal, done } = this.#timed(timeoutMillis, stop.signal)
    try {
      const peer = await this.#parts.transport(address, signal)
      const place = this.#peers.get(key)
      if (place === undefined) {
        await peer.close()
        return
      }
      place.peer = peer
      this.#send({ kind: 'connected', peer: key, id: peer.id, transport: peer.transport })
    } catch (error) {
      this.#peers.delete(key)
      this.#send({ kind: 'dialFailed', peer: key, reason: reasonOf(error) })
    } finally {
      done()
    }
  }

  #hangUp(key: PeerKey): void {
    const place = this.#peers.get(key)
    this.#peers.delete(key)
    place?.stop.abort()
    void place?.peer?.close().catch(() => {})
  }

  async #ask({ ask, peer: key, question, timeoutMillis }: Extract<LightEffect, { kind: 'ask' }>): Promise<void> {
    const place = this.#peers.get(key)
    if (place?.peer == null) return
    const { peer, stop } = place
    const { signal, done } = this.#timed(timeoutMillis, stop.signal)
    let answer: Answer
    try {
      if (question.kind === 'hello') answer = { kind: 'hello', hello: await peer.hello(signal) }
      else if (question.kind === 'head') answer = { kind: 'headers', headers: [await peer.head(signal)] }
      else answer = { kind: 'headers', headers: await peer.headers(question.from, question.count, signal) }
    } catch (error) {
      const code = error instanceof PeerError ? error.code : 'closed'
      answer = { kind: 'failed', code, reason: reasonOf(error) }
    } finally {
      done()
    }
    this.#send({ kind: 'answered', ask, answer })
  }

  async #subscribe(key: PeerKey): Promise<void> {
    const place = this.#peers.get(key)
    if (place?.peer == null) return
    const { peer, stop } = place
    try {
      await peer.subscribe((header) => this.#send({ kind: 'announced', peer: key, header }), stop.signal)
    } catch (error) {
      // A peer without free subscriptions is asked for its head from time to time.
      if (error instanceof PeerError && error.code === 'limited') return
      this.#send({ kind: 'disconnected', peer: key, reason: reasonOf(error) })
    }
  }

  async #compute(job: number, task: Task): Promise<void> {
    const controller = new AbortController()
    this.#jobs.set(job, controller)
    let result: TaskResult
    try {
      result = await this.#run(task, controller.signal)
    } catch (error) {
      const code = error instanceof CryptoError ? error.code : 'crashed'
      result = { kind: 'failed', code, reason: reasonOf(error) }
    }
    this.#jobs.delete(job)
    this.#send({ kind: 'computed', job, result })
  }

  async #run(task: Task, signal: AbortSignal): Promise<TaskResult> {
    const { crypto, config } = this.#parts
    const { anchors } = config.description
    switch (task.kind) {
      case 'openCommittee':
        if (anchors.committee === undefined) throw new CryptoError('arguments', 'no committee is pinned')
        this.#committee = await crypto.openCommittee(anchors.committee, { signal })
        return { kind: 'openCommittee' }
      case 'inspect':
        return { kind: 'inspect', facts: await crypto.inspectHeader(task.header, { signal }) }
      case 'certificate': {
        if (this.#runner !== null)
          return { kind: 'certificate', verdict: await this.#runner.verify(task.header, task.root, signal) }
        if (this.#committee === null) throw new CryptoError('arguments', 'the committee is not open')
        const verdict = await crypto.verifyCertificate(task.header, this.#committee, anchors.rules, { signal })
        return { kind: 'certificate', verdict }
      }
      case 'timeProof':
        return { kind: 'timeProof', check: await crypto.verifyTimeProof(task.header, { signal }) }
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

  #withTraffic(state: LightState): DriverState {
    const peers = state.peers.map((peer) => {
      const traffic = peer.peer === null ? undefined : this.#peers.get(peer.peer)?.peer?.traffic()
      return { ...peer, received: traffic?.received ?? 0, sent: traffic?.sent ?? 0 }
    })
    return { ...state, peers }
  }

  #source({ id, address, values }: LightPeer, left: AbortSignal): StateSource {
    if (values === undefined) return { id, address }
    const within = async <T>(asked: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      const { signal, done } = this.#timed(ASK_TIMEOUT_MILLIS, AbortSignal.any([asked, left]))
      return await ask(signal).finally(done)
    }
    return {
      id,
      address,
      values: {
        state: (question, asked) => within(asked, (signal) => values.state(question, signal)),
        shard: (domain, frame, asked) => within(asked, (signal) => values.shard(domain, frame, signal)),
        sync: (query, asked) => values.sync(query, AbortSignal.any([asked, left])),
      },
    }
  }

  /** A signal that fires after `millis` with a `TimeoutError`, or with `outer`. */
  #timed(millis: number, outer: AbortSignal): { readonly signal: AbortSignal; done(): void } {
    const timer = new AbortController()
    const { clock } = this.#parts
    const timeout = () => timer.abort(new DOMException('not done in time', 'TimeoutError'))
    const done = clock.at(clock.now() + millis, timeout)
    return { signal: AbortSignal.any([timer.signal, outer]), done }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function storeReason(error: unknown): string {
  if (!(error instanceof StoreError)) return reasonOf(error)
  return error.code === 'full' ? 'the storage of this browser is full' : error.message
}
