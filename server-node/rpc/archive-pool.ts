/** Which archive is asked next: they take turns, one that failed is left alone for 60 s (spec 51 section 6; RPC-11). No I/O, no clock. */
import { bytesToHex } from '@noble/hashes/utils.js'

/** An archive's stream port. `peerId` null: pinned to whoever answers first, among those that are trusted. */
export interface ArchiveAddress {
  readonly host: string
  readonly port: number
  readonly peerId: Uint8Array | null
}

export const BAN_MILLIS = 60_000
/** Archives kept; the network's own list has six. */
export const MOST_ARCHIVES = 64

export const archiveName = ({ host, port }: ArchiveAddress): string => `${host} ${port}`

interface Entry {
  readonly address: ArchiveAddress
  bannedUntil: number
  /** Who answered there first, hex. */
  pin: string | null
}

export class ArchivePool {
  /** The next one to ask first. */
  #entries: Entry[] = []

  constructor(addresses: readonly ArchiveAddress[]) {
    for (const address of addresses) this.add(address)
  }

  get size(): number {
    return this.#entries.length
  }

  /** Adds an archive, or its peer id where only its address was known. An id that contradicts the known one changes nothing. */
  add(address: ArchiveAddress): void {
    const known = this.#find(address)
    const pin = address.peerId === null ? null : bytesToHex(address.peerId)
    if (known !== undefined) known.pin ??= pin
    else if (this.#entries.length < MOST_ARCHIVES)
      this.#entries.push({ address, bannedUntil: Number.NEGATIVE_INFINITY, pin })
  }

  /** Up to `count` that may be asked now, in their turn; the first of them goes to the end of the line. */
  take(count: number, now: number): readonly ArchiveAddress[] {
    const free = this.#entries.filter(({ bannedUntil }) => bannedUntil <= now).slice(0, count)
    return free.map(({ address }) => address)
  }

  /** It failed: the next one takes over, and this one is left alone for a while. */
  failed(address: ArchiveAddress, now: number): void {
    const entry = this.#find(address)
    if (entry === undefined) return
    entry.bannedUntil = now + BAN_MILLIS
    this.#entries = [...this.#entries.filter((one) => one !== entry), entry]
  }

  /** Whether the peer that answers at an address is the one that answered there before; the first one is remembered. */
  pins(address: ArchiveAddress, peerId: Uint8Array): boolean {
    const entry = this.#find(address)
    if (entry === undefined) return false
    entry.pin ??= bytesToHex(peerId)
    return entry.pin === bytesToHex(peerId)
  }

  #find(address: ArchiveAddress): Entry | undefined {
    return this.#entries.find((one) => archiveName(one.address) === archiveName(address))
  }
}
