/** Whom a message is sent to (spec 50 sections 6 and 9: the rules of both generations of nodes at once). */
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'
import type { GossipMessage, MessageDigest } from './message.ts'
import type { Peer } from './peer.ts'
import type { GossipState } from './state.ts'
import type { Topic } from './subscriptions.ts'

/** Chosen peers for a topic that is published on but not subscribed to. */
interface Fanout {
  readonly topic: Topic
  readonly peers: Set<PeerKey>
  usedAt: number
}

/** Topics that have a fanout at one time. */
const FANOUTS = 256

export class Routes {
  readonly #state: GossipState
  readonly #fanouts = new Map<BitmaskKey, Fanout>()

  constructor(state: GossipState) {
    this.#state = state
  }

  /**
   * Mesh peers for a message: those of the mesh of its very bitmask (how 2.1.0.24 nodes and ours are linked), and those of the mesh of one of
   * its slices, taken at random (how older nodes are). Also direct peers that take it.
   */
  mesh(topic: Topic): Set<PeerKey> {
    const { meshes, peers, config } = this.#state
    const found = new Set(meshes.of(topic.key).keys())
    const slices = topic.slices.filter((slice) => meshes.of(slice).size > 0)
    const slice = slices[Math.floor(config.random() * slices.length)]
    if (slice !== undefined) for (const peer of meshes.of(slice).keys()) found.add(peer)
    for (const key of config.direct) {
      const peer = peers.get(key)
      if (peer && this.#state.takes(peer, topic)) found.add(key)
    }
    return found
  }

  /** Passes on what others sent. Answers to how many. */
  forward(message: GossipMessage, digest: MessageDigest, topic: Topic, except: ReadonlySet<PeerKey>): number {
    return this.#send(this.mesh(topic), message, digest, except)
  }

  /** Sends an own message. Answers to how many peers. */
  publish(message: GossipMessage, digest: MessageDigest, topic: Topic): number {
    const { params } = this.#state.config
    const to = this.mesh(topic)
    if (message.bytes.length <= params.floodPublishBytes) {
      for (const peer of this.#takers(topic)) to.add(peer.key)
    } else if (!this.#state.subscriptions.takes(topic.bitmask)) {
      for (const peer of this.#fanout(topic)) to.add(peer)
    } else {
      // A mesh that is still small.
      for (const peer of this.#state.shuffled(this.#takers(topic))) {
        if (to.size >= params.d) break
        to.add(peer.key)
      }
    }
    return this.#send(to, message, digest, new Set())
  }

  /** Heartbeat: fanouts lose who left or does not deserve it, are filled up, and end when nothing is published. */
  maintain(): void {
    const { config, now } = this.#state
    for (const [key, fanout] of this.#fanouts) {
      if (now - fanout.usedAt > config.params.fanoutMillis) this.#fanouts.delete(key)
      else this.#fill(fanout)
    }
  }

  /** Told that a message is not wanted: every mesh peer that did not send it. */
  tellUnwanted(topic: Topic, tell: (peer: Peer) => void, except: ReadonlySet<PeerKey>): void {
    for (const key of this.mesh(topic)) {
      const peer = this.#state.peers.get(key)
      if (peer && !except.has(key)) tell(peer)
    }
  }

  #send(to: ReadonlySet<PeerKey>, message: GossipMessage, digest: MessageDigest, except: ReadonlySet<PeerKey>): number {
    let sent = 0
    for (const key of to) {
      const peer = this.#state.peers.get(key)
      if (peer && !except.has(key) && this.#state.sendMessage(peer, message, digest)) sent++
    }
    return sent
  }

  *#takers(topic: Topic): Generator<Peer, void> {
    const { publishThreshold } = this.#state.config.scores
    for (const peer of this.#state.peers.values()) {
      if (this.#state.takes(peer, topic) && this.#state.scoreOf(peer.key) >= publishThreshold) yield peer
    }
  }

  #fanout(topic: Topic): ReadonlySet<PeerKey> {
    let fanout = this.#fanouts.get(topic.key)
    if (fanout === undefined) {
      const [oldest] = this.#fanouts.keys()
      if (this.#fanouts.size >= FANOUTS && oldest !== undefined) this.#fanouts.delete(oldest)
      fanout = { topic, peers: new Set(), usedAt: this.#state.now }
      this.#fanouts.set(topic.key, fanout)
    }
    fanout.usedAt = this.#state.now
    this.#fill(fanout)
    return fanout.peers
  }

  #fill({ topic, peers }: Fanout): void {
    const takers = new Map(Array.from(this.#takers(topic), (peer) => [peer.key, peer]))
    for (const key of peers) if (!takers.has(key)) peers.delete(key)
    for (const key of this.#state.shuffled(takers.keys())) {
      if (peers.size >= this.#state.config.params.d) return
      peers.add(key)
    }
  }
}
