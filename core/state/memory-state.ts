/** `State` in memory, for tests and small networks: every commit builds every tree that changed from its leaves. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import {
  type Change,
  type ChangeList,
  type Committed,
  type Generation,
  type Location,
  PHASES,
  type Phase,
  type ServedLeaf,
  type ShardRoots,
  type State,
  StateError,
  type TreeName,
  type Trees,
} from '../platform/state.ts'
import { foldedCommitments } from './global-commitments.ts'
import { LeafGeneration } from './leaf-generation.ts'
import { atomId, GLOBAL_DOMAIN, SHARD_KEY_BYTES, shardKey } from './location.ts'

/** Generations that stay readable (spec 22 section 4). */
const KEPT = 64
const NOTHING = new Uint8Array(0)

/** Leaves of one tree by key in hex. Never changed once a generation holds it. */
type Leaves = ReadonlyMap<string, ServedLeaf>
/** Trees by shard key and phase. */
type World = ReadonlyMap<string, Leaves>

interface Published {
  readonly frame: bigint
  readonly world: World
  readonly roots: ReadonlyMap<string, ShardRoots>
}

/** Makes a traversal proof of keys of a tree of these leaves. */
export type ProveLeaves = (leaves: readonly ServedLeaf[], keys: readonly Uint8Array[]) => Uint8Array

const phaseOf = ({ set }: Location, kind: Change['kind']): Phase =>
  set === 'vertex' ? (kind === 'add' ? 0 : 1) : kind === 'add' ? 2 : 3

const nameOf = (key: Uint8Array, phase: Phase): string => `${bytesToHex(key)}/${phase}`

/** A leaf of rule B. */
const leafOf = (key: Uint8Array, value: Uint8Array): ServedLeaf => ({
  key,
  value,
  hashTarget: NOTHING,
  size: BigInt(value.length),
  underlyingData: NOTHING,
})

export class MemoryState implements State {
  readonly #trees: Trees
  readonly #prove: ProveLeaves | undefined
  #world: World = new Map()
  readonly #published: Published[] = []
  #closed = false

  constructor(trees: Trees, prove?: ProveLeaves) {
    this.#trees = trees
    this.#prove = prove
  }

  async get(location: Location): Promise<Uint8Array | undefined> {
    this.#checkOpen()
    return valueIn(this.#world, location)
  }

  async isRemoved(location: Location): Promise<boolean> {
    this.#checkOpen()
    return leafIn(this.#world, location, 'remove') !== undefined
  }

  async apply(changes: ChangeList): Promise<void> {
    this.#checkOpen()
    const draft = new Draft(this.#world)
    for (const change of changes) {
      const key = atomId(change.location.domain, change.location.address)
      const removed = draft.tree(change.location, 'remove')
      if (change.kind === 'add') {
        if (removed.has(bytesToHex(key))) throw new StateError('removed', `${bytesToHex(key)} was removed`)
        draft.tree(change.location, 'add').set(bytesToHex(key), leafOf(key, change.value.slice()))
        continue
      }
      // a removal of what was never added puts an empty leaf in both trees (spec 21 section 4.2)
      const added = draft.tree(change.location, 'add')
      if (!added.has(bytesToHex(key))) added.set(bytesToHex(key), leafOf(key, NOTHING))
      removed.set(bytesToHex(key), leafOf(key, NOTHING))
    }
    this.#world = draft.finish()
  }

  async commit(frame: bigint): Promise<Committed> {
    this.#checkOpen()
    const before = this.#published[0]
    if (before !== undefined && frame <= before.frame)
      throw new StateError('frame', `frame ${frame} after frame ${before.frame}`)
    const roots = new Map<string, ShardRoots>()
    const changed: ShardRoots[] = []
    for (const name of new Set([...this.#world.keys()].map((tree) => tree.slice(0, 2 * SHARD_KEY_BYTES)))) {
      const key = hexToBytes(name)
      const old = before?.roots.get(name)
      const same = PHASES.every(
        (phase) => before?.world.get(nameOf(key, phase)) === this.#world.get(nameOf(key, phase)),
      )
      const shard = old !== undefined && same ? old : { shardKey: key, roots: this.#rootsOf(key) }
      roots.set(name, shard)
      if (shard !== old) changed.push(shard)
    }
    this.#published.unshift({ frame, world: this.#world, roots })
    this.#published.length = Math.min(this.#published.length, KEPT)
    const proverRoot = roots.get(bytesToHex(shardKey(GLOBAL_DOMAIN)))?.roots[0] ?? new Uint8Array(64)
    return { frame, globalCommitments: foldedCommitments([...roots.values()], this.#trees), proverRoot, changed }
  }

  async generation(wanted?: { readonly shardKey: Uint8Array; readonly root: Uint8Array }): Promise<Generation> {
    this.#checkOpen()
    const found = this.#published.find(
      ({ roots }) => wanted === undefined || bytesToHex(rootsIn(roots, wanted.shardKey)[0]) === bytesToHex(wanted.root),
    )
    if (found === undefined) throw new StateError('unavailable', 'no generation with that root')
    return new MemoryGeneration(found, this.#trees, this.#prove)
  }

  async replace(tree: TreeName, leaves: AsyncIterable<ServedLeaf>, expectedRoot: Uint8Array): Promise<Uint8Array> {
    const next = new Map<string, ServedLeaf>()
    for await (const leaf of leaves) next.set(bytesToHex(leaf.key), leaf)
    return this.#adopt(tree, next, expectedRoot)
  }

  async patch(
    tree: TreeName,
    { deletes, puts }: { readonly deletes: readonly Uint8Array[]; readonly puts: readonly ServedLeaf[] },
    expectedRoot: Uint8Array,
  ): Promise<Uint8Array> {
    const next = new Map(this.#world.get(nameOf(tree.shardKey, tree.phase)))
    for (const key of deletes) next.delete(bytesToHex(key))
    for (const leaf of puts) next.set(bytesToHex(leaf.key), leaf)
    return this.#adopt(tree, next, expectedRoot)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #adopt(tree: TreeName, leaves: Leaves, expectedRoot: Uint8Array): Uint8Array {
    this.#checkOpen()
    const { root } = this.#trees.build([...leaves.values()], { commit: true })
    if (bytesToHex(root) === bytesToHex(expectedRoot))
      this.#world = new Map([...this.#world, [nameOf(tree.shardKey, tree.phase), leaves]])
    return root
  }

  #rootsOf(key: Uint8Array): ShardRoots['roots'] {
    const rootOf = (phase: Phase) =>
      this.#trees.build([...(this.#world.get(nameOf(key, phase))?.values() ?? [])], { commit: true }).root
    return [rootOf(0), rootOf(1), rootOf(2), rootOf(3)]
  }

  #checkOpen(): void {
    if (this.#closed) throw new StateError('closed', 'the state was closed')
  }
}

/** Changes on their way into a world: trees are copied when first written. */
class Draft {
  readonly #trees: Map<string, Leaves>
  readonly #own = new Map<string, Map<string, ServedLeaf>>()

  constructor(world: World) {
    this.#trees = new Map(world)
  }

  tree(location: Location, kind: Change['kind']): Map<string, ServedLeaf> {
    const name = nameOf(shardKey(location.domain), phaseOf(location, kind))
    const own = this.#own.get(name) ?? new Map(this.#trees.get(name))
    this.#own.set(name, own)
    return own
  }

  finish(): World {
    for (const [name, own] of this.#own) if (own.size !== 0 || this.#trees.has(name)) this.#trees.set(name, own)
    return this.#trees
  }
}

class MemoryGeneration implements Generation {
  readonly frame: bigint
  readonly #published: Published
  readonly #trees: Trees
  readonly #prove: ProveLeaves | undefined
  readonly #open = new Map<string, LeafGeneration>()

  constructor(published: Published, trees: Trees, prove: ProveLeaves | undefined) {
    this.frame = published.frame
    this.#published = published
    this.#trees = trees
    this.#prove = prove
  }

  async roots(key: Uint8Array): Promise<ShardRoots['roots']> {
    return rootsIn(this.#published.roots, key)
  }

  async get(location: Location): Promise<Uint8Array | undefined> {
    return valueIn(this.#published.world, location)
  }

  async branch(...[tree, path]: Parameters<Generation['branch']>): ReturnType<Generation['branch']> {
    return this.#tree(tree).branchAt(path)
  }

  async leaves(...[tree, path, range]: Parameters<Generation['leaves']>): ReturnType<Generation['leaves']> {
    return this.#tree(tree).leavesAt(path, range)
  }

  async prove(tree: TreeName, keys: readonly Uint8Array[]): Promise<Uint8Array> {
    const leaves = this.#published.world.get(nameOf(tree.shardKey, tree.phase))
    const missing = keys.find((key) => !leaves?.has(bytesToHex(key)))
    if (missing !== undefined) throw new StateError('notFound', `${bytesToHex(missing)} is not in the tree`)
    if (this.#prove === undefined) throw new StateError('failed', 'this state makes no proofs')
    return this.#prove([...(leaves?.values() ?? [])], keys)
  }

  release(): void {
    this.#open.clear()
  }

  #tree({ shardKey: key, phase }: TreeName): LeafGeneration {
    const name = nameOf(key, phase)
    const open =
      this.#open.get(name) ?? new LeafGeneration([...(this.#published.world.get(name)?.values() ?? [])], this.#trees)
    this.#open.set(name, open)
    return open
  }
}

const EMPTY_ROOT = new Uint8Array(64)

const rootsIn = (roots: Published['roots'], key: Uint8Array): ShardRoots['roots'] =>
  roots.get(bytesToHex(key))?.roots ?? [EMPTY_ROOT, EMPTY_ROOT, EMPTY_ROOT, EMPTY_ROOT]

const leafIn = (world: World, location: Location, kind: Change['kind']): ServedLeaf | undefined =>
  world
    .get(nameOf(shardKey(location.domain), phaseOf(location, kind)))
    ?.get(bytesToHex(atomId(location.domain, location.address)))

const valueIn = (world: World, location: Location): Uint8Array | undefined =>
  leafIn(world, location, 'remove') === undefined ? leafIn(world, location, 'add')?.value : undefined
