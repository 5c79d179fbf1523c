/** Where records of a key stand inside the global domain (spec 32 section 1). */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Location } from '../platform/state.ts'
import { GLOBAL_DOMAIN, QUIL_TOKEN } from '../state/location.ts'
import type { HashBytes } from '../state/schema-values.ts'

/** Derives 32-byte addresses with the Poseidon hash that is handed in. */
export class RegistryAddresses {
  readonly #hash: HashBytes

  constructor(hash: HashBytes) {
    this.#hash = hash
  }

  /** P(public key). */
  prover(publicKey: Uint8Array): Uint8Array {
    return this.#hash(publicKey)
  }

  /** `filter` empty: the global allocation. */
  allocation(publicKey: Uint8Array, filter: Uint8Array): Uint8Array {
    return this.#tagged('PROVER_ALLOCATION', publicKey, filter)
  }

  reward(proverAddress: Uint8Array): Uint8Array {
    return this.#hash(concatBytes(QUIL_TOKEN, proverAddress))
  }

  /** Marker of a key that was merged by a join. */
  joinMerge(mergedKey: Uint8Array): Uint8Array {
    return this.#tagged('PROVER_JOIN_MERGE', mergedKey)
  }

  /** Marker of a key that was merged for seniority. */
  seniorityMerge(mergedKey: Uint8Array): Uint8Array {
    return this.#tagged('PROVER_SENIORITY_MERGE', mergedKey)
  }

  #tagged(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
    return this.#hash(concatBytes(utf8ToBytes(tag), ...parts))
  }
}

/** Location of a record. */
export const recordLocation = (address: Uint8Array): Location => ({ domain: GLOBAL_DOMAIN, address, set: 'vertex' })

/** Location of the hyperedge that lists the allocations of a prover. */
export const proverHyperedgeLocation = (proverAddress: Uint8Array): Location => ({
  domain: GLOBAL_DOMAIN,
  address: proverAddress,
  set: 'hyperedge',
})
