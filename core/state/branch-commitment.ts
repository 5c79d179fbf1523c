/** Commitments of tree nodes from what sync tells of them (spec 20 section 8.2). */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import type { TreeLeaf } from '../platform/state.ts'

const SLOTS = 64
const SLOT_BYTES = 64
const BRANCH_BYTES = 74

/** A child of a branch: its own commitment, and of a branch also its prefix, which the slot binds. */
export interface ChildNode {
  readonly index: number
  readonly commitment: Uint8Array
  readonly prefix: readonly number[]
}

export const isBranch = (commitment: Uint8Array): boolean => commitment.length === BRANCH_BYTES

/** 64 bytes. */
export const leafCommitment = ({
  key,
  value,
  hashTarget,
}: Pick<TreeLeaf, 'key' | 'value' | 'hashTarget'>): Uint8Array =>
  sha512(concatBytes(Uint8Array.of(0), key, hashTarget.length > 0 ? hashTarget : value))

/** What stands for a child in its parent's vector. */
export function slotOf({ commitment, prefix }: Omit<ChildNode, 'index'>): Uint8Array {
  if (!isBranch(commitment)) return commitment
  const elements = prefix.map((element) => Uint8Array.of(0, 0, 0, element))
  return sha512(concatBytes(Uint8Array.of(1), ...elements, commitment))
}

/** The vector of a branch: 4,096 bytes. Indices are 0 to 63, commitments 64 or 74 bytes. */
export function slotsOf(children: readonly ChildNode[]): Uint8Array {
  const slots = new Uint8Array(SLOTS * SLOT_BYTES)
  for (const child of children) slots.set(slotOf(child).subarray(0, SLOT_BYTES), child.index * SLOT_BYTES)
  return slots
}
