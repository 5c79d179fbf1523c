/**
 * Meshes: who gets messages of a topic at once (spec 50 section 6). There is one mesh per announced topic; the meshes of a subscription and of
 * its slices together are its composite mesh, whose peers are counted once.
 */
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'
import type { Subscriptions, Topic } from './subscriptions.ts'

export interface Link {
  readonly since: Millis
  /** The peer asked for it, or sent something that only a mesh peer sends: it did not refuse in silence. */
  confirmed: boolean
  /** Messages that the topic had before. */
  readonly messagesBefore: number
}

const NO_LINKS: ReadonlyMap<PeerKey, Link> = new Map()

export class Meshes {
  readonly #meshes = new Map<BitmaskKey, Map<PeerKey, Link>>()
  /** Messages that each topic had. */
  readonly #messages = new Map<BitmaskKey, number>()

  of(topic: BitmaskKey): ReadonlyMap<PeerKey, Link> {
    return this.#meshes.get(topic) ?? NO_LINKS
  }

  link(peer: PeerKey, topic: BitmaskKey): Link | undefined {
    return this.#meshes.get(topic)?.get(peer)
  }

  join(peer: PeerKey, topic: BitmaskKey, confirmed: boolean, now: Millis): void {
    const mesh = this.#meshes.get(topic) ?? new Map<PeerKey, Link>()
    this.#meshes.set(topic, mesh)
    const messagesBefore = this.#messages.get(topic) ?? 0
    if (!mesh.has(peer)) mesh.set(peer, { since: now, confirmed, messagesBefore })
  }

  leave(peer: PeerKey, topic: BitmaskKey): boolean {
    const mesh = this.#meshes.get(topic)
    const was = mesh?.delete(peer) ?? false
    if (mesh?.size === 0) this.#meshes.delete(topic)
    return was
  }

  /** Topics in which a peer is, with its links. */
  linksOf(peer: PeerKey): (readonly [BitmaskKey, Link])[] {
    return [...this.#meshes].flatMap(([topic, mesh]) => {
      const link = mesh.get(peer)
      return link === undefined ? [] : [[topic, link] as const]
    })
  }

  /** A message of these topics came from a peer, or from nobody who counts. */
  message(topics: Iterable<BitmaskKey>, from: PeerKey | null): void {
    for (const topic of topics) {
      if (!this.#meshes.has(topic)) continue
      const link = from === null ? undefined : this.link(from, topic)
      if (link) link.confirmed = true
      this.#messages.set(topic, (this.#messages.get(topic) ?? 0) + 1)
    }
  }

  /** The topic is not announced any more. */
  drop(topic: BitmaskKey): void {
    this.#meshes.delete(topic)
    this.#messages.delete(topic)
  }

  messagesSince(topic: BitmaskKey, link: Link): number {
    return (this.#messages.get(topic) ?? 0) - link.messagesBefore
  }

  /** Peers of the composite mesh of a subscription, with the topics that link them. */
  composite(subscriptions: Subscriptions, topic: Topic): Map<PeerKey, BitmaskKey[]> {
    const peers = new Map<PeerKey, BitmaskKey[]>()
    for (const key of subscriptions.wireKeys(topic)) {
      for (const peer of this.of(key).keys()) {
        const keys = peers.get(peer)
        if (keys) keys.push(key)
        else peers.set(peer, [key])
      }
    }
    return peers
  }
}
