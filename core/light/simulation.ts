/**
 * Runs one light client machine on a virtual clock with peers, store and engine that are made up, all from one seed. Used by tests only: see
 * `made-up.ts` for its headers.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { CryptoError, type CryptoErrorCode } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { PeerErrorCode, PeerHello } from '../platform/network.ts'
import type { NetworkDescription } from './anchors.ts'
import type {
  Answer,
  CommitteePoint,
  Finding,
  LightEffect,
  LightEvent,
  LightState,
  QueryOutcome,
  QueryWish,
  Task,
  TaskResult,
} from './events.ts'
import { LightClient } from './light-client.ts'
import { check, descriptionOf, factsOf, parsed, verdictOf } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { boundLimits, type LightLimits, type TimeProofPolicy } from './policy.ts'
import { loadHeader, loadSizes, loadState, storePrefix } from './records.ts'

/** How a made-up peer answers. Everything is asked at virtual time `now`. */
export interface MadePeer {
  reachable?(now: Millis): boolean
  hello?: Partial<PeerHello>
  head(now: Millis): Uint8Array | 'silence' | PeerErrorCode
  headers(from: bigint, count: number, now: Millis): readonly Uint8Array[] | 'silence' | PeerErrorCode
  /** Delay of every answer. */
  readonly delayMillis?: number
}

/** A peer that serves `headers` honestly up to `height(now)`. */
export function honest(
  headers: ReadonlyMap<bigint, Uint8Array>,
  height: (now: Millis) => number = () => 1e9,
): MadePeer {
  const upTo = (now: Millis) => [...headers].filter(([n]) => n <= BigInt(height(now)))
  return {
    head: (now) => upTo(now).at(-1)?.[1] ?? 'notFound',
    headers: (from, count, now) =>
      upTo(now)
        .filter(([n]) => n >= from && n < from + BigInt(count))
        .map(([, header]) => header),
  }
}

export interface Faults {
  /** Chance that an answer comes twice. */
  readonly twice?: number
  /** Chance that an answer never comes. */
  readonly never?: number
  /** Store: every batch fails with this text. */
  readonly store?: string
  readonly engine?: CryptoErrorCode
  /** No node serves registries. */
  readonly registries?: 'withheld'
}

/** Names the registry at the checkpoint. */
export const CHECKPOINT_REGISTRY = 'registry of the checkpoint'

const START: Millis = 1_750_000_000_000

export class Simulation {
  readonly client: LightClient
  readonly store: MemoryStore
  description: NetworkDescription
  readonly peers: Map<string, MadePeer>
  readonly heads: Finding[] = []
  readonly frames: Finding[] = []
  readonly states: LightState[] = []
  readonly refusals: Extract<LightEffect, { kind: 'refusal' }>[] = []
  readonly evidence: Extract<LightEffect, { kind: 'evidence' }>[] = []
  readonly outcomes = new Map<number, QueryOutcome>()
  readonly dials: string[] = []
  readonly computed = { inspect: 0, certificate: 0, timeProof: 0, openCommittee: 0 }
  /** What was followed to, as a driver keeps it. */
  committee: CommitteePoint | null
  /** Frames that were to be followed to; null: the checkpoint. */
  readonly follows: (bigint | null)[] = []
  readonly #followed = new Set<string>()
  faults: Faults
  now = START
  /** Hash of everything that happened. */
  digest = ''
  #queue: { at: Millis; order: number; run: () => void | Promise<void> }[] = []
  #order = 0
  #wakeAt: Millis | null = null
  #seed: number
  readonly #connections = new Map<number, string>()

  constructor(options: {
    readonly peers: Record<string, MadePeer>
    readonly seed?: number
    readonly faults?: Faults
    readonly store?: MemoryStore
    readonly timeProofs?: TimeProofPolicy
    readonly limits?: Partial<LightLimits>
    readonly issuedAt?: Millis
    readonly now?: Millis
    readonly addresses?: readonly string[]
    /** Anchors without a committee: following the registry is made up too. */
    readonly derived?: boolean
    /** What an earlier session followed to. */
    readonly committee?: CommitteePoint
  }) {
    this.#seed = options.seed ?? 1
    this.now = options.now ?? START
    this.faults = options.faults ?? {}
    this.peers = new Map(Object.entries(options.peers))
    this.store = options.store ?? new MemoryStore()
    this.description = descriptionOf(options.addresses ?? [...this.peers.keys()], options.issuedAt ?? START - 1000)
    if (options.derived) {
      const { committee: _, ...anchors } = this.description.anchors
      this.description = { ...this.description, anchors }
    }
    this.committee = options.committee ?? null
    if (options.committee) this.#followed.add(options.committee.root)
    this.client = new LightClient({
      description: this.description,
      timeProofs: options.timeProofs ?? 'every',
      limits: boundLimits(options.limits ?? {}),
      random: () => this.random(),
    })
  }

  get state(): LightState {
    const state = this.states.at(-1)
    if (state === undefined) throw new Error('no state yet')
    return state
  }

  get at(): bigint | null {
    return this.client.head()?.facts?.number ?? null
  }

  /** Numbers of the verified frames that are held, newest first. */
  held(): readonly number[] {
    return this.client.recent(1000).map((finding) => Number(finding.facts?.number))
  }

  /** mulberry32 */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  async start(): Promise<this> {
    const stored = await loadState(this.store, storePrefix(this.description), 24)
    this.send({ kind: 'start', stored, note: null, ...(this.committee === null ? {} : { committee: this.committee }) })
    this.send({ kind: 'stored', sizes: await loadSizes(this.store, storePrefix(this.description)) })
    return this
  }

  query(query: number, wish: QueryWish): void {
    this.send({ kind: 'query', query, wish })
  }

  announce(address: string, header: Uint8Array): void {
    for (const [peer, connected] of this.#connections) {
      if (connected === address) this.#later(1, () => this.send({ kind: 'announced', peer, header }))
    }
  }

  disconnect(address: string): void {
    for (const [peer, connected] of [...this.#connections]) {
      if (connected === address) this.send({ kind: 'disconnected', peer, reason: 'gone' })
    }
  }

  /** Lets time pass. */
  async run(millis: number): Promise<this> {
    const end = this.now + millis
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = this.#queue[0]
      const wake = this.#wakeAt ?? Number.POSITIVE_INFINITY
      if (Math.min(next?.at ?? Number.POSITIVE_INFINITY, wake) > end) break
      if (next && next.at <= wake) {
        this.#queue.shift()
        this.now = Math.max(this.now, next.at)
        await next.run()
      } else {
        this.#wakeAt = null
        this.now = Math.max(this.now, wake)
        this.send({ kind: 'wake' })
      }
    }
    this.now = end
    return this
  }

  /** The device sleeps: time passes and nothing happens, answers on their way are lost. */
  sleep(millis: number): void {
    this.#queue = []
    this.now += millis
    this.#wakeAt = this.now
  }

  send(event: LightEvent): void {
    const effects = this.client.handle(event, this.now)
    const text = JSON.stringify([this.now, event, effects], (_, value) =>
      typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? bytesToHex(value) : value,
    )
    this.digest = bytesToHex(sha256(utf8ToBytes(this.digest + text)))
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: LightEffect): void {
    switch (effect.kind) {
      case 'dial':
        this.dials.push(effect.address)
        this.#answer(20, () => {
          const { peer, address } = effect
          if (this.peers.get(address)?.reachable?.(this.now) ?? this.peers.has(address)) {
            this.#connections.set(peer, address)
            this.send({ kind: 'connected', peer, id: `id of ${address}`, transport: 'made-up' })
          } else this.send({ kind: 'dialFailed', peer, reason: 'nobody answers' })
        })
        return
      case 'hangUp':
        this.#connections.delete(effect.peer)
        return
      case 'ask':
        this.#ask(effect)
        return
      case 'compute':
        this.computed[effect.task.kind]++
        this.#answer(effect.task.kind === 'timeProof' ? 300 : 30, () =>
          this.send({ kind: 'computed', job: effect.job, result: this.#compute(effect.task) }),
        )
        return
      case 'follow':
        this.#answer(200, () => this.#follow(effect))
        return
      case 'persist':
        this.#answer(5, async () => {
          const { batch } = effect
          if (this.faults.store) this.send({ kind: 'persistFailed', batch, reason: this.faults.store })
          else {
            await this.store.batch(effect.operations)
            this.send({ kind: 'persisted', batch })
          }
        })
        return
      case 'load':
        this.#answer(2, async () => {
          const stored = await loadHeader(this.store, storePrefix(this.description), effect.number)
          this.send({ kind: 'loaded', load: effect.load, stored })
        })
        return
      case 'wake':
        this.#wakeAt = effect.at
        return
      case 'state':
        this.states.push(effect.state)
        return
      case 'head':
        this.heads.push(effect.head)
        return
      case 'refusal':
        this.refusals.push(effect)
        return
      case 'evidence':
        this.evidence.push(effect)
        return
      case 'answer':
        if (this.outcomes.has(effect.query)) throw new Error(`query ${effect.query} answered twice`)
        this.outcomes.set(effect.query, effect.outcome)
        return
      case 'frame':
        this.frames.push(effect.frame)
        return
      case 'subscribe':
      case 'callOff':
      case 'cancel':
    }
  }

  #ask(effect: Extract<LightEffect, { kind: 'ask' }>): void {
    const { ask, question, peer } = effect
    const address = this.#connections.get(peer)
    const made = address === undefined ? undefined : this.peers.get(address)
    if (made === undefined) return
    const reply = (answer: Answer) => this.send({ kind: 'answered', ask, answer })
    const timeout = { kind: 'failed', code: 'timeout', reason: 'no answer in time' } as const
    this.#answer(made.delayMillis ?? 10, () => {
      if (made.reachable?.(this.now) === false) {
        reply({ kind: 'failed', code: 'closed', reason: 'the peer went away' })
        return
      }
      if (question.kind === 'hello') {
        const hello = { network: 'simulated', profile: '2.1.0.24', head: 0n, oldest: 0n, maxHeaders: 32, ...made.hello }
        reply({ kind: 'hello', hello })
        return
      }
      const got = question.kind === 'head' ? made.head(this.now) : made.headers(question.from, question.count, this.now)
      if (got === 'silence') this.#later(effect.timeoutMillis, () => reply(timeout))
      else if (typeof got === 'string') reply({ kind: 'failed', code: got, reason: got })
      else reply({ kind: 'headers', headers: got instanceof Uint8Array ? [got] : got })
    })
  }

  #follow({ follow, header }: Extract<LightEffect, { kind: 'follow' }>): void {
    const made = header === null ? { number: '0', registry: CHECKPOINT_REGISTRY } : parsed(header.bytes)
    const { number, proverTreeCommitment } = factsOf(made)
    this.follows.push(header === null ? null : number)
    const failing = 'follow' in made ? made.follow : undefined
    const silent = this.faults.registries === 'withheld'
    if (failing === undefined && !silent && number >= (this.committee?.frame ?? 0n)) {
      this.committee = {
        frame: number,
        root: bytesToHex(proverTreeCommitment),
        members: 4,
        header: header && { bytes: header.bytes, from: header.from },
      }
      this.#followed.add(this.committee.root)
    }
    const verdict = failing === 'lie' ? 'lie' : 'open'
    const failure = failing === undefined && !silent ? null : ({ verdict, reason: failing ?? 'not held' } as const)
    this.send({ kind: 'followed', follow, point: this.committee, failure })
  }

  #compute(task: Task): TaskResult {
    if (this.faults.engine) return { kind: 'failed', code: this.faults.engine, reason: 'made to fail' }
    if (task.kind === 'openCommittee') return { kind: 'openCommittee' }
    try {
      const header = parsed(task.header)
      if (task.kind === 'inspect') return { kind: 'inspect', facts: factsOf(header) }
      if (task.kind === 'timeProof') return { kind: 'timeProof', check: check('vdf', header.timeProof !== 'false') }
      const root = bytesToHex(factsOf(header).proverTreeCommitment)
      if (task.root !== '' && (task.root !== root || !this.#followed.has(root)))
        throw new Error('verified with a committee that is not known')
      return { kind: 'certificate', verdict: verdictOf(header.certificate ?? 'good') }
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error
      return { kind: 'failed', code: 'decode', reason: 'not a made-up header' }
    }
  }

  /** Something answers after about `millis`: once, twice or never. */
  #answer(millis: number, run: () => void | Promise<void>): void {
    if (this.random() < (this.faults.never ?? 0)) return
    this.#later(millis * (0.5 + this.random()), run)
    if (this.random() < (this.faults.twice ?? 0)) this.#later(millis * (1 + 10 * this.random()), run)
  }

  #later(millis: number, run: () => void | Promise<void>): void {
    this.#queue.push({ at: this.now + millis, order: this.#order++, run })
  }
}
