/** What the state thread does: `State` calls on the addon's store, in plain values that cross threads. */
import { randomBytes } from 'node:crypto'
import { hexToBytes } from '@noble/hashes/utils.js'
import { EngineTrees } from '@petal/core/crypto/engine-trees.ts'
import type { StateExample } from '@petal/core/light/anchors.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import {
  type BranchInfo,
  type BuiltTree,
  type ChangeList,
  type Committed,
  type LeavesPage,
  type Location,
  PHASES,
  type Phase,
  type ServedLeaf,
  type ShardRoots,
  StateError,
  type TreeLeaf,
  type TreeName,
  type Trees,
} from '@petal/core/platform/state.ts'
import { RegistryAddresses } from '@petal/core/registry/addresses.ts'
import { otherGenesis } from '@petal/core/registry/genesis.ts'
import { atomId } from '@petal/core/state/location.ts'
import type { AddonBranch, AddonCommitted, AddonStateOptions, StateAddon } from './addon.ts'
import { Garden } from './demonstration.ts'
import { leavesOf, listsOf } from './leaf-lists.ts'
import { StoreHost } from './store-host.ts'

/** A node of a tree as it is kept, with the sum of the sizes of its leaves. */
export interface SizedBranch extends BranchInfo {
  readonly size: bigint
}

export interface ShardProof {
  readonly tree: number
  readonly proof: Uint8Array
}

const REMOVE = 1
const HYPEREDGE = 2

type HostAddon = StateAddon & Pick<FullEngine, 'poseidonHashBytes' | 'Tree'>

export class StateHost extends StoreHost {
  readonly #addon: HostAddon
  readonly #trees: Trees
  /** Leaves that are pulled, until their tree is whole. */
  readonly #staged = new Map<number, ServedLeaf[]>()
  #garden: Garden | undefined

  constructor(addon: HostAddon, directory: string, options: AddonStateOptions) {
    super(new addon.StateStore(directory, randomBytes(16), JSON.stringify(options)))
    this.#addon = addon
    this.#trees = new EngineTrees(addon)
  }

  build(leaves: readonly TreeLeaf[], commit: boolean): BuiltTree {
    return this.#trees.build(leaves, { commit })
  }

  /** Registry and placeholder shards of a network whose genesis has these provers (spec 31 section 10.3). */
  applyGenesis(publicKeys: readonly Uint8Array[]): void {
    this.apply(otherGenesis(publicKeys, new RegistryAddresses((message) => this.#hash(message)), this.#trees))
  }

  /** What the demonstration writes in a frame. */
  applyDemonstration(frame: bigint): void {
    this.apply(this.#demonstration().changes(frame))
  }

  /** What there is to look at in the demonstration. */
  examples(): readonly StateExample[] {
    return this.#demonstration().examples()
  }

  apply(changes: ChangeList): void {
    const kinds = Uint8Array.from(changes, ({ kind, location }) => {
      return (kind === 'remove' ? REMOVE : 0) | (location.set === 'hyperedge' ? HYPEREDGE : 0)
    })
    const values = changes.map((change) => (change.kind === 'add' ? change.value : new Uint8Array(0)))
    this.store.apply(
      kinds,
      changes.map(({ location }) => idOf(location)),
      values,
    )
  }

  commit(frame: bigint): Committed {
    return committedOf(frame, this.store.commit(frame))
  }

  /** What the header of the newest frame carries; null in a new store. */
  committed(): Committed | null {
    const { generation } = this.describe()
    return generation === null ? null : committedOf(generation, this.store.committed())
  }

  /** Commits without a header. */
  commitDurable(frame: bigint): Committed {
    const committed = this.commit(frame)
    this.persist(frame, null)
    return committed
  }

  persist(frame: bigint, header: Uint8Array | null): void {
    this.store.persist(frame, header)
  }

  discard(): void {
    this.store.discard()
  }

  frame(number: bigint): Uint8Array | undefined {
    return this.store.frame(number) ?? undefined
  }

  get(location: Location, generation: bigint): Uint8Array | undefined {
    return this.store.get(setNumber(location), idOf(location), generation) ?? undefined
  }

  holds({ shardKey, phase }: TreeName, keys: readonly Uint8Array[], generation: bigint): boolean[] {
    return keys.map((key) => this.store.holds(shardKey, phase, key, generation))
  }

  isRemoved(location: Location): boolean {
    return this.store.isRemoved(setNumber(location), idOf(location))
  }

  roots(shardKey: Uint8Array, generation: bigint): ShardRoots['roots'] {
    return fourRoots(this.store.roots(shardKey, generation))
  }

  generationOf(shardKey: Uint8Array, phase: Phase, root: Uint8Array): bigint | null {
    return this.store.generationOf(shardKey, phase, root)
  }

  branch({ shardKey, phase }: TreeName, path: readonly number[], generation: bigint): SizedBranch {
    const json = this.store.branch(shardKey, phase, Uint8Array.from(path), generation)
    const { fullPath, commitment, children, isLeaf, leafCount, size } = JSON.parse(json) as AddonBranch
    return {
      fullPath,
      commitment: hexToBytes(commitment),
      children: children.map((child) => ({ index: child.index, commitment: hexToBytes(child.commitment) })),
      isLeaf,
      leafCount: BigInt(leafCount),
      size: BigInt(size),
    }
  }

  leaves(
    { shardKey, phase }: TreeName,
    path: readonly number[],
    range: { readonly from: number; readonly max: number; readonly maxBytes: number },
    generation: bigint,
  ): LeavesPage {
    const { from, max, maxBytes } = range
    const page = this.store.leaves(shardKey, phase, Uint8Array.from(path), generation, from, max, maxBytes)
    const leaves = leavesOf(page)
    const total = BigInt(page.total)
    return page.next < 0 ? { leaves, total } : { leaves, total, next: page.next }
  }

  prove({ shardKey, phase }: TreeName, keys: readonly Uint8Array[], generation: bigint): Uint8Array {
    return this.store.prove(shardKey, phase, [...keys], generation)
  }

  proveShard(shardKey: Uint8Array, generation: bigint): ShardProof | null {
    return this.store.proveShard(shardKey, generation)
  }

  /** Keeps leaves for `replace`, under a number of the caller's. */
  stage(pull: number, leaves: readonly ServedLeaf[]): void {
    const kept = this.#staged.get(pull)
    if (kept === undefined) this.#staged.set(pull, [...leaves])
    else kept.push(...leaves)
  }

  unstage(pull: number): void {
    this.#staged.delete(pull)
  }

  /** Replaces a tree by the leaves that were staged. */
  replace({ shardKey, phase }: TreeName, pull: number, expected: Uint8Array): Uint8Array {
    const leaves = this.#staged.get(pull) ?? []
    this.#staged.delete(pull)
    return this.store.replace(shardKey, phase, listsOf(leaves), expected)
  }

  /** Puts a tree that a repair dropped back from the leaves that were staged. */
  restore({ shardKey, phase }: TreeName, pull: number, expected: Uint8Array): Uint8Array {
    const leaves = this.#staged.get(pull) ?? []
    this.#staged.delete(pull)
    return this.store.restore(shardKey, phase, listsOf(leaves), expected)
  }

  patch(
    { shardKey, phase }: TreeName,
    deletes: readonly Uint8Array[],
    puts: readonly ServedLeaf[],
    expected: Uint8Array,
  ): Uint8Array {
    return this.store.patch(shardKey, phase, [...deletes], listsOf(puts), expected)
  }

  #demonstration(): Garden {
    this.#garden ??= new Garden(this.#trees, (message) => this.#hash(message))
    return this.#garden
  }

  #hash(message: Uint8Array): Uint8Array {
    return this.#addon.poseidonHashBytes(message)
  }
}

const idOf = ({ domain, address }: Location): Uint8Array => atomId(domain, address)
const setNumber = ({ set }: Location): number => (set === 'vertex' ? 0 : 1)

function committedOf(frame: bigint, json: string): Committed {
  const { globalCommitments, proverRoot, changed } = JSON.parse(json) as AddonCommitted
  return {
    frame,
    globalCommitments: globalCommitments.map(hexToBytes),
    proverRoot: hexToBytes(proverRoot),
    changed: changed.map(({ shardKey, roots }) => ({
      shardKey: hexToBytes(shardKey),
      roots: fourRoots(roots.map(hexToBytes)),
    })),
  }
}

function fourRoots(roots: readonly Uint8Array[]): ShardRoots['roots'] {
  const [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves] = roots
  if (roots.length !== PHASES.length || !vertexAdds || !vertexRemoves || !hyperedgeAdds || !hyperedgeRemoves) {
    throw new StateError('corrupt', `a shard with ${roots.length} roots`)
  }
  return [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves]
}
