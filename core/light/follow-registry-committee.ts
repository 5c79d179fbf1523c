/** The global committee of a registry, and how much of it signed (spec 11 section 8.4 steps 3 and 5, spec 32 section 3). */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import type { Crypto } from '../platform/crypto.ts'
import type { ServedLeaf } from '../platform/state.ts'
import { Registry, RegistryAddresses } from '../registry/index.ts'
import type { FollowCommittee } from './follow-registry-types.ts'
import { knownHashes } from './known-hashes.ts'
import { recordOf } from './registry-reads.ts'

const GLOBAL_FILTER = new Uint8Array(0)
const NO_HASH = new Uint8Array(32)

/** Reads committees. Keeps the addresses of keys, since most provers stay from one registry to the next. */
export class CommitteeReader {
  readonly #crypto: Pick<Crypto, 'hashBytes'>
  /** Address by public key in hex: those of the registry read last. */
  #addresses: ReadonlyMap<string, Uint8Array> = new Map()

  constructor(crypto: Pick<Crypto, 'hashBytes'>) {
    this.#crypto = crypto
  }

  /** `leaves`: all of the registry. Rejects with `CryptoError`. */
  async read(leaves: readonly ServedLeaf[], signal: AbortSignal): Promise<FollowCommittee> {
    const records = leaves.map(recordOf)
    const keys = new Map<string, Uint8Array>()
    // a first reading, in which no address is right, tells which keys there are
    const collect = (key: Uint8Array) => {
      keys.set(bytesToHex(key), key)
      return NO_HASH
    }
    Registry.read(records, new RegistryAddresses(collect))
    const unknown = [...keys].flatMap(([name, key]) => (this.#addresses.has(name) ? [] : [key]))
    const hash = await knownHashes(this.#crypto, unknown, signal)
    const addresses = new Map([...keys].map(([name, key]) => [name, this.#addresses.get(name) ?? hash(key)]))
    this.#addresses = addresses
    const known = (message: Uint8Array) => addresses.get(bytesToHex(message)) ?? NO_HASH
    const members = Registry.read(records, new RegistryAddresses(known))
      .activeProvers(GLOBAL_FILTER)
      // Its own bytes: a committee stays when the leaves that it was read from go.
      .map(({ address, publicKey, seniority }) => ({ address, publicKey: publicKey.slice(), weight: seniority }))
    return { members, totalWeight: members.reduce((sum, { weight }) => sum + weight, 0n) }
  }
}

/** The same members with the same weights. */
export function sameCommittee(a: FollowCommittee, b: FollowCommittee): boolean {
  return (
    a.members.length === b.members.length &&
    a.members.every(({ publicKey, weight }, index) => {
      const other = b.members[index]
      return other !== undefined && other.weight === weight && sameBytes(other.publicKey, publicKey)
    })
  )
}

/**
 * Weight that the signers have in the trusted committee. `signers`: indices in the committee of the header. A key counts once, an index beyond
 * the committee for nothing.
 */
export function overlapWeight(trusted: FollowCommittee, own: FollowCommittee, signers: readonly number[]): bigint {
  const keys = new Set(signers.flatMap((index) => own.members[index]?.publicKey ?? []).map(bytesToHex))
  return trusted.members.reduce(
    (sum, { publicKey, weight }) => (keys.has(bytesToHex(publicKey)) ? sum + weight : sum),
    0n,
  )
}

/** More than two thirds, without rounding. */
export const isMoreThanTwoThirds = (weight: bigint, of: bigint): boolean => 3n * weight > 2n * of

/** Less than a third, without rounding. */
export const isLessThanThird = (weight: bigint, of: bigint): boolean => 3n * weight < of
