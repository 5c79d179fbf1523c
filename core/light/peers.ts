/**
 * Addresses and connections: whom to dial, whom to ask, whom to leave alone and for how long. A peer that is wrong is left for another;
 * one that is only away is tried again soon.
 */
import type { Millis } from '../platform/machine.ts'
import type { LightPeerState, PeerKey } from './events.ts'
import { backOffMillis, FLOOD_ANNOUNCEMENTS, FLOOD_WINDOW_MILLIS, STEP_ROUNDS } from './policy.ts'

const MOST_ADDRESSES = 64

interface Address {
  readonly address: string
  readonly node: string
  failures: number
  misdeeds: number
  notBefore: Millis
  reason: string | null
}

export interface Connection {
  readonly key: PeerKey
  readonly address: string
  id: string
  transport: string
  /** `greeted`: it said hello and is on the same network. */
  stage: 'dialing' | 'greeting' | 'greeted'
  readonly since: Millis
  /** Newest number it delivered a header of (unverified). */
  head: bigint | null
  oldest: bigint
  maxHeaders: number
  lastHeardAt: Millis
  lastAskedAt: Millis
  silences: number
  /** It asked for less; nothing but heads is asked before. */
  restsUntil: Millis
  /** How often it was followed down from frames below quorum, and how far. */
  steps: number
  steppedTo: bigint | null
  announcements: { since: Millis; count: number }
  /** Answers with alerts that are being judged; `ignored`: one was a lie, and it is kept for its frames alone. */
  readonly alerts: { judging: number; ignored: boolean }
}

export class PeerBook {
  readonly #addresses = new Map<string, Address>()
  readonly #connections = new Map<PeerKey, Connection>()
  #nextKey = 1

  constructor(addresses: readonly string[]) {
    for (const address of addresses) this.addAddress(address)
  }

  addAddress(address: string): void {
    if (this.#addresses.size >= MOST_ADDRESSES && !this.#addresses.has(address)) return
    this.#addresses.set(address, {
      address,
      node: nodeOf(address),
      failures: 0,
      misdeeds: 0,
      notBefore: 0,
      reason: null,
    })
  }

  get addressCount(): number {
    return this.#addresses.size
  }

  get(key: PeerKey): Connection | undefined {
    return this.#connections.get(key)
  }

  connections(): readonly Connection[] {
    return [...this.#connections.values()]
  }

  greeted(): readonly Connection[] {
    return this.connections().filter((connection) => connection.stage === 'greeted')
  }

  /** Starts connections to the best free addresses, one for each node, until there are `most`. */
  dial(most: number, now: Millis): readonly Connection[] {
    const busy = this.#busyNodes()
    const free = [...this.#addresses.values()]
      .filter((a) => a.notBefore <= now)
      .sort((a, b) => a.misdeeds - b.misdeeds || a.failures - b.failures)
      .filter((a) => !busy.has(a.node) && busy.add(a.node))
    return free.slice(0, Math.max(0, most - this.#connections.size)).map((address) => {
      const connection: Connection = {
        key: this.#nextKey++,
        address: address.address,
        id: address.address,
        transport: '',
        stage: 'dialing',
        since: now,
        head: null,
        oldest: 0n,
        maxHeaders: 1,
        lastHeardAt: now,
        lastAskedAt: now,
        silences: 0,
        restsUntil: 0,
        steps: 0,
        steppedTo: null,
        announcements: { since: now, count: 0 },
        alerts: { judging: 0, ignored: false },
      }
      this.#connections.set(connection.key, connection)
      return connection
    })
  }

  /** The connection is over. `misdeed`: the peer broke the protocol or lied, so it is left alone for long. */
  lose(key: PeerKey, misdeed: boolean, reason: string, now: Millis): Connection | undefined {
    const connection = this.#connections.get(key)
    if (connection === undefined) return undefined
    this.#connections.delete(key)
    const address = this.#addresses.get(connection.address)
    if (address === undefined) return connection
    // Another way to the same node is as good as this one after a failure, and as bad after a lie.
    const concerned = misdeed ? [...this.#addresses.values()].filter((a) => a.node === address.node) : [address]
    for (const one of concerned) {
      if (misdeed) one.misdeeds++
      else one.failures++
      one.notBefore = now + backOffMillis(one.failures, one.misdeeds)
    }
    address.reason = reason
    return connection
  }

  /** It said hello. */
  greet(connection: Connection): void {
    connection.stage = 'greeted'
    const address = this.#addresses.get(connection.address)
    if (address) address.failures = 0
  }

  /** It delivered a frame that holds: why its addresses failed before is of no interest any more. */
  works(key: PeerKey | null): void {
    const connection = key === null ? undefined : this.#connections.get(key)
    if (connection === undefined) return
    const node = nodeOf(connection.address)
    for (const address of this.#addresses.values()) if (address.node === node) address.reason = null
  }

  /** It delivered something that was verified and new. */
  praise(key: PeerKey | null): void {
    this.works(key)
    const connection = key === null ? undefined : this.#connections.get(key)
    const address = connection && this.#addresses.get(connection.address)
    if (!connection || !address) return
    address.misdeeds = 0
    connection.steps = 0
  }

  /** Counts an announcement; false when there are too many in a short time. */
  allowsAnnouncement(connection: Connection, now: Millis): boolean {
    const { announcements } = connection
    if (now - announcements.since >= FLOOD_WINDOW_MILLIS || now < announcements.since) {
      announcements.since = now
      announcements.count = 0
    }
    return ++announcements.count <= FLOOD_ANNOUNCEMENTS
  }

  /** Counts one more step down from a frame below quorum; false when this peer has led nowhere too often. */
  allowsStep(connection: Connection): boolean {
    return ++connection.steps <= STEP_ROUNDS
  }

  /** Newest number that a connected peer delivered a header of. */
  newestOffered(): bigint | null {
    let newest: bigint | null = null
    for (const { head } of this.#connections.values())
      if (head !== null && (newest === null || head > newest)) newest = head
    return newest
  }

  /** After a sleep: addresses that only failed are tried again at once. */
  forgive(now: Millis): void {
    for (const address of this.#addresses.values()) {
      address.failures = 0
      if (address.misdeeds === 0 || address.notBefore > now + backOffMillis(0, address.misdeeds))
        address.notBefore = now
    }
  }

  /** When the next address may be dialled; Infinity when none waits. */
  nextDialAt(): Millis {
    const busy = this.#busyNodes()
    let next = Number.POSITIVE_INFINITY
    for (const address of this.#addresses.values()) {
      if (!busy.has(address.node)) next = Math.min(next, address.notBefore)
    }
    return next
  }

  #busyNodes(): Set<string> {
    return new Set(this.connections().map((connection) => nodeOf(connection.address)))
  }

  /** Why the last failed address failed. */
  lastReason(): string | null {
    let last: Address | undefined
    for (const address of this.#addresses.values()) {
      if (address.reason !== null && (last === undefined || address.notBefore > last.notBefore)) last = address
    }
    return last?.reason ?? null
  }

  states(): readonly LightPeerState[] {
    const connected = this.connections().map(
      (c): LightPeerState => ({
        peer: c.key,
        id: c.id,
        address: c.address,
        transport: c.transport,
        status: c.stage === 'greeted' ? 'connected' : 'connecting',
        reason: null,
      }),
    )
    const busy = new Set(connected.map((c) => c.address))
    const failed = [...this.#addresses.values()]
      .filter((a) => !busy.has(a.address) && a.reason !== null)
      .map(
        (a): LightPeerState => ({
          peer: null,
          id: a.address,
          address: a.address,
          transport: '',
          status: 'failed',
          reason: a.reason,
        }),
      )
    return [...connected, ...failed]
  }
}

/** Peer id at the end of a multiaddr: one node may be listed with an address for each transport. */
function nodeOf(address: string): string {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? address
}
