/**
 * The latest record of each peer, the archives among them (spec 51 section 2). Records are accepted once for each time they are made. An
 * identity costs nothing, so a full book keeps whom this node deals with and whom it has known for longest, and no source of records fills it
 * alone (`record-shelf.ts`).
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { node } from '@petal/core/codec/index.ts'
import { CAPABILITIES, type Ed448Verifier, hasCapability, type PeerInfo } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { streamAddress } from '../rpc/archive-addresses.ts'
import type { ArchiveAddress } from '../rpc/archive-pool.ts'
import { judgePeerInfo, type PeerInfoJudgement } from './judge-peer-info.ts'
import { PUBLISH_MILLIS } from './own-peer-info.ts'
import { RecordShelf } from './record-shelf.ts'

export const PEER_BOOK_LIMITS = {
  records: 4_096,
  bytes: 32 << 20,
  /** Part of both that one source may have. */
  sourceShare: 1 / 4,
} as const

/** Records are made every half hour: a peer that was silent for four of them is gone. */
const SILENT_MILLIS = 4 * PUBLISH_MILLIS
/** Where what this node says of itself comes from. */
const OWN = 'own'

export interface PeerBookOptions {
  readonly engine: Ed448Verifier
  /** 34-byte id of this node. */
  readonly self: Uint8Array
  /** Peer ids of the genesis archives on the main network, where nobody else is one; absent on others, where every claim counts. */
  readonly genesisArchives?: readonly Uint8Array[]
  /** Whether this node deals with a peer: it is connected, or the operator named it. Asked when the book is full. */
  readonly dealsWith?: (peerId: Uint8Array) => boolean
}

export class PeerBook {
  readonly #options: PeerBookOptions
  /** Least recently heard of first. */
  readonly #peers = new Map<string, PeerInfo>()
  readonly #shelf: RecordShelf

  constructor(options: PeerBookOptions) {
    this.#options = options
    this.#shelf = new RecordShelf({
      ...PEER_BOOK_LIMITS,
      isKept: (key) => {
        const info = this.#peers.get(key)
        return info !== undefined && this.#isKept(info.peer_id)
      },
      onForget: (key) => this.#peers.delete(key),
    })
  }

  /** A record that this node published. */
  published(info: PeerInfo): void {
    this.#keep(info, OWN)
  }

  /**
   * Judges bytes of the topic and keeps what is accepted, if there is room for it. A record that is not newer than the one kept is ignored:
   * replays go nowhere. `source`: where it came from (`neighbours.ts`).
   */
  judge(bytes: Uint8Array, nowMillis: number, source: string): PeerInfoJudgement {
    const judged = judgePeerInfo(bytes, nowMillis, this.#options.engine)
    if (judged.verdict !== 'accept') return judged
    this.#forgetSilent(nowMillis)
    const { info } = judged
    const held = this.of(info.peer_id)
    if (held !== undefined && held.timestamp >= info.timestamp)
      return { verdict: 'ignore', reason: 'not newer than the record kept' }
    this.#keep(info, source)
    return judged
  }

  of(peerId: Uint8Array): PeerInfo | undefined {
    return this.#peers.get(bytesToHex(peerId))
  }

  all(): readonly PeerInfo[] {
    return [...this.#peers.values()]
  }

  /** Stream ports of the peers that are archives, this node left out. */
  archives(): readonly ArchiveAddress[] {
    const { genesisArchives, self } = this.#options
    return this.all()
      .filter((info) => hasCapability(info, CAPABILITIES.archive) && !sameBytes(info.peer_id, self))
      .filter(({ peer_id }) => genesisArchives?.some((id) => sameBytes(id, peer_id)) ?? true)
      .flatMap((info) => streamAddresses(info))
  }

  #isKept(peerId: Uint8Array): boolean {
    const { self, genesisArchives, dealsWith } = this.#options
    const named = sameBytes(peerId, self) || genesisArchives?.some((id) => sameBytes(id, peerId)) === true
    return named || dealsWith?.(peerId) === true
  }

  #forgetSilent(nowMillis: number): void {
    const oldest = BigInt(Math.trunc(nowMillis) - SILENT_MILLIS)
    for (const [key, { timestamp }] of this.#peers) {
      if (timestamp >= oldest) return
      this.#shelf.forget(key)
    }
  }

  #keep(info: PeerInfo, source: string): void {
    const key = bytesToHex(info.peer_id)
    // Set before room is made, so that the shelf can ask whose it is; a record without room is forgotten at once.
    this.#peers.delete(key)
    this.#peers.set(key, info)
    this.#shelf.put(key, node.PeerInfo.encode(info).length, source)
  }
}

/** Addresses of a peer's stream port, from its master record: IP or name, and TCP. */
export function streamAddresses({ peer_id, reachability }: PeerInfo): readonly ArchiveAddress[] {
  const master = reachability.find(({ filter }) => filter.length === 32 && filter.every((byte) => byte === 0xff))
  return (master?.stream_multiaddrs ?? []).flatMap((text) => {
    const address = streamAddress(text)
    const contradicts = address !== null && address.peerId !== null && !sameBytes(address.peerId, peer_id)
    return address === null || contradicts ? [] : [{ ...address, peerId: peer_id }]
  })
}
