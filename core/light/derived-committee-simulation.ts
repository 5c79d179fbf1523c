/** A light client without a pinned committee on a chain whose committee changes, both on a real engine. For tests only. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Millis } from '../platform/machine.ts'
import { type LightPeer, type LightTransport, PeerError } from '../platform/network.ts'
import type { Anchors, NetworkDescription } from './anchors.ts'
import { type DriverRefusal, type DriverState, LightDriver } from './driver.ts'
import type { Finding } from './events.ts'
import { type FollowChain, type PeerChanges, RULES, type SimulatedNetwork } from './follow-registry-simulation.ts'
import { MemoryStore } from './memory-store.ts'
import { boundLimits } from './policy.ts'

/** Anchors without a committee, whose checkpoint is that frame of the chain. */
export function anchorsAt(chain: FollowChain, number: number, issuedAt: Millis): Anchors {
  const { fields, identity } = chain.at(number)
  const { rank, timestamp, difficulty } = fields
  const checkpoint = { number: `${number}`, identity: bytesToHex(identity), rank: `${rank}`, timestamp: `${timestamp}` }
  return { checkpoint: { ...checkpoint, difficulty }, rules: RULES, issuedAt }
}

export interface ServingChanges extends PeerChanges {
  /** Newest frame that this node serves; default the newest of the chain. */
  height?(): number
  /** Newest header instead of the one at `height`. */
  head?(): Promise<Uint8Array | undefined>
  /** It holds no registry. */
  readonly stateless?: boolean
}

/** A node of that chain for the driver, which announces a head when `announce` is called. */
export class ServingNode {
  readonly chain: FollowChain
  readonly address: string
  readonly #changes: ServingChanges
  readonly #listeners = new Set<(header: Uint8Array) => void>()
  connected = 0

  constructor(chain: FollowChain, address: string, changes: ServingChanges = {}) {
    this.chain = chain
    this.address = address
    this.#changes = changes
  }

  async announce(): Promise<void> {
    const header = await this.#head()
    for (const listener of this.#listeners) listener(header)
  }

  dial(): LightPeer {
    this.connected += 1
    const { id, address, values, headers } = this.chain.peer(this.address, this.#changes)
    return {
      id,
      address,
      ...(this.#changes.stateless || values === undefined ? {} : { values }),
      transport: 'own',
      hello: async () => ({ network: 'simulated', profile: '2.1.0.24', head: 0n, oldest: 1n, maxHeaders: 32 }),
      head: () => this.#head(),
      headers: async (from, count, signal) => {
        const served: Uint8Array[] = []
        for (let number = from; number < from + BigInt(count) && Number(number) <= this.#height; number++)
          served.push(...(await headers(number, 1, signal)))
        if (served.length === 0) throw new PeerError('notFound', 'not held')
        return served
      },
      subscribe: (onHead, signal) => {
        this.#listeners.add(onHead)
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            this.#listeners.delete(onHead)
            resolve()
          }),
        )
      },
      traffic: () => ({ received: 0, sent: 0 }),
      close: async () => {},
    }
  }

  get #height(): number {
    return this.#changes.height?.() ?? Number(this.chain.tip.number)
  }

  async #head(): Promise<Uint8Array> {
    return (await this.#changes.head?.()) ?? (await this.chain.header(this.chain.at(this.#height)))
  }
}

/** A driver with what it told. */
export class DerivedClient implements AsyncDisposable {
  readonly driver: LightDriver
  readonly store: MemoryStore
  readonly heads: Finding[] = []
  readonly states: DriverState[] = []
  readonly refusals: DriverRefusal[] = []

  constructor(
    network: SimulatedNetwork,
    anchors: Anchors,
    nodes: readonly ServingNode[],
    store: MemoryStore = new MemoryStore(),
  ) {
    const description: NetworkDescription = {
      format: 1,
      network: 'simulated',
      profile: '2.1.0.24',
      addresses: nodes.map(({ address }) => address),
      anchors,
      frameIntervalMillis: 10_000,
    }
    const transport: LightTransport = async (address) => {
      const node = nodes.find((one) => one.address === address)
      if (node === undefined) throw new PeerError('dial', 'nobody there')
      return node.dial()
    }
    this.store = store
    this.driver = new LightDriver({
      config: { description, timeProofs: 'every', limits: boundLimits({}), random: () => 0.5 },
      crypto: network.crypto,
      store,
      transport,
      clock: network.clock,
      note: null,
      listener: {
        state: (state) => void this.states.push(state),
        head: (head) => void this.heads.push(head),
        frame: () => {},
        refusal: (refusal) => void this.refusals.push(refusal),
        evidence: () => {},
      },
    })
  }

  get state(): DriverState | undefined {
    return this.states.at(-1)
  }

  /** Newest verified frame. */
  get at(): number | null {
    const number = this.driver.head()?.facts?.number
    return number === undefined ? null : Number(number)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.stop()
  }
}
