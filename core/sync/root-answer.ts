/** The first answer of a peer: does it hold the tree that is wanted (spec 22 section 5 step 2, SYN-10)? */
import { compareBytes } from '../state/bytes.ts'
import type { BranchAnswer } from './messages.ts'

/** Number of leaves the peer says it has, or why its tree is not the one with root `root`. */
export function judgeRoot(
  { commitment, children, leafCount }: BranchAnswer,
  root: Uint8Array,
): { readonly leaves: bigint } | { readonly reason: string } {
  const wantsEmpty = root.length === 64 && root.every((byte) => byte === 0)
  // both components answer an empty tree without commitment, one as a leaf and one as a branch
  const isEmpty = leafCount === 0n && children.length === 0 && commitment.every((byte) => byte === 0)
  if (wantsEmpty) return isEmpty ? { leaves: 0n } : { reason: 'leaves where the tree is empty' }
  if (isEmpty) return { reason: 'an empty tree' }
  if (compareBytes(commitment, root) !== 0) return { reason: 'another root' }
  return leafCount > 0n ? { leaves: leafCount } : { reason: 'a root without leaves' }
}
