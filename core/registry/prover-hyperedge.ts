/** The hyperedge of a prover: one member per allocation (spec 32 section 2, spec 21 section 4.3). */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { StateError, type TreeLeaf } from '../platform/state.ts'
import { atomId, GLOBAL_DOMAIN, pathOf } from '../state/location.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'
import { type RegistryRecord, recordLeaves } from './record.ts'

/** Bytes of a member: 00 || domain || address || commitment 64 || size 32. */
const MEMBER_BYTES = 161
const SLOTS = 64
const SLOT_BYTES = 64

export interface Member {
  readonly allocationAddress: Uint8Array
  readonly allocation: RegistryRecord
}

/** Who wrote the hyperedge: its members name the allocation's commitment and size differently. */
export type WrittenBy = 'genesis' | 'join'

/** Leaves of the extrinsic tree; its uncommitted serialisation is the value stored. */
export const proverHyperedgeLeaves = (members: readonly Member[], by: WrittenBy): TreeLeaf[] =>
  members.map(({ allocationAddress, allocation }) => {
    const key = atomId(GLOBAL_DOMAIN, allocationAddress)
    const leaves = recordLeaves(allocation)
    const commitment = by === 'genesis' ? new Uint8Array(SLOT_BYTES) : hashedRoot(leaves)
    const size = by === 'genesis' ? leaves.reduce((sum, leaf) => sum + leaf.size, 0n) : 0n
    const value = concatBytes(Uint8Array.of(0), key, commitment, sizeBytes(size))
    return { key, value, hashTarget: new Uint8Array(0), size: BigInt(MEMBER_BYTES) }
  })

/**
 * Root of a record where SHA-512 of a branch's slots stands for their KZG commitment. A record is one branch: its keys differ in their first
 * path element (orders below 63, and the type key).
 */
function hashedRoot(leaves: readonly TreeLeaf[]): Uint8Array {
  const slots = new Uint8Array(SLOTS * SLOT_BYTES)
  for (const { key, value } of leaves)
    slots.set(sha512(concatBytes(Uint8Array.of(0), key, value)), (pathOf(key)[0] ?? 0) * SLOT_BYTES)
  return sha512(slots)
}

function sizeBytes(size: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setBigUint64(24, size)
  return bytes
}

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte)

/**
 * Addresses of the allocations of a prover, from the value stored under its hyperedge: a bare tree, or the full form of a hyperedge, which
 * is recognised by its own id. Only the keys count. Throws `StateError` `corrupt`.
 */
export function readProverHyperedge(proverAddress: Uint8Array, value: Uint8Array): Uint8Array[] {
  const head = concatBytes(Uint8Array.of(1), atomId(GLOBAL_DOMAIN, proverAddress))
  const tree = startsWith(value, head) ? value.subarray(head.length) : value
  return readTreeLeaves(tree).map(({ key }) => {
    if (key.length !== 64 || !startsWith(key, GLOBAL_DOMAIN))
      throw new StateError('corrupt', 'a member of a prover hyperedge is not in the global domain')
    return key.slice(32)
  })
}
