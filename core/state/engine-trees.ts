/** `Trees` over the trees of an engine. */
import type { TreeLeaf, Trees } from '../platform/state.ts'

/** What is needed of an engine's tree (`EngineTree`). */
export interface TreeCalls {
  /** `size` is decimal. */
  insert(key: Uint8Array, value: Uint8Array, hashTarget: Uint8Array, size: string): boolean
  commit(): Uint8Array
  serialise(): Uint8Array
  free(): void
}

/** Builds in the calling thread: milliseconds per branch that is committed. */
export const engineTrees = (engine: { readonly Tree: new () => TreeCalls }): Trees => ({
  build(leaves, { commit }) {
    const tree = new engine.Tree()
    try {
      for (const { key, value, hashTarget, size } of leaves) tree.insert(key, value, hashTarget, size.toString())
      const root = commit ? tree.commit() : new Uint8Array(0)
      return { blob: tree.serialise(), root, size: sizeOf(leaves) }
    } finally {
      tree.free()
    }
  },
})

/** A key that is given twice counts once, with its last size. */
function sizeOf(leaves: readonly TreeLeaf[]): bigint {
  const sizes = new Map(leaves.map(({ key, size }) => [key.join(), size]))
  return [...sizes.values()].reduce((sum, size) => sum + size, 0n)
}
