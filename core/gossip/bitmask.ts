/**
 * Bitmasks: the topics of BlossomSub are byte strings, those of shards bloom filters of 256 bits with 3 set (spec 50 section 4).
 */
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** A bitmask in lower-case hex, for maps. */
export type BitmaskKey = string

export const bitmaskKey = (bitmask: Uint8Array): BitmaskKey => bytesToHex(bitmask)

/** Positions of the set bits: byte index ascending, inside a byte the most significant bit first. */
export function* setBits(bitmask: Uint8Array): Generator<number, void> {
  for (const [index, byte] of bitmask.entries()) {
    if (byte === 0) continue
    for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >> bit)) !== 0) yield index * 8 + bit
  }
}

/** The bitmask of `length` bytes with only the bit at `position` (in the order of `setBits`) set. */
export function oneBit(length: number, position: number): Uint8Array {
  const slice = new Uint8Array(length)
  slice[position >> 3] = 0x80 >> (position & 7)
  return slice
}

/** One slice per set bit, in the order of `setBits`; a bitmask without any set bit is its own only slice. */
export function slicesOf(bitmask: Uint8Array): Uint8Array[] {
  const slices = Array.from(setBits(bitmask), (position) => oneBit(bitmask.length, position))
  return slices.length === 0 ? [bitmask.slice()] : slices
}

/** Whether every slice of `inner` is a slice of `outer`. */
export function contains(outer: Uint8Array, inner: Uint8Array): boolean {
  if (outer.length !== inner.length) return false
  let any = 0
  for (const [index, byte] of inner.entries()) {
    if ((byte & ~(outer[index] ?? 0)) !== 0) return false
    any |= byte
  }
  // Without a set bit the only slice is the bitmask itself.
  return any !== 0 || outer.every((byte) => byte === 0)
}

const FILTER_BYTES = 32
/** Bits of a filter, and the most positions that are read for them. */
const FILTER_BITS = 3
const MOST_POSITIONS = 8

/** Bloom filter of a shard address: 32 bytes. The address is hashed whole, whatever its length. */
export function shardFilter(address: Uint8Array): Uint8Array {
  const digest = sha3_256(address)
  const filter = new Uint8Array(FILTER_BYTES)
  let positions = FILTER_BITS
  for (let i = 0; i < positions; i++) {
    const position = reverseBits(digest[FILTER_BYTES - 1 - i] ?? 0)
    const index = FILTER_BYTES - 1 - (position >> 3)
    const mask = 1 << (position & 7)
    const byte = filter[index] ?? 0
    if ((byte & mask) !== 0) positions = Math.min(positions + 1, MOST_POSITIONS)
    filter[index] = byte | mask
  }
  return filter
}

function reverseBits(byte: number): number {
  let reversed = 0
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit)
  return reversed
}

/** Index form ("L1") of an address: 3 bytes, ascending; three zeros for an address that has none. */
export function filterIndices(address: Uint8Array): Uint8Array {
  const first = address[0]
  if (first === undefined || first > 0x3f || address.every((byte) => byte === 0)) return new Uint8Array(3)
  const stream = shake256.create({}).update(address)
  const distinct = new Set<number>()
  while (distinct.size < 3) distinct.add(stream.xof(1)[0] ?? 0)
  return Uint8Array.from(distinct).sort()
}
