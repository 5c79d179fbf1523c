/** What all parts of the router share, and the few decisions that several of them make. */
import type { Millis } from '../platform/machine.ts'
import { Backoffs } from './backoffs.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { GossipEffect, JobKey, PeerKey } from './events.ts'
import { MessageCache, SeenMessages, WantedMessages } from './memory.ts'
import { Meshes } from './mesh.ts'
import { type GossipMessage, type MessageDigest, writeId } from './message.ts'
import { Outbox } from './outbox.ts'
import type { GossipConfig } from './params.ts'
import type { Peer } from './peer.ts'
import { prefixOf } from './prefix.ts'
import { Scores } from './score.ts'
import { Subscriptions, type Topic, takes } from './subscriptions.ts'

export class GossipState {
  readonly config: GossipConfig
  readonly peers = new Map<PeerKey, Peer>()
  readonly subscriptions: Subscriptions
  readonly meshes = new Meshes()
  readonly backoffs: Backoffs
  /** Windows after a GRAFT that may have been refused in silence: the peer does not know of them, so they bind only us. */
  readonly pauses: Backoffs
  readonly scores: Scores
  readonly seen: SeenMessages
  readonly cache: MessageCache
  readonly wants: WantedMessages
  readonly outbox = new Outbox()
  /** Time of the event that is being handled. */
  now: Millis = 0
  /** Heartbeats so far. */
  tick = 0
  /** Bytes that wait for all peers. */
  queuedBytes = 0
  effects: GossipEffect[] = []
  /** Who came into which mesh in this event. */
  joined: { readonly peer: Peer; readonly key: BitmaskKey }[] = []
  #job = 0

  constructor(config: GossipConfig) {
    this.config = config
    const { params, scores, limits, direct } = config
    this.subscriptions = new Subscriptions(limits.announced)
    this.backoffs = new Backoffs(limits.backoffs)
    this.pauses = new Backoffs(limits.backoffs)
    this.scores = new Scores(scores, limits, direct)
    this.seen = new SeenMessages(limits)
    this.cache = new MessageCache(params, limits)
    this.wants = new WantedMessages(params)
  }

  newJob(): JobKey {
    return ++this.#job
  }

  scoreOf(peer: PeerKey): number {
    return this.scores.of(peer, this.now)
  }

  /** A random order of the list. */
  shuffled<T>(list: Iterable<T>): T[] {
    const items = [...list]
    for (let i = items.length - 1; i > 0; i--) {
      const j = Math.floor(this.config.random() * (i + 1))
      const [a, b] = [items[i] as T, items[j] as T]
      items[i] = b
      items[j] = a
    }
    return items
  }

  /** Room for `bytes` more of messages or ids; control messages have twice the room. A short queue takes one message of any size. */
  hasRoom(peer: Peer, bytes: number, factor = 1): boolean {
    const { queueBytes, allQueuesBytes } = this.config.limits
    const queued = peer.queuedBytes + this.outbox.bytesFor(peer.key)
    const all = this.queuedBytes + this.outbox.messageBytes
    if (all + bytes > factor * allQueuesBytes) return false
    return queued + bytes <= factor * queueBytes || queued < queueBytes / 4
  }

  /** Sends a message unless there is no room, the peer does not want it, or it is its own. */
  sendMessage(peer: Peer, message: GossipMessage, digest: MessageDigest): boolean {
    const { bytes } = message
    if (peer.unwanted.has(digest) || peer.wrote(message) || !this.hasRoom(peer, bytes.length)) return false
    this.outbox.message(peer.key, bytes)
    return true
  }

  askFor(peer: Peer, digest: MessageDigest): void {
    if (this.hasRoom(peer, 64)) this.outbox.iwant(peer.key, writeId(digest, peer.idForm))
  }

  /** Topics by which a peer is linked for a subscription: the string itself if it announced that, else the slices it announced. */
  formOf(peer: Peer, topic: Topic): BitmaskKey[] {
    if (peer.topics.has(topic.key)) return [topic.key]
    const { announced } = this.subscriptions
    return topic.slices.filter((slice) => peer.topics.has(slice) && announced.has(slice))
  }

  takes(peer: Peer, topic: Topic): boolean {
    return takes(peer.topics, topic)
  }

  /** Asks a peer into the meshes of a subscription, in the form that it announced. */
  graft(peer: Peer, topic: Topic): void {
    for (const key of this.formOf(peer, topic)) {
      const bitmask = this.subscriptions.announced.get(key)
      if (bitmask === undefined || this.meshes.link(peer.key, key)) continue
      this.#join(peer, key, false)
      this.outbox.graft(peer.key, key, bitmask)
    }
  }

  /** The peer asked to be in the mesh. */
  admit(peer: Peer, key: BitmaskKey): void {
    this.#join(peer, key, true)
  }

  #join(peer: Peer, key: BitmaskKey, confirmed: boolean): void {
    this.meshes.join(peer.key, key, confirmed, this.now)
    this.scores.joinedMesh(peer.key, key, this.now)
    this.joined.push({ peer, key })
  }

  /** Takes a peer out of a mesh without a word. */
  leave(peer: PeerKey, key: BitmaskKey): void {
    if (this.meshes.leave(peer, key)) this.scores.leftMesh(peer, key)
  }

  /** Takes a peer out of a mesh that never showed that it agreed; it is not asked again so soon (spec 50 section 9 row 6). */
  leaveInDoubt(peer: PeerKey, key: BitmaskKey, since: Millis): void {
    this.leave(peer, key)
    this.pauses.add(peer, key, since + this.config.params.pruneBackoffMillis)
  }

  /** Takes a peer out of a mesh, or refuses to have it in, and tells it for how long. */
  prune(peer: Peer, key: BitmaskKey, bitmask: Uint8Array, backoffMillis: Millis): void {
    this.leave(peer.key, key)
    this.backoffs.add(peer.key, key, this.now + backoffMillis)
    if (this.hasRoom(peer, 64, 2)) this.outbox.prune(peer.key, key, bitmask, Math.ceil(backoffMillis / 1000))
  }

  /** Whether a GRAFT may be sent now. A little later than the window ends, since the peer's began later than ours (P2P-H5). */
  mayGraft(peer: Peer, topic: Topic, form: readonly BitmaskKey[]): boolean {
    const slack = 3 * this.config.params.heartbeatMillis
    return [topic.key, ...form].every((key) => {
      const until = this.backoffs.until(peer.key, key)
      return (until === 0 || until + slack < this.now) && this.pauses.until(peer.key, key) < this.now
    })
  }

  /** Whether as many peers of the neighbourhood of an address as may be are in the mesh already. */
  crowded(peer: Peer, members: Iterable<PeerKey>): boolean {
    const most = this.config.params.meshPeersPerPrefix
    const prefix = most === 0 || peer.address === null ? null : prefixOf(peer.address)
    if (prefix === null) return false
    let neighbours = 0
    for (const member of members) {
      const address = this.peers.get(member)?.address ?? null
      if (member !== peer.key && address !== null && prefixOf(address) === prefix) neighbours++
    }
    return neighbours >= most
  }
}
