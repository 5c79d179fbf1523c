/** Addresses of atoms and shards (spec 21 section 1, spec 41 section 1). */
import { shake256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { type Location, StateError } from '../platform/state.ts'

export const ADDRESS_BYTES = 32
export const SHARD_KEY_BYTES = 35

/** Domain of the global intrinsic: prover registry and rewards. */
export const GLOBAL_DOMAIN: Uint8Array = new Uint8Array(ADDRESS_BYTES).fill(0xff)
/** Data address of the metadata vertex of an application. */
export const METADATA_ADDRESS: Uint8Array = new Uint8Array(ADDRESS_BYTES).fill(0xff)
/** Domain of the QUIL token: P("q_mainnet_token"). */
export const QUIL_TOKEN: Uint8Array = hexToBytes('11558584af7017a9bfd1ff1864302d643fbe58c62dcf90cbcd8fde74a26794d9')

/** 64 bytes: application address || data address. Throws `StateError` `arguments` when either is not 32 bytes. */
export function atomId(domain: Uint8Array, address: Uint8Array): Uint8Array {
  if (domain.length !== ADDRESS_BYTES || address.length !== ADDRESS_BYTES)
    throw new StateError('arguments', `addresses of ${domain.length} and ${address.length} bytes, 32 are needed`)
  return concatBytes(domain, address)
}

/** One text per location: what maps are keyed by. */
export const locationKey = ({ set, domain, address }: Location): string =>
  `${set}:${bytesToHex(atomId(domain, address))}`

/** Largest first byte of an address that is folded into the global commitments; above it L1 is zero. */
const LARGEST_FOLDED = 0x3f

/** L1 of an address: three bytes, ascending and distinct, or zeros for the registry and addresses out of the field. */
export function shardL1(domain: Uint8Array): Uint8Array {
  if (domain.length !== ADDRESS_BYTES) throw new StateError('arguments', `a shard address of ${domain.length} bytes`)
  if ((domain[0] ?? 0) > LARGEST_FOLDED || domain.every((byte) => byte === 0)) return new Uint8Array(3)
  const stream = shake256.create().update(domain)
  const taken = new Set<number>()
  while (taken.size < 3) taken.add(stream.xof(1)[0] ?? 0)
  return Uint8Array.from([...taken].sort((a, b) => a - b))
}

/** 35 bytes: L1 || L2. */
export const shardKey = (domain: Uint8Array): Uint8Array => concatBytes(shardL1(domain), domain)

/** 35 bytes whose L1 belongs to its L2: what every client of this specification sends. */
export const isShardKey = (key: Uint8Array): boolean =>
  key.length === SHARD_KEY_BYTES && sameBytes(key, shardKey(key.subarray(SHARD_KEY_BYTES - ADDRESS_BYTES)))

/** Elements of 6 bits, most significant first; the last is padded with zero bits (spec 20 section 7). */
export function pathOf(key: Uint8Array): number[] {
  const path: number[] = []
  let bits = 0
  let held = 0
  for (const byte of key) {
    bits = ((bits << 8) | byte) & 0xffff
    held += 8
    for (; held >= 6; held -= 6) path.push((bits >> (held - 6)) & 0x3f)
  }
  if (held > 0) path.push((bits << (6 - held)) & 0x3f)
  return path
}
