/** `Trees` on an engine: trees built from leaves at once, in the thread of the caller. */
import type { FullEngine } from '../platform/engine.ts'
import type { BuiltTree, TreeLeaf, Trees } from '../platform/state.ts'

export class EngineTrees implements Trees {
  readonly #engine: Pick<FullEngine, 'Tree'>

  constructor(engine: Pick<FullEngine, 'Tree'>) {
    this.#engine = engine
  }

  build(leaves: readonly TreeLeaf[], options: { readonly commit: boolean }): BuiltTree {
    const tree = new this.#engine.Tree()
    try {
      for (const { key, value, hashTarget, size } of leaves) tree.insert(key, value, hashTarget, size.toString())
      const before = options.commit ? null : tree.serialise()
      const root = tree.commit()
      const { size } = JSON.parse(tree.facts()) as { readonly size: string }
      return { blob: before ?? tree.serialise(), root, size: BigInt(size) }
    } finally {
      tree.free()
    }
  }
}
