/**
 * js-libp2p's gossipsub under the conditions of `core/gossip/simulation.ts`: same delays, same conduct, same parameters, a virtual clock. Its timers
 * and its idea of the time are replaced while it runs; after each millisecond its promises are given the time they need.
 */
import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { type Conduct, conducted, withoutLength } from '../../core/gossip/conduct.ts'
import { GOSSIP_PARAMS } from '../../core/gossip/params.ts'
import { decodeRpc } from '../../core/gossip/rpc.ts'
import type { Scenario, ScenarioNode, World } from '../../core/gossip/scenario.ts'
import { Schedule } from '../../core/gossip/schedule.ts'

/** The parts of gossipsub that are used here. */
export interface Gossipsub extends EventTarget {
  start(): Promise<void>
  stop(): Promise<void>
  subscribe(topic: string): void
  publish(topic: string, data: Uint8Array): Promise<unknown>
}

/** What the packages `@libp2p/gossipsub` and `@libp2p/peer-id` offer; the first is no dependency of this project. */
export interface GossipsubPackage {
  gossipsub(options: object): (components: object) => Gossipsub
  peerIdFromPrivateKey(key: PrivateKey): PeerId
}

type Handler = (stream: object, connection: object) => void
interface Topology {
  onConnect?(peer: PeerId, connection: object): void
  onDisconnect?(peer: PeerId): void
}

interface Node extends ScenarioNode {
  until: number | null
  readonly delivered: Map<string, { readonly at: number; readonly hops: number }>
  forged: number
  readonly peerId: PeerId
  readonly gossip: Gossipsub
  handler: Handler | undefined
  topology: Topology | undefined
  /** Links to others: their delay, and whether they still stand. */
  readonly links: Map<string, { readonly delay: number; open: boolean }>
}

const PROTOCOL = '/meshsub/1.2.0'
const NO_ADDRESS = { toString: () => '/memory', getComponents: () => [] }
const START = 1_750_000_000_000
const realImmediate = setImmediate
const silentLog = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false })
const logger = { forComponent: () => silentLog }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export class GossipsubWorld implements World<Node> {
  readonly nodes = new Map<string, Node>()
  readonly gone: Node[] = []
  readonly sent: { key: string; topic: Uint8Array; at: number; by: string }[] = []
  readonly traffic = { copies: 0, bytes: 0 }
  readonly digest = ''
  now = START
  readonly #package: GossipsubPackage
  readonly #scenario: Scenario
  readonly #schedule = new Schedule()
  #random: number
  #adding: Promise<void> = Promise.resolve()

  constructor(theirs: GossipsubPackage, scenario: Scenario) {
    this.#package = theirs
    this.#scenario = scenario
    this.#random = scenario.seed
  }

  /** mulberry32 */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256))
  }
  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)]
  }
  every(millis: number, run: () => unknown): void {
    const again = () => {
      if (run() !== false) this.later(millis, again)
    }
    this.later(millis, again)
  }
  /** Times are whole milliseconds, so that what is due together needs one wait. */
  later(millis: number, run: () => void): void {
    this.#schedule.add(Math.ceil(this.now + Math.max(millis, 0)), run)
  }

  /** Runs with the timers and the clock of the process replaced. */
  async run(millis: number): Promise<void> {
    const real = { setTimeout, setInterval, clearTimeout, clearInterval, now: Date.now }
    const cancelled = new Set<object>()
    const timer = () => ({ unref() {}, ref() {}, hasRef: () => false })
    const start = (run: (...all: unknown[]) => void, delay = 0, ...all: unknown[]) => {
      const handle = timer()
      this.later(Math.max(delay, 1), () => cancelled.delete(handle) || run(...all))
      return handle
    }
    const repeat = (run: () => void, delay = 0) => {
      const handle = timer()
      this.every(Math.max(delay, 1), () => (cancelled.delete(handle) ? false : run()))
      return handle
    }
    const cancel = (handle?: object) => void (handle && cancelled.add(handle))
    Object.assign(globalThis, { setTimeout: start, setInterval: repeat, clearTimeout: cancel, clearInterval: cancel })
    Date.now = () => this.now
    const end = this.now + millis
    try {
      // Nodes that were added before come to their first timers.
      await this.#adding
      for (let i = 0; i < 10; i++) await new Promise((resolve) => realImmediate(resolve))
      while (this.#schedule.next <= end) {
        this.now = Math.max(this.now, this.#schedule.next)
        while (this.#schedule.next <= this.now) this.#schedule.take()?.()
        await new Promise((resolve) => realImmediate(resolve))
      }
    } finally {
      const { now, ...timers } = real
      Object.assign(globalThis, timers)
      Date.now = now
    }
    this.now = end
  }

  add(conduct: Conduct, topics: readonly Uint8Array[]): void {
    // One after the other, so that a node dials those that came before it.
    this.#adding = this.#adding.then(() => this.#add(conduct, topics))
  }

  async #add(conduct: Conduct, topics: readonly Uint8Array[]): Promise<void> {
    const since = this.now
    const before = [...this.nodes.values()]
    const privateKey = await generateKeyPairFromSeed('Ed25519', this.bytes(32))
    const peerId = this.#package.peerIdFromPrivateKey(privateKey)
    const name = peerId.toString()
    const node: Node = {
      name,
      conduct,
      topics,
      since,
      until: null,
      delivered: new Map(),
      forged: 0,
      peerId,
      gossip: this.#gossip(peerId, privateKey, () => node),
      handler: undefined,
      topology: undefined,
      links: new Map(),
    }
    this.nodes.set(name, node)
    node.gossip.addEventListener('gossipsub:message', (event) => this.#deliver(node, event as CustomEvent<Delivery>))
    await node.gossip.start()
    for (const topic of topics) node.gossip.subscribe(hex(topic))
    for (let i = 0; i < this.#scenario.dials; i++) this.#dial(node, before)
  }

  #gossip(peerId: PeerId, privateKey: PrivateKey, self: () => Node): Gossipsub {
    const registrar = {
      handle: async (protocol: string, handler: Handler) => {
        if (protocol === PROTOCOL) self().handler = handler
      },
      register: async (protocol: string, topology: Topology) => {
        if (protocol === PROTOCOL) self().topology = topology
        return protocol
      },
      unhandle: async () => undefined,
      unregister: () => undefined,
      getTopologies: () => [],
    }
    const { d, dLow, dHigh, dScore, dOut, dLazy, gossipFactor, historyLength, historyGossip } = GOSSIP_PARAMS
    const topic = {
      topicWeight: 0.1,
      timeInMeshWeight: 0.00027,
      timeInMeshQuantum: 1000,
      timeInMeshCap: 1,
      firstMessageDeliveriesWeight: 5,
      firstMessageDeliveriesDecay: 0.9924,
      firstMessageDeliveriesCap: 10_000,
      meshMessageDeliveriesWeight: 0,
      meshFailurePenaltyWeight: 0,
      invalidMessageDeliveriesWeight: -1000,
      invalidMessageDeliveriesDecay: 0.9987,
    }
    const shards = new Set([...this.nodes.values()].flatMap((node) => node.topics.map(hex)))
    return this.#package.gossipsub({
      fallbackToFloodsub: false,
      floodPublish: true,
      D: d,
      Dlo: dLow,
      Dhi: dHigh,
      Dscore: dScore,
      Dout: dOut,
      Dlazy: dLazy,
      gossipFactor,
      mcacheLength: historyLength,
      mcacheGossip: historyGossip,
      heartbeatInterval: GOSSIP_PARAMS.heartbeatMillis,
      idontwantMinDataSize: GOSSIP_PARAMS.idontwantBytes,
      scoreParams: {
        topics: Object.fromEntries([...shards].map((key) => [key, topic])),
        IPColocationFactorWeight: 0,
        behaviourPenaltyWeight: -10,
        behaviourPenaltyThreshold: 6,
        behaviourPenaltyDecay: 0.9989,
      },
      scoreThresholds: {
        gossipThreshold: -500,
        publishThreshold: -1000,
        graylistThreshold: -2500,
        acceptPXThreshold: 1000,
        opportunisticGraftThreshold: 3.5,
      },
      tagMeshPeers: false,
    })({ peerId, privateKey, logger, registrar, connectionManager: {}, peerStore: {} })
  }

  redial(node: Node): void {
    const others = [...this.nodes.values()]
    for (let i = node.links.size; i < this.#scenario.dials; i++) this.#dial(node, others)
  }

  #dial(node: Node, others: readonly Node[]): void {
    const other = this.pick(others)
    if (other && other !== node && !node.links.has(other.name)) this.#connect(node, other)
  }

  #connect(a: Node, b: Node): void {
    const [least, most] = this.#scenario.delayMillis
    const link = { delay: least + this.random() * (most - least), open: true }
    a.links.set(b.name, link)
    b.links.set(a.name, link)
    for (const [node, other, direction] of [[a, b, 'outbound'] as const, [b, a, 'inbound'] as const]) {
      const connection = {
        id: `${node.name} ${other.name}`,
        direction,
        status: 'open',
        remotePeer: other.peerId,
        remoteAddr: NO_ADDRESS,
        newStream: async () => this.#stream(node, other, link),
      }
      this.later(link.delay, () => {
        if (link.open) node.topology?.onConnect?.(other.peerId, connection)
      })
    }
  }

  /** A stream from `node` to `other`: what is written at one end comes out of the other after the delay. */
  #stream(node: Node, other: Node, link: { readonly delay: number; readonly open: boolean }): object {
    const inbound = new EventTarget()
    const end = async () => void inbound.dispatchEvent(new Event('remoteCloseWrite'))
    Object.assign(inbound, { protocol: PROTOCOL, close: end, abort: end })
    const connection = { remotePeer: node.peerId, direction: 'inbound', remoteAddr: NO_ADDRESS }
    this.later(link.delay, () => other.handler?.(inbound, connection))
    const send = (data: { subarray(): Uint8Array }) => {
      const topic = this.sent.at(-1)?.topic
      for (const frame of conducted(node.conduct, data.subarray(), topic && Buffer.from(hex(topic)), this)) {
        if (node.conduct === 'honest') this.#count(frame)
        this.later(link.delay, () => {
          if (link.open) inbound.dispatchEvent(Object.assign(new Event('message'), { data: frame }))
        })
      }
      return true
    }
    return { protocol: PROTOCOL, addEventListener: () => undefined, send, close: end, abort: end }
  }

  #count(frame: Uint8Array): void {
    this.traffic.bytes += frame.length
    this.traffic.copies += decodeRpc(withoutLength(frame)).messages.length
  }

  remove(node: Node): void {
    node.until = this.now
    this.nodes.delete(node.name)
    this.gone.push(node)
    for (const [name, link] of node.links) {
      link.open = false
      const other = this.nodes.get(name)
      other?.links.delete(node.name)
      this.later(2 * link.delay, () => other?.topology?.onDisconnect?.(node.peerId))
    }
    void node.gossip.stop()
  }

  publish(node: Node, topic: Uint8Array, length: number): void {
    const data = this.bytes(length)
    const key = digestOf(data)
    this.sent.push({ key, topic, at: this.now, by: node.name })
    node.delivered.set(key, { at: this.now, hops: 0 })
    node.gossip.publish(hex(topic), data).catch(() => undefined)
  }

  #deliver(node: Node, { detail }: CustomEvent<Delivery>): void {
    const key = digestOf(detail.msg.data)
    const sender = this.nodes.get(detail.propagationSource.toString())
    if (node.delivered.has(key)) return
    node.delivered.set(key, { at: this.now, hops: (sender?.delivered.get(key)?.hops ?? 0) + 1 })
  }
}

interface Delivery {
  readonly propagationSource: PeerId
  readonly msg: { readonly data: Uint8Array }
}
