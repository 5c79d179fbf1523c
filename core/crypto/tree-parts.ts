/**
 * Rebuilding a tree on several workers: the leaves below each child of the root make a tree of their own, and the root's vector holds what stands
 * for the children (docs/protocol/20-commitments-and-tries.md section 8.2).
 */
import type { RootLeaf } from '../platform/crypto.ts'
import { leafCommitment, slotsOf } from '../state/branch-commitment.ts'
import { pathOf } from '../state/location.ts'

/** Fewer leaves are not worth the way to several workers. */
const LEAST_LEAVES = 128

export interface TreePart {
  /** Index of the child, 0 to 63. */
  readonly index: number
  /** Path elements between the root and the child's own branching; of a single leaf none matter. */
  readonly prefix: readonly number[]
  readonly leaves: readonly RootLeaf[]
}

interface Placed {
  readonly leaf: RootLeaf
  readonly path: readonly number[]
}

/** The parts below the root; null when there is nothing to part, or when a key ends where others go on: one engine judges such leaves whole. */
export function partLeaves(leaves: readonly RootLeaf[]): readonly TreePart[] | null {
  if (leaves.length < LEAST_LEAVES) return null
  const placed = leaves.map((leaf) => ({ leaf, path: pathOf(leaf.key) }))
  const depth = commonLength(placed)
  const byChild = new Map<number, Placed[]>()
  for (const one of placed) {
    const index = one.path[depth]
    if (index === undefined) return null
    const below = byChild.get(index)
    if (below === undefined) byChild.set(index, [one])
    else below.push(one)
  }
  return [...byChild].map(([index, below]) => {
    const [first] = below
    const prefix = first === undefined ? [] : first.path.slice(depth + 1, commonLength(below))
    return { index, prefix, leaves: below.map(({ leaf }) => leaf) }
  })
}

/** The vector of the root, given what `rebuild` made of each part. */
export async function joinParts(
  parts: readonly TreePart[],
  rebuild: (leaves: readonly RootLeaf[]) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const children = await Promise.all(
    parts.map(async ({ index, prefix, leaves }) => {
      const [leaf, ...others] = leaves
      const alone = leaf !== undefined && others.length === 0
      return { index, prefix, commitment: alone ? leafCommitment(leaf) : await rebuild(leaves) }
    }),
  )
  return slotsOf(children)
}

/** How many path elements all of them share. */
function commonLength(placed: readonly Placed[]): number {
  const [first, ...others] = placed
  let length = first?.path.length ?? 0
  for (const { path } of others) {
    let same = 0
    while (same < length && path[same] === first?.path[same]) same++
    length = same
  }
  return length
}
