/**
 * Runs many routers on one virtual clock from one seed. Used by tests and by `test/sim/gossip.ts` only: links have a delay, signatures are hashes,
 * nodes come and go, some keep silent and some send garbage.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import type { Millis } from '../platform/machine.ts'
import { type Conduct, conducted, withoutLength } from './conduct.ts'
import type { GossipEffect, GossipEvent, PeerKey } from './events.ts'
import { authorFault, type GossipMessage, peerIdOfKey } from './message.ts'
import { GOSSIP_LIMITS, type GossipLimits, type GossipParams, paramsOf } from './params.ts'
import { GossipRouter } from './router.ts'
import { decodeRpc } from './rpc.ts'
import { Schedule } from './schedule.ts'

export interface Network {
  readonly seed: number
  /** Delay of a link, from and to. */
  readonly delayMillis: readonly [Millis, Millis]
  /** Peers that a node dials when it comes. */
  readonly dials: number
  readonly params?: Partial<GossipParams>
  readonly limits?: Partial<GossipLimits>
}

export interface SimulatedNode {
  readonly name: PeerKey
  readonly conduct: Conduct
  readonly router: GossipRouter
  readonly identity: { readonly peerId: Uint8Array; readonly key: Uint8Array }
  readonly topics: readonly Uint8Array[]
  readonly since: Millis
  until: Millis | null
  readonly delivered: Map<string, { readonly at: Millis; readonly hops: number }>
  /** Messages for the application whose signature is not their author's: none, or the router is wrong. */
  forged: number
}

interface Sent {
  readonly key: string
  readonly topic: Uint8Array
  readonly at: Millis
  readonly by: PeerKey
}

const START: Millis = 1_750_000_000_000
const HOUSEKEEPING_MILLIS = 1

/** The made-up signature scheme: anybody could forge it, but nobody here does. */
const signatureOf = (key: Uint8Array, payload: Uint8Array) => sha256(concatBytes(key, payload))

export class GossipSimulation {
  readonly network: Network
  readonly nodes = new Map<PeerKey, SimulatedNode>()
  /** Nodes that left. */
  readonly gone: SimulatedNode[] = []
  readonly sent: Sent[] = []
  /** Copies of messages that honest nodes sent, their bytes, and bytes of everything they sent. */
  readonly traffic = { copies: 0, messageBytes: 0, bytes: 0 }
  now: Millis = START
  #random: number
  readonly #schedule = new Schedule()
  #names = 0
  #streams = 0
  #publishes = 0
  readonly #links = new Map<PeerKey, Map<PeerKey, { readonly delay: Millis; readonly stream: number }>>()
  #digest = new Uint8Array(32)

  constructor(network: Network) {
    this.network = network
    this.#random = network.seed
  }

  /** Hash of all deliveries in order: one seed, one digest. */
  get digest(): string {
    return bytesToHex(this.#digest)
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

  add(conduct: Conduct, topics: readonly Uint8Array[]): SimulatedNode {
    const key = Uint8Array.from([0x08, 0x04, 0x12, 0x39, ...this.bytes(57)])
    const identity = { key, peerId: peerIdOfKey(key) }
    const { params, scores } = paramsOf(1)
    const router = new GossipRouter({
      params: { ...params, ...this.network.params },
      scores,
      limits: { ...GOSSIP_LIMITS, ...this.network.limits },
      identity,
      firstSeqno: 1n,
      direct: new Set(),
      outsideMesh: new Set(),
      random: () => this.random(),
    })
    const name = `n${this.#names++}`
    const node: SimulatedNode = {
      name,
      conduct,
      router,
      identity,
      topics,
      since: this.now,
      until: null,
      delivered: new Map(),
      forged: 0,
    }
    const others = [...this.nodes.values()]
    this.nodes.set(name, node)
    this.#links.set(name, new Map())
    for (const topic of topics) this.send(node, { kind: 'subscribe', bitmask: topic })
    for (let i = 0; i < this.network.dials; i++) {
      const other = this.pick(others)
      if (other) this.connect(node, other)
    }
    return node
  }

  connect(a: SimulatedNode, b: SimulatedNode): void {
    if (a === b || this.#links.get(a.name)?.has(b.name)) return
    const [least, most] = this.network.delayMillis
    const delay = least + this.random() * (most - least)
    this.#links.get(a.name)?.set(b.name, { delay, stream: this.#streams++ })
    this.#links.get(b.name)?.set(a.name, { delay, stream: this.#streams++ })
    for (const [node, other, outbound] of [[a, b, true] as const, [b, a, false] as const]) {
      const stream = this.#links.get(other.name)?.get(node.name)?.stream ?? 0
      this.#later(delay, () => {
        if (!this.#links.get(other.name)?.has(node.name)) return
        this.send(node, { kind: 'connected', peer: other.name, outbound, address: null })
        this.send(node, { kind: 'streamOpened', peer: other.name, stream })
      })
    }
  }

  /** The node is gone at once; its peers notice after the delay of their link. */
  remove(node: SimulatedNode): void {
    node.until = this.now
    this.nodes.delete(node.name)
    this.gone.push(node)
    for (const [other, { delay }] of this.#links.get(node.name) ?? []) {
      this.#links.get(other)?.delete(node.name)
      this.#later(2 * delay, () => {
        const peer = this.nodes.get(other)
        if (peer) this.send(peer, { kind: 'disconnected', peer: node.name })
      })
    }
    this.#links.delete(node.name)
  }

  /** Keeps a node at its number of connections, as discovery does. */
  redial(node: SimulatedNode): void {
    const links = this.#links.get(node.name)?.size ?? 0
    const others = [...this.nodes.values()]
    for (let i = links; i < this.network.dials; i++) {
      const other = this.pick(others)
      if (other) this.connect(node, other)
    }
  }

  publish(node: SimulatedNode, topic: Uint8Array, bytes: number): void {
    const data = this.bytes(bytes)
    const key = bytesToHex(sha256(data))
    this.sent.push({ key, topic, at: this.now, by: node.name })
    node.delivered.set(key, { at: this.now, hops: 0 })
    this.send(node, { kind: 'publish', publish: this.#publishes++, bitmask: topic, data })
  }

  /** Repeats `run` every so often; it ends when that answers false. */
  every(millis: Millis, run: () => unknown): void {
    const again = () => {
      if (run() !== false) this.#later(millis, again)
    }
    this.#later(millis, again)
  }

  run(millis: Millis): void {
    const end = this.now + millis
    while (this.#schedule.next <= end) {
      this.now = Math.max(this.now, this.#schedule.next)
      this.#schedule.take()?.()
    }
    this.now = end
  }

  send(node: SimulatedNode, event: GossipEvent): void {
    if (!this.nodes.has(node.name)) return
    for (const effect of node.router.handle(event, this.now)) this.#perform(node, effect)
  }

  #perform(node: SimulatedNode, effect: GossipEffect): void {
    const answer = (event: GossipEvent) => this.#later(HOUSEKEEPING_MILLIS, () => this.send(node, event))
    switch (effect.kind) {
      case 'send':
        answer({ kind: 'sent', peer: effect.peer, bytes: effect.bytes.length })
        for (const frame of conducted(node.conduct, effect.bytes, this.sent.at(-1)?.topic, this))
          this.#transmit(node, effect.peer, frame)
        return
      case 'sign':
        answer({ kind: 'signed', job: effect.job, signature: signatureOf(node.identity.key, effect.payload) })
        return
      case 'verify': {
        const good = signatureOf(effect.key, effect.payload)
        answer({ kind: 'verified', job: effect.job, valid: bytesToHex(good) === bytesToHex(effect.signature) })
        return
      }
      case 'validate':
        answer({ kind: 'judged', job: effect.job, verdict: 'accept' })
        return
      case 'deliver':
        this.#deliver(node, effect.peer, effect.message)
        return
      case 'closeStream':
        this.#reopen(node, effect.peer)
        return
      case 'wake':
        this.#later(effect.at - this.now, () => this.send(node, { kind: 'wake' }))
    }
  }

  #deliver(node: SimulatedNode, from: PeerKey, message: GossipMessage): void {
    const key = bytesToHex(sha256(message.data))
    const sender = this.nodes.get(from)
    const hops = (sender?.delivered.get(key)?.hops ?? 0) + 1
    const wanted = node.topics.some((topic) => bytesToHex(topic) === bytesToHex(message.bitmask))
    if (authorFault(message) !== null || !wanted || node.delivered.has(key)) node.forged++
    node.delivered.set(key, { at: this.now, hops })
    this.#digest = sha256(
      concatBytes(this.#digest, message.bytes, new TextEncoder().encode(`${node.name} ${this.now}`)),
    )
  }

  /** The peer's stream was reset: it opens another a second later. */
  #reopen(node: SimulatedNode, peer: PeerKey): void {
    const link = this.#links.get(peer)?.get(node.name)
    if (link === undefined) return
    const stream = this.#streams++
    this.#links.get(peer)?.set(node.name, { delay: link.delay, stream })
    this.#later(1000, () => this.send(node, { kind: 'streamOpened', peer, stream }))
  }

  #transmit(node: SimulatedNode, to: PeerKey, frame: Uint8Array): void {
    const link = this.#links.get(node.name)?.get(to)
    if (link === undefined) return
    const bytes = withoutLength(frame)
    if (node.conduct === 'honest') this.#count(bytes, frame.length)
    this.#later(link.delay, () => {
      const peer = this.nodes.get(to)
      if (peer) this.send(peer, { kind: 'frame', peer: node.name, stream: link.stream, bytes })
    })
  }

  #count(bytes: Uint8Array, framed: number): void {
    this.traffic.bytes += framed
    for (const message of decodeRpc(bytes).messages) {
      this.traffic.copies++
      this.traffic.messageBytes += message.bytes.length
    }
  }

  #later(millis: Millis, run: () => void): void {
    this.#schedule.add(this.now + Math.max(millis, 0), run)
  }
}
