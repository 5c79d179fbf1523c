/**
 * The latest record of each peer, the archives among them (spec 51 section 2). Records are accepted once for each time they are made.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { node } from '@petal/core/codec/index.ts'
import { CAPABILITIES, type Ed448Verifier, hasCapability, type PeerInfo } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { streamAddress } from '../rpc/archive-addresses.ts'
import type { ArchiveAddress } from '../rpc/archive-pool.ts'
import { judgePeerInfo, type PeerInfoJudgement } from './judge-peer-info.ts'
import { PUBLISH_MILLIS } from './own-peer-info.ts'

const MOST_PEERS = 4_096
const BOOK_BYTES = 32 << 20
const SILENT_MILLIS = 4 * PUBLISH_MILLIS

export interface PeerBookOptions {
  readonly engine: Ed448Verifier
  /** 34-byte id of this node. */
  readonly self: Uint8Array
  /** Peer ids of the genesis archives on the main network, where nobody else is one; absent on others, where every claim counts. */
  readonly genesisArchives?: readonly Uint8Array[]
}

interface Known {
  readonly info: PeerInfo
  readonly bytes: number
}

export class PeerBook {
  readonly #options: PeerBookOptions
  /** Least recently heard of first. */
  readonly #peers = new Map<string, Known>()
  #bytes = 0

  constructor(options: PeerBookOptions) {
    this.#options = options
  }

  /** A record that this node published. */
  published(info: PeerInfo): void {
    this.#keep(info)
  }

  /** Judges bytes of the topic and keeps what is accepted. A record that is not newer than the one kept is ignored: replays go nowhere. */
  judge(bytes: Uint8Array, nowMillis: number): PeerInfoJudgement {
    const judged = judgePeerInfo(bytes, nowMillis, this.#options.engine)
    if (judged.verdict !== 'accept') return judged
    this.#forgetSilent(nowMillis)
    const { info } = judged
    const held = this.of(info.peer_id)
    if (held !== undefined && held.timestamp >= info.timestamp)
      return { verdict: 'ignore', reason: 'not newer than the record kept' }
    this.#keep(info)
    return judged
  }

  of(peerId: Uint8Array): PeerInfo | undefined {
    return this.#peers.get(bytesToHex(peerId))?.info
  }

  all(): readonly PeerInfo[] {
    return [...this.#peers.values()].map(({ info }) => info)
  }

  /** Stream ports of the peers that are archives, this node left out. */
  archives(): readonly ArchiveAddress[] {
    const { genesisArchives, self } = this.#options
    return this.all()
      .filter((info) => hasCapability(info, CAPABILITIES.archive) && !sameBytes(info.peer_id, self))
      .filter(({ peer_id }) => genesisArchives?.some((id) => sameBytes(id, peer_id)) ?? true)
      .flatMap((info) => streamAddresses(info))
  }

  /** Records are made every half hour: a peer that was silent for four of them is gone. */
  #forgetSilent(nowMillis: number): void {
    const oldest = BigInt(Math.trunc(nowMillis) - SILENT_MILLIS)
    for (const [key, { info }] of this.#peers) {
      if (info.timestamp >= oldest) return
      this.#forget(key)
    }
  }

  #keep(info: PeerInfo): void {
    const key = bytesToHex(info.peer_id)
    this.#forget(key)
    const bytes = node.PeerInfo.encode(info).length
    this.#peers.set(key, { info, bytes })
    this.#bytes += bytes
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= MOST_PEERS && this.#bytes <= BOOK_BYTES) break
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#peers.get(key)?.bytes ?? 0
    this.#peers.delete(key)
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
