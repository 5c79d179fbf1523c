/** The client as the page sees it: a small object in front of its worker. The page's thread does no cryptography. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { DEFAULT_ALERT_KEY } from '@petal/core/identity/alert-key.ts'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from '@petal/core/light/checkpoint.ts'
import type { Finding, HaltCause, QueryOutcome, QueryWish } from '@petal/core/light/events.ts'
import { describeAge } from '@petal/core/light/network-description.ts'
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import { proxy, type Remote, releaseProxy, wrap } from 'comlink'
import { checkDigest, networkAlert } from './alert-api.ts'
import { Emitter } from './emitter.ts'
import { type ClientError, clientError, ImportError, NotFoundError, RefusedError, StoppedError } from './errors.ts'
import { followWish } from './follow-arguments.ts'
import type { FollowOutcome } from './follow-host.ts'
import { lazyPeering } from './gossip/lazy-peering.ts'
import { Heartbeat } from './heartbeat.ts'
import type { HostApi, HostListener } from './host-api.ts'
import { type CheckedOptions, checkAddress, checkOptions } from './options.ts'
import { PageDialing } from './page-dialing.ts'
import { PageServices } from './page-services.ts'
import { StateApi } from './state-api.ts'
import type { OnProgress, StateAnswers, StateOutcome, StateWish } from './state-wishes.ts'
import type { Client, ClientEvents, ClientOptions, ClientState, Head, Work } from './types.ts'
import { clientState, headOf, IDLE, refusalText, verdictOf } from './values.ts'

const STOP_MILLIS = 2_000

export type SpawnClientWorker = () => Worker

export class TabClient implements Client {
  readonly #options: CheckedOptions
  readonly #spawn: SpawnClientWorker
  readonly #heartbeatMillis: number | undefined
  readonly #events = new Emitter<ClientEvents>()
  #state: ClientState = IDLE
  #halt: HaltCause | 'crashed' | null = null
  #network: NetworkDescription | null = null
  #worker: Worker | null = null
  #host: Remote<HostApi> | null = null
  #heartbeat: Heartbeat | null = null
  /** Rejects when the worker is dead, so that nobody waits for its answer. */
  readonly #death = Promise.withResolvers<never>()
  #dialing: PageDialing | null = null
  #services: PageServices | null = null
  #stopped = false
  #stopping: Promise<void> | null = null
  #nextCall = 1
  readonly #reads: StateApi
  readonly #peering = lazyPeering({
    ask: (wish, onDeliveries) => this.#called(async (host) => await host.peer(wish, onDeliveries)),
    ended: () => this.#ended(),
  })

  constructor(options: ClientOptions, spawn: SpawnClientWorker, heartbeatMillis?: number) {
    this.#options = checkOptions(options)
    this.#spawn = spawn
    this.#heartbeatMillis = heartbeatMillis
    this.#death.promise.catch(() => {})
    const { policy } = this.#options
    const everyProof = this.#options.host.timeProofs === 'every'
    this.#reads = new StateApi({
      policy,
      read: async <K extends StateWish['kind']>(
        wish: Extract<StateWish, { kind: K }>,
        signal: AbortSignal | undefined,
        onProgress: OnProgress | undefined,
      ) => (await this.#read(wish, signal, onProgress)) as StateAnswers[K],
      head: () => this.head(),
      // A head that is announced again with its time proof is worth a read only then.
      onHead: (listener) =>
        this.on('head', (head) => (everyProof && head.verified !== 'full' ? undefined : listener(head))),
    })
  }

  get state(): ClientState {
    return this.#state
  }

  get network(): NetworkDescription | null {
    return this.#network
  }

  on<K extends keyof ClientEvents>(event: K, listener: (value: ClientEvents[K]) => void): () => void {
    return this.#events.on(event, listener)
  }

  async start(): Promise<void> {
    if (this.#stopped) throw new StoppedError('This client was stopped; create a new one.')
    if (this.#worker !== null || this.#halt !== null) return
    let worker: Worker
    try {
      worker = this.#spawn()
    } catch (error) {
      this.#engineMissing(error instanceof Error ? error.message : String(error))
      return
    }
    this.#worker = worker
    // An error before the first state: the worker's script did not load or run.
    const failed = new Promise<void>((resolve) => {
      worker.addEventListener('error', (event) => {
        if (this.#state.phase !== 'idle') {
          void this.#heartbeat?.suspect(event.message || 'it failed without a reason')
          return
        }
        this.#host = null
        this.#engineMissing(event.message || "the client's worker does not start")
        resolve()
      })
    })
    this.#dialing = new PageDialing(this.#options.functions, () => this.#network ?? { network: '', profile: '' })
    const dialing = this.#dialing
    this.#services = new PageServices((...wish) => dialing.dial(...wish), this.#options.store)
    const host = wrap<HostApi>(worker)
    this.#host = host
    const started = host.start(this.#options.host, proxy(this.#services), proxy(this.#listener()))
    await Promise.race([started.then(() => this.#watch(host)), failed])
  }

  async ready(options: { readonly signal?: AbortSignal; readonly timeoutMillis?: number } = {}): Promise<Head> {
    const { signal, timeoutMillis } = options
    signal?.throwIfAborted()
    const ended = this.#ended()
    if (ended) throw ended
    const held = await this.head()
    if (held !== null) return held
    return await new Promise<Head>((resolve, reject) => {
      const cleanups: (() => void)[] = []
      const settle = (run: () => void) => {
        for (const cleanup of cleanups) cleanup()
        run()
      }
      cleanups.push(this.on('head', (head) => settle(() => resolve(head))))
      cleanups.push(
        this.on('state', () => {
          const failure = this.#ended()
          if (failure) settle(() => reject(failure))
        }),
      )
      if (timeoutMillis !== undefined) {
        const timer = setTimeout(() => settle(() => reject(this.#late(timeoutMillis))), timeoutMillis)
        cleanups.push(() => clearTimeout(timer))
      }
      const abort = () => settle(() => reject(signal?.reason))
      signal?.addEventListener('abort', abort)
      cleanups.push(() => signal?.removeEventListener('abort', abort))
      const failure = this.#ended()
      if (failure) settle(() => reject(failure))
    })
  }

  async head(): Promise<Head | null> {
    const finding = await this.#asked((host) => host.head(), null)
    return finding === null ? null : headOf(finding)
  }

  async recent(count: number): Promise<readonly Head[]> {
    const findings = await this.#asked((host) => host.recent(Math.max(0, Math.floor(count))), [])
    return findings.map(headOf)
  }

  async header(number: bigint, options: { readonly signal?: AbortSignal } = {}): Promise<Head> {
    if (typeof number !== 'bigint' || number < 0n || number >= 1n << 64n) {
      throw clientError('arguments', 'header: a frame number is a bigint of 0 to 2^64 - 1')
    }
    return this.#handOut(await this.#query({ kind: 'header', number }, options.signal))
  }

  async verify(
    header: Uint8Array,
    options: { readonly signal?: AbortSignal; readonly timeProof?: boolean } = {},
  ): ReturnType<Client['verify']> {
    if (!(header instanceof Uint8Array)) throw clientError('arguments', 'verify: a header is a Uint8Array')
    if (header.length > WIRE_LIMITS.headerBytes) return verdictOf(tooLong(header))
    const wish = { kind: 'check', header, timeProof: options.timeProof ?? true } as const
    return verdictOf(await this.#query(wish, options.signal))
  }

  async work(): Promise<Work> {
    return await this.#asked((host) => host.work(), { certificates: 0, timeProofs: 0, refusals: 0, millis: 0 })
  }

  alerts: Client['alerts'] = async () => {
    if (this.#host === null) return []
    const alerts = await this.#called((host) => host.alerts())
    return alerts.map((alert) => networkAlert(alert, this.#alertKey()))
  }

  dismissAlert: Client['dismissAlert'] = async (digest) => {
    checkDigest(digest)
    if (!(await this.#called((host) => host.dismissAlert(digest))))
      throw new NotFoundError('This browser does not know an alert of that digest.')
  }

  async export(): Promise<Uint8Array> {
    const head = await this.head()
    if (head === null || this.#network === null) {
      throw this.#ended() ?? new NotFoundError('There is no verified frame to export yet.')
    }
    const { network, profile } = this.#network
    return encodeCheckpoint({ network, profile, header: head.value.bytes })
  }

  async import(checkpoint: Uint8Array): Promise<Head> {
    if (this.#network === null)
      throw this.#ended() ?? new ImportError('The network is not known yet: wait until the client has started.')
    let header: Uint8Array
    try {
      header = decodeCheckpoint(checkpoint, this.#network).header
    } catch (error) {
      if (error instanceof CheckpointError) throw new ImportError(error.message, { cause: error })
      throw error
    }
    return this.#handOut(await this.#query({ kind: 'import', header }))
  }

  async addAddress(address: string): Promise<void> {
    checkAddress(address)
    const ended = this.#ended()
    if (ended) throw ended
    if (this.#host === null) throw new StoppedError('Start the client before you add an address.')
    await this.#asked((host) => host.addAddress(address), undefined)
  }

  getVertex: Client['getVertex'] = (...asked) => this.#reads.getVertex(...asked)
  getVertices: Client['getVertices'] = (...asked) => this.#reads.getVertices(...asked)
  getHyperedge: Client['getHyperedge'] = (...asked) => this.#reads.getHyperedge(...asked)
  getProver: Client['getProver'] = (...asked) => this.#reads.getProver(...asked)
  getShard: Client['getShard'] = (...asked) => this.#reads.getShard(...asked)
  listProvers: Client['listProvers'] = (...asked) => this.#reads.listProvers(...asked)
  watch: Client['watch'] = (...asked) => this.#reads.watch(...asked)

  readonly identity = this.#peering.identity
  readonly gossip = this.#peering.gossip
  readonly exportIdentity = this.#peering.exportIdentity
  readonly importIdentity = this.#peering.importIdentity
  readonly forgetIdentity = this.#peering.forgetIdentity
  readonly protectIdentity = this.#peering.protectIdentity
  readonly unlockIdentity = this.#peering.unlockIdentity
  readonly publish = this.#peering.publish
  readonly subscribe = this.#peering.subscribe

  followRegistry: Client['followRegistry'] = async (options = {}) => {
    const { signal, onProgress } = options
    const wish = followWish(options)
    const ended = this.#ended()
    if (ended) throw ended
    const told = onProgress === undefined ? null : proxy(onProgress)
    const outcome = await this.#called<FollowOutcome>(async (host, call) => await host.follow(call, wish, told), signal)
    if (outcome.kind === 'followed') return outcome.answer
    throw this.#ended() ?? clientError(outcome.code, outcome.reason)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(): Promise<void> {
    this.#stopped = true
    this.#heartbeat?.stop()
    const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MILLIS))
    await Promise.race([this.#host?.stop().catch(() => {}), late])
    await Promise.race([this.#services?.close(), late])
    await this.#dialing?.stop().catch(() => {})
    this.#host?.[releaseProxy]()
    this.#worker?.terminate()
    this.#host = null
    this.#worker = null
    const next = 'Create a new client to go on.'
    this.#show({ ...this.#state, phase: 'stopped', peers: [], reason: 'The client was stopped.', next })
  }

  #listener(): HostListener {
    return {
      network: (description) => {
        this.#network = description
      },
      state: (state) => {
        if (this.#stopped || this.#halt === 'crashed') return
        this.#halt = state.halt
        this.#show(clientState(state))
      },
      head: (head) => this.#events.emit('head', headOf(head)),
      frame: (frame) => this.#events.emit('frame', headOf(frame)),
      refusal: (refusal) => this.#events.emit('refusal', refusal),
      alert: (alert) => this.#events.emit('alert', networkAlert(alert, this.#alertKey())),
      evidence: ({ frame, first, second, reason }) => this.#events.emit('evidence', { frame, first, second, reason }),
    }
  }

  /** Known before the first alert is: the anchors name it. */
  #alertKey(): string {
    return this.#network?.anchors.alertKey ?? bytesToHex(DEFAULT_ALERT_KEY)
  }

  #show(state: ClientState): void {
    this.#state = state
    this.#events.emit('state', state)
  }

  #watch(host: Remote<HostApi>): void {
    if (this.#stopped) return
    const dead = (why: string) => this.#crashed(why)
    this.#heartbeat = new Heartbeat(() => host.ping(), dead, this.#heartbeatMillis)
  }

  /** The worker is dead: whoever waits for it is told, and nothing that it might still say is listened to. */
  #crashed(why: string): void {
    if (this.#stopped) return
    this.#worker?.terminate()
    this.#worker = null
    this.#host = null
    void this.#services?.close()
    this.#halt = 'crashed'
    const reason = `The part of this client that verifies has ended (${why}).`
    const next = 'Load the page again, or create a new client: what was verified is kept.'
    this.#show({ ...this.#state, phase: 'halted', peers: [], health: 'stalled', reason, next })
    this.#death.reject(clientError('crashed', `${reason} ${next}`))
  }

  /** What the worker answers; `otherwise` without a worker. Rejects with `CrashedError` when it dies meanwhile. */
  async #asked<T>(ask: (host: Remote<HostApi>) => Promise<T>, otherwise: T): Promise<T> {
    return this.#host === null ? otherwise : await Promise.race([ask(this.#host), this.#death.promise])
  }

  #engineMissing(why: string): void {
    this.#halt = 'engine'
    const next = 'Allow workers and WebAssembly on this page (Content-Security-Policy), or use another browser.'
    this.#show({ ...this.#state, phase: 'halted', reason: `Nothing can be verified here: ${why}.`, next })
  }

  /** Why nothing more will come; null while something may. */
  #ended(): ClientError | null {
    if (this.#stopped) return new StoppedError('The client was stopped.')
    if (this.#halt === null) return null
    const code = this.#halt === 'evidence' ? 'halted' : this.#halt
    return clientError(code, `${this.#state.reason} ${this.#state.next}${this.#age()}`)
  }

  #late(timeoutMillis: number): ClientError {
    const { reason, next, peers } = this.#state
    const code = peers.some((peer) => peer.status === 'connected') ? 'timeout' : 'noPeers'
    return clientError(code, `No verified frame within ${timeoutMillis / 1000} s. ${reason} ${next}${this.#age()}`)
  }

  #age(): string {
    if (this.#network === null) return ''
    return ` The anchors are ${describeAge(this.#network.anchors.issuedAt, Date.now())}.`
  }

  #handOut(finding: Finding): Head {
    if (finding.verified === false && this.#options.policy === 'refuse') throw new RefusedError(refusalText(finding))
    return headOf(finding)
  }

  async #query(wish: QueryWish, signal?: AbortSignal): Promise<Finding> {
    const outcome = await this.#called<QueryOutcome>(async (host, call) => await host.query(call, wish), signal)
    if (outcome.kind === 'finding') return outcome.finding
    throw this.#ended() ?? clientError(outcome.code, outcome.reason)
  }

  async #read(wish: StateWish, signal: AbortSignal | undefined, onProgress: OnProgress | undefined) {
    signal?.throwIfAborted()
    const ended = this.#ended()
    if (ended) throw ended
    const told = onProgress === undefined ? null : proxy(onProgress)
    const outcome = await this.#called<StateOutcome>(async (host, call) => await host.read(call, wish, told), signal)
    if (outcome.kind === 'read') return outcome.answer
    throw this.#ended() ?? clientError(outcome.code, outcome.reason)
  }

  /** One call that a signal, `stop()` or the death of the worker ends. */
  async #called<T>(ask: (host: Remote<HostApi>, call: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const host = this.#host
    if (host === null) throw this.#ended() ?? new StoppedError('Start the client first.')
    const call = this.#nextCall++
    const cleanups: (() => void)[] = []
    const givenUp = new Promise<never>((_, reject) => {
      const abort = () => {
        void host.cancel(call)
        reject(signal?.reason)
      }
      const stopped = ({ phase }: ClientState) => {
        if (phase === 'stopped') reject(new StoppedError('The client was stopped.'))
      }
      signal?.addEventListener('abort', abort)
      cleanups.push(() => signal?.removeEventListener('abort', abort), this.on('state', stopped))
    })
    try {
      return await Promise.race([ask(host, call), givenUp, this.#death.promise])
    } finally {
      for (const cleanup of cleanups) cleanup()
    }
  }
}

function tooLong(header: Uint8Array): Finding {
  const reason = `${header.length} bytes; a header has at most ${WIRE_LIMITS.headerBytes}`
  return {
    bytes: header,
    facts: null,
    checks: [{ name: 'shape', ok: false, reason, section: '11 section 4', millis: null }],
    verified: false,
    reason,
    millis: 0,
    from: null,
    verifiedAt: Date.now(),
  }
}
