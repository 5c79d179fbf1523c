/** What the router knows of one connected peer. */
import { base58Decode } from '../identity/base58.ts'
import { sameBytes } from '../platform/bytes.ts'
import type { Millis } from '../platform/machine.ts'
import type { BitmaskKey } from './bitmask.ts'
import type { GossipEvent, PeerKey } from './events.ts'
import type { IdForm, MessageDigest, MessageFields } from './message.ts'
import type { GossipLimits } from './params.ts'

export class Peer {
  readonly key: PeerKey
  /** Bytes of its name, when that is a peer id. */
  readonly #id: Uint8Array | null
  readonly #hasTwins: boolean
  readonly outbound: boolean
  readonly address: string | null
  /** Always gets everything and is in no mesh. */
  readonly direct: boolean
  /** The stream on which it writes; null = none, or it was closed. */
  stream: number | null = null
  /** Topics that it was told of. */
  told: ReadonlyMap<BitmaskKey, Uint8Array> = new Map()
  /** Topics it announced. */
  readonly topics = new Set<BitmaskKey>()
  /** Form of the ids it sent last (spec 50 section 9 row 1). */
  idForm: IdForm = 'long'
  /** It answered IWANT without a signature (P2P-H2): asking it again is of no use. */
  answersUnsigned = false
  /** Bytes given to the driver that have not left. */
  queuedBytes = 0
  /** Messages of it that are being judged. */
  pending = 0
  // Since the last heartbeat.
  frames = 0
  ihaveMessages = 0
  ihaveIds = 0
  iwantIds = 0
  unwantedIds = 0
  blamed = false
  /** Ids that it announced not to want, until a heartbeat. */
  readonly unwanted = new Map<MessageDigest, number>()
  #badTokens: number
  #badAt: Millis

  constructor(
    { peer, outbound, address, hasTwins = false }: Extract<GossipEvent, { kind: 'connected' }>,
    direct: boolean,
    badTokens: number,
    now: Millis,
  ) {
    this.key = peer
    this.#id = base58Decode(peer)
    this.outbound = outbound
    this.address = address
    this.direct = direct
    this.#hasTwins = hasTwins
    this.#badTokens = badTokens
    this.#badAt = now
  }

  /**
   * Whether it wrote a message itself: older nodes count it as a bad one when somebody sends it to them (spec 50 section 5). A tab may not know
   * what its twin wrote.
   */
  wrote({ from }: MessageFields): boolean {
    const isTab = this.#hasTwins && this.idForm === 'long'
    return !isTab && this.#id !== null && sameBytes(this.#id, from)
  }

  /** Whether its messages are still looked at. */
  trusted(limits: GossipLimits, now: Millis): boolean {
    const elapsed = Math.max(now - this.#badAt, 0)
    this.#badAt = now
    this.#badTokens = Math.min(limits.badBurst, this.#badTokens + (elapsed / 1000) * limits.badPerSecond)
    return this.#badTokens >= 1
  }

  /** Counts begin anew, ids that were not wanted long enough are forgotten. */
  heartbeat(tick: number): void {
    this.frames = 0
    this.ihaveMessages = 0
    this.ihaveIds = 0
    this.iwantIds = 0
    this.unwantedIds = 0
    this.blamed = false
    for (const [digest, until] of this.unwanted) {
      if (until > tick) return
      this.unwanted.delete(digest)
    }
  }

  /** It sent a bad message. */
  charge(): void {
    this.#badTokens -= 1
  }
}
