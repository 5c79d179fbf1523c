/** How much of the registries that a follower knows it holds. */
import type { KnownRegistry } from './follow-registry-judged.ts'

/** Registries that are known beside the trusted one: bisecting comes back to them. */
export const HELD = 4

/**
 * The same registries, in order of worth, with so many of their leaves that all of them together take at most `most` bytes; what registries share
 * counts once. Of the others only the committee stays: from them the next registry is copied as a whole.
 */
export function withinBytes(registries: readonly KnownRegistry[], most: number): readonly KnownRegistry[] {
  const leaves = new Set<object>()
  let bytes = 0
  return registries.map((registry) => {
    const { tree } = registry
    if (tree === null) return registry
    const more = tree.footprint(leaves)
    if (bytes + more > most) return { ...registry, tree: null }
    for (const leaf of tree.shared) leaves.add(leaf)
    bytes += more
    return registry
  })
}
