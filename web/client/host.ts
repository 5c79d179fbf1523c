/** The client inside its worker: store, network description, engine and driver, in that order. */
import type { AlertReader, KeptAlert } from '@petal/core/light/alert-types.ts'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { type DriverState, LightDriver } from '@petal/core/light/driver.ts'
import type { Finding, HaltCause, QueryOutcome, QueryWish } from '@petal/core/light/events.ts'
import { DescriptionError } from '@petal/core/light/network-description.ts'
import { storePrefix } from '@petal/core/light/records.ts'
import type { WorkCount } from '@petal/core/light/work.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import type { LightPeer, LightTransport } from '@petal/core/platform/network.ts'
import { WorkerPool } from '@petal/worker/index.ts'
import type { Remote } from 'comlink'
import { type ChosenStore, chooseStore, isEmpty, sharedStore, trim } from './choose-store.ts'
import { Dialing, dialable } from './dialing.ts'
import type { FollowHost, FollowOutcome, OnFollowing } from './follow-host.ts'
import type { FollowWish } from './follow-types.ts'
import type { PeerHost } from './gossip/peer-host.ts'
import type { OnDeliveries, PeerOutcome, PeerWish } from './gossip/wishes.ts'
import type { HostApi, HostListener, HostOptions } from './host-api.ts'
import { currentAddresses, type FoundNetwork, findNetwork } from './network-source.ts'
import type { PageServices } from './page-services.ts'
import { remoteStore } from './remote-store.ts'
import type { StateHost } from './state-host.ts'
import type { OnProgress, StateOutcome, StateWish } from './state-wishes.ts'

const DATABASE = 'petal-light'
const RETRY_MILLIS = 5_000
const REFRESH_MILLIS = 10_000
/** Connections that following the registry makes when the client has none, and how long it waits for them. */
const MOST_OWN = 3
const DIAL_OWN_MILLIS = 10_000

export interface HostParts {
  readonly makeCrypto: (workers: number) => Crypto
}

export class ClientHost implements Omit<HostApi, 'start' | 'ping'> {
  readonly #options: HostOptions
  readonly #page: Remote<PageServices>
  readonly #listener: Remote<HostListener> | HostListener
  readonly #crypto: Crypto
  readonly #dialing: Dialing
  readonly #stopping = new AbortController()
  readonly #calls = new Map<number, AbortController>()
  /** Released in reverse order. */
  readonly #cleanups: (() => Promise<void> | void)[] = []
  #driver: LightDriver | null = null
  #reads: Promise<StateHost> | null = null
  #following: Promise<FollowHost> | null = null
  #peering: Promise<PeerHost> | null = null
  #transport: LightTransport | null = null
  #networkName = ''
  readonly #running: Promise<LightDriver | QueryOutcome>
  #state: DriverState | null = null
  #addressesSeen = new Set<string>()
  #addedEarly: string[] = []

  constructor(
    options: HostOptions,
    page: Remote<PageServices>,
    listener: Remote<HostListener> | HostListener,
    parts: HostParts = { makeCrypto: warmPool },
  ) {
    this.#options = options
    this.#page = page
    this.#listener = listener
    this.#crypto = parts.makeCrypto(options.workers)
    this.#dialing = new Dialing(options.transports, page)
    this.#running = this.#run()
  }

  async query(call: number, wish: QueryWish): Promise<QueryOutcome> {
    const controller = new AbortController()
    this.#calls.set(call, controller)
    try {
      const driver = await this.#running
      if (!(driver instanceof LightDriver)) return driver
      return await driver.query(wish, controller.signal)
    } catch (error) {
      return { kind: 'failed', code: 'notFound', reason: textOf(error) }
    } finally {
      this.#calls.delete(call)
    }
  }

  async read(call: number, wish: StateWish, onProgress: OnProgress | null): Promise<StateOutcome> {
    const controller = new AbortController()
    this.#calls.set(call, controller)
    try {
      const driver = await this.#running
      if (!(driver instanceof LightDriver)) return failed(driver)
      this.#reads ??= this.#stateHost(driver)
      return await (await this.#reads).read(wish, controller.signal, onProgress ?? undefined)
    } catch (error) {
      // What reads could not be loaded; the next read tries again.
      this.#reads = null
      return { kind: 'failed', code: 'engine', reason: `What reads state cannot be loaded: ${textOf(error)}` }
    } finally {
      this.#calls.delete(call)
    }
  }

  async follow(call: number, wish: FollowWish, onProgress: OnFollowing | null): Promise<FollowOutcome> {
    const controller = new AbortController()
    this.#calls.set(call, controller)
    try {
      const driver = await this.#running
      if (!(driver instanceof LightDriver)) return failed(driver)
      this.#following ??= this.#followHost(driver)
      return await (await this.#following).follow(wish, controller.signal, onProgress ?? undefined)
    } finally {
      this.#calls.delete(call)
    }
  }

  async peer(wish: PeerWish, onDeliveries: OnDeliveries): Promise<PeerOutcome> {
    try {
      const driver = await this.#running
      if (!(driver instanceof LightDriver)) return failed(driver)
      this.#peering ??= this.#peerHost(driver, onDeliveries)
      return await (await this.#peering).ask(wish)
    } catch (error) {
      // What makes the tab a peer could not be loaded; the next wish tries again.
      this.#peering = null
      return { kind: 'failed', code: 'engine', reason: `What makes this tab a peer cannot be loaded: ${textOf(error)}` }
    }
  }

  cancel(call: number): void {
    this.#calls.get(call)?.abort(new Error('cancelled'))
  }

  head(): Finding | null {
    return this.#driver?.head() ?? null
  }

  recent(count: number): readonly Finding[] {
    return this.#driver?.recent(count) ?? []
  }

  work(): WorkCount {
    return this.#driver?.work() ?? { certificates: 0, timeProofs: 0, refusals: 0, millis: 0 }
  }

  async alerts(): Promise<readonly KeptAlert[]> {
    const driver = await this.#running
    return driver instanceof LightDriver ? await driver.alerts() : []
  }

  async dismissAlert(digest: string): Promise<boolean> {
    const driver = await this.#running
    return driver instanceof LightDriver && (await driver.dismissAlert(digest))
  }

  addAddress(address: string): void {
    this.#addressesSeen.add(address)
    if (this.#driver) this.#driver.addAddress(address)
    else this.#addedEarly.push(address)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const call of this.#calls.values()) call.abort(new Error('the client was stopped'))
    await this.#driver?.stop()
    await (await this.#peering?.catch(() => null))?.stop()
    await this.#dialing.stop()
    await this.#crypto.close()
    for (const cleanup of this.#cleanups.splice(0).reverse()) await Promise.resolve(cleanup()).catch(() => {})
  }

  /** The running driver, or the answer to every query when there cannot be one. */
  async #run(): Promise<LightDriver | QueryOutcome> {
    const choosing = this.#chooseStore()
    void this.#expectFirstVisit(choosing)
    let found: FoundNetwork | null
    try {
      found = await this.#network(choosing)
    } catch (error) {
      return this.#halt('anchors', textOf(error), 'Correct the network description or its anchors, and load again.')
    }
    const chosen = await choosing
    if (found === null) return { kind: 'failed', code: 'noPeers', reason: 'The client was stopped.' }
    const { description } = found
    const known = { ...description, addresses: dialable(description.addresses, this.#options.transports) }
    this.#addressesSeen = new Set(known.addresses)
    void this.#listener.network(known)

    const transport = this.#dialing.transport(known)
    this.#transport = transport
    this.#networkName = known.network

    const driver = new LightDriver({
      config: {
        description: known,
        timeProofs: this.#options.timeProofs,
        limits: this.#options.limits,
        random: Math.random,
      },
      crypto: this.#crypto,
      store: await this.#share(chosen, known),
      transport,
      clock: CLOCK,
      alerts: { load: loadAlertReader, told: (alert) => void this.#listener.alert(alert) },
      note: [chosen.note, found.note].filter((note) => note !== null).join(' ') || null,
      listener: {
        state: (state) => this.#tell(state),
        head: (head) => void this.#listener.head(head),
        frame: (frame) => void this.#listener.frame(frame),
        refusal: (refusal) => void this.#listener.refusal(refusal),
        evidence: (evidence) => void this.#listener.evidence(evidence),
      },
    })
    await driver.start()
    this.#driver = driver
    for (const address of this.#addedEarly) driver.addAddress(address)
    if (this.#stopping.signal.aborted) await driver.stop()
    else void this.#refreshAddresses(driver, description)
    return driver
  }

  /** What reads state is loaded with the first read: it would hold up the first frame. */
  async #stateHost(driver: LightDriver): Promise<StateHost> {
    const { StateHost } = await import('./state-host.ts')
    return new StateHost({ driver, crypto: this.#crypto, clock: CLOCK, timeProofs: this.#options.timeProofs })
  }

  async #followHost(driver: LightDriver): Promise<FollowHost> {
    const { FollowHost } = await import('./follow-host.ts')
    const offered = () => this.#state?.target ?? null
    const dial = (signal: AbortSignal) => this.#dialOwn(signal)
    return new FollowHost({ driver, crypto: this.#crypto, clock: CLOCK, rules: driver.rules, dial, offered })
  }

  async #peerHost(driver: LightDriver, deliver: OnDeliveries): Promise<PeerHost> {
    const { openPeerHost } = await import('./gossip/open-peer-host.ts')
    return openPeerHost({
      keep: this.#options.store !== 'memory',
      network: this.#networkName,
      addresses: () => this.#dialing.ownAddresses([...this.#addressesSeen]),
      head: () => driver.head()?.facts?.number ?? null,
      verify: (header) => driver.query({ kind: 'hint', header }, this.#stopping.signal),
      deliver,
      share: (dialer) => this.#dialing.share(dialer),
    })
  }

  /** Connections beside those of the driver, to the first addresses that answer. */
  async #dialOwn(signal: AbortSignal): Promise<readonly LightPeer[]> {
    const transport = this.#transport
    if (transport === null) return []
    const wanted = AbortSignal.any([signal, this.#stopping.signal, AbortSignal.timeout(DIAL_OWN_MILLIS)])
    const addresses = [...this.#addressesSeen].slice(0, MOST_OWN)
    const dialled = await Promise.allSettled(addresses.map((address) => transport(address, wanted)))
    return dialled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  }

  /** With nothing to show from the last visit, only a node can give the first frame: what dials it is loaded at once. */
  async #expectFirstVisit(choosing: Promise<ChosenStore>): Promise<void> {
    const { store } = await choosing
    if (await isEmpty(store)) this.#dialing.preload()
  }

  async #chooseStore(): Promise<ChosenStore> {
    const wish = this.#options.store
    if (wish === 'page') return { store: remoteStore(this.#page), note: null }
    const chosen = await chooseStore(wish, DATABASE)
    this.#cleanups.push(() => chosen.store.close())
    return chosen
  }

  async #share(chosen: ChosenStore, description: NetworkDescription) {
    if (this.#options.store !== 'indexeddb' || chosen.note !== null) return chosen.store
    const prefix = storePrefix(description)
    const name = `petal-light/${Array.from(prefix, (byte) => byte.toString(16)).join('')}`
    const shared = sharedStore(chosen.store, name, () => trim(chosen.store, prefix, this.#options.limits))
    this.#cleanups.push(() => shared.resign())
    return shared
  }

  /** Tries until the description is there. Rejects when what is there cannot be used; null after `stop`. */
  async #network(choosing: Promise<ChosenStore>): Promise<FoundNetwork | null> {
    const { network, anchors } = this.#options
    while (!this.#stopping.signal.aborted) {
      try {
        return await findNetwork(
          network,
          anchors ?? undefined,
          choosing.then(({ store }) => store),
        )
      } catch (error) {
        if (error instanceof DescriptionError || typeof network !== 'string') throw error
        const next = 'It is tried again in some seconds; check the address and the network of this device.'
        this.#tell({ ...NOTHING, phase: 'connecting', reason: textOf(error), next })
        await pause(RETRY_MILLIS, this.#stopping.signal)
      }
    }
    return null
  }

  /** While no node is connected: maybe the description names other addresses by now. */
  async #refreshAddresses(driver: LightDriver, description: NetworkDescription): Promise<void> {
    const { network, transports } = this.#options
    const { signal } = this.#stopping
    while (typeof network === 'string' && !signal.aborted) {
      await pause(REFRESH_MILLIS, signal)
      const connected = this.#state?.peers.some((peer) => peer.status === 'connected') ?? false
      if (signal.aborted || connected || this.#state?.halt) continue
      for (const address of dialable(await currentAddresses(network, description), transports)) {
        if (this.#addressesSeen.has(address) || this.#addressesSeen.size > 200) continue
        this.#addressesSeen.add(address)
        driver.addAddress(address)
      }
    }
  }

  #halt(halt: HaltCause, reason: string, next: string): QueryOutcome {
    this.#tell({ ...NOTHING, phase: 'halted', reason, next, halt })
    return { kind: 'failed', code: halt === 'engine' ? 'engine' : 'halted', reason }
  }

  #tell(state: DriverState): void {
    this.#state = state
    void this.#listener.state(state)
  }
}

/** Most tabs never see an alert. */
async function loadAlertReader(): Promise<AlertReader> {
  return (await import('./alert-reader.ts')).alertReader
}

/** The engine is fetched and compiled while the network description and the store are read. */
function warmPool(workers: number): Crypto {
  const pool = new WorkerPool({ workers })
  void pool.warm()
  return pool
}

const NOTHING = {
  at: null,
  target: null,
  peers: [],
  committee: null,
  health: 'ok',
  halt: null,
} as const satisfies Partial<DriverState>

/** One timer; a time further away than timers reach is approached in steps. */
function alarm(time: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const wait = () => {
    const left = time - Date.now()
    timer = left > 1e9 ? setTimeout(wait, 1e9) : setTimeout(callback, Math.max(0, left))
  }
  wait()
  return () => clearTimeout(timer)
}

const CLOCK = { now: () => Date.now(), at: alarm }

/** A client that cannot run answers every read like this. */
function failed(outcome: QueryOutcome): Extract<StateOutcome, { kind: 'failed' }> {
  return outcome.kind === 'failed'
    ? outcome
    : { kind: 'failed', code: 'notFound', reason: 'The client is not running.' }
}

function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
