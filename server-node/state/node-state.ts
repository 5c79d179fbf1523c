/**
 * World state and frames of this node: `State` over a store in a thread of its own. A frame and the state that its header commits to become
 * durable together, by `persist`.
 */
import type { StateExample } from '@petal/core/light/anchors.ts'
import {
  type BuiltTree,
  type ChangeList,
  type Committed,
  type Generation,
  type Location,
  type ServedLeaf,
  type State,
  StateError,
  type TreeLeaf,
  type TreeName,
  VERTEX_ADDS,
} from '@petal/core/platform/state.ts'
import type { Store } from '@petal/core/platform/store.ts'
import { type AddonStateOptions, type AddonStats, type AddonVerified, type DiskLevel, LIVE } from './addon.ts'
import type { ShardProof, SizedBranch } from './host.ts'
import { KvStore } from './kv-store.ts'
import type { MissingTree, StateInfo, Tell, Voting } from './store-host.ts'
import { StateThread } from './thread.ts'

export interface NodeStateOptions {
  /** Native addon. Default: the one that the build makes. */
  readonly addonPath?: string | undefined
  readonly store?: AddonStateOptions | undefined
}

/** Frames between two removals of old generations; each takes tens of milliseconds. */
const PRUNE_FRAMES = 8n

/** Leaves that cross to the thread at a time. */
const STAGED_LEAVES = 1000

export class NodeState implements State {
  readonly #thread: StateThread
  #pulls = 0
  #newest: bigint | null = null

  private constructor(thread: StateThread) {
    this.#thread = thread
  }

  /** Opens or creates the store. Rejects with `NodeError` or `StateError`. */
  static async open(directory: string, { addonPath, store = {} }: NodeStateOptions = {}): Promise<NodeState> {
    const state = new NodeState(await StateThread.start({ directory, addonPath, options: store }))
    try {
      state.#newest = (await state.describe()).generation
      return state
    } catch (error) {
      await state.close()
      throw error
    }
  }

  describe(): Promise<StateInfo> {
    return this.#thread.call('describe')
  }

  /** A tree of leaves, built in the thread. */
  build(leaves: readonly TreeLeaf[], options: { readonly commit: boolean }): Promise<BuiltTree> {
    return this.#thread.call('build', leaves, options.commit)
  }

  applyGenesis(publicKeys: readonly Uint8Array[]): Promise<void> {
    return this.#thread.call('applyGenesis', publicKeys)
  }

  applyDemonstration(frame: bigint): Promise<void> {
    return this.#thread.call('applyDemonstration', frame)
  }

  examples(): Promise<readonly StateExample[]> {
    return this.#thread.call('examples')
  }

  get(location: Location): Promise<Uint8Array | undefined> {
    return this.#thread.call('get', location, LIVE)
  }

  isRemoved(location: Location): Promise<boolean> {
    return this.#thread.call('isRemoved', location)
  }

  apply(changes: ChangeList): Promise<void> {
    return this.#thread.call('apply', changes)
  }

  /** Commits in memory, so that a header can name the roots: `persist` makes it durable. */
  prepare(frame: bigint): Promise<Committed> {
    return this.#thread.call('commit', frame)
  }

  /** Resolves when what was prepared and the header of its frame are on disk, both or none. */
  async persist(frame: bigint, header: Uint8Array): Promise<void> {
    await this.#thread.call('persist', frame, header)
    this.#stored(frame)
  }

  /** Durable without a header. */
  async commit(frame: bigint): Promise<Committed> {
    const committed = await this.#thread.call('commitDurable', frame)
    this.#stored(frame)
    return committed
  }

  #stored(frame: bigint): void {
    this.#newest = frame
    if (frame % PRUNE_FRAMES !== 0n) return
    // Behind the frame, so that it costs no frame its time. The frame is stored either way: damage or a full disk meet the next call.
    this.#thread.call('prune').catch(() => undefined)
  }

  /** Drops what is not on disk. */
  async discard(): Promise<void> {
    await this.#thread.call('discard')
    this.#newest = (await this.describe()).generation
  }

  /** Header of a stored frame. */
  frame(number: bigint): Promise<Uint8Array | undefined> {
    return this.#thread.call('frame', number)
  }

  async generation(wanted?: { readonly shardKey: Uint8Array; readonly root: Uint8Array }): Promise<NodeGeneration> {
    if (this.#thread.closed) throw new StateError('closed', 'the store was closed')
    const frame =
      wanted === undefined
        ? this.#newest
        : await this.#thread.call('generationOf', wanted.shardKey, VERTEX_ADDS, wanted.root)
    if (frame === null) throw new StateError('unavailable', 'no such generation is kept here')
    return this.at(frame)
  }

  /** The generation that the commit of a frame made; its calls reject with `unavailable` when it is not kept. */
  at(frame: bigint): NodeGeneration {
    return {
      frame,
      roots: (shardKey) => this.#thread.call('roots', shardKey, frame),
      get: (location) => this.#thread.call('get', location, frame),
      branch: (tree, path) => this.#thread.call('branch', tree, path, frame),
      leaves: (tree, path, range) => this.#thread.call('leaves', tree, path, range, frame),
      prove: (tree, keys) => this.#thread.call('prove', tree, keys, frame),
      holds: (tree, keys) => this.#thread.call('holds', tree, keys, frame),
      proveShard: (shardKey) => this.#thread.call('proveShard', shardKey, frame),
      release: () => undefined,
    }
  }

  async replace(tree: TreeName, leaves: AsyncIterable<ServedLeaf>, expectedRoot: Uint8Array): Promise<Uint8Array> {
    return this.#thread.call('replace', tree, await this.#stage(leaves), expectedRoot)
  }

  /** Trees that a repair dropped and that are not there again: while there are any, nothing is applied or committed. */
  refused(): Promise<readonly MissingTree[]> {
    return this.#thread.call('refused')
  }

  /**
   * Puts a tree that a repair dropped, or made again of what it found, in its place, as the newest generation has it; durable when the promise resolves. Resolves with the root that the
   * leaves make; unless it is the expected one nothing changes.
   */
  async restore(tree: TreeName, leaves: AsyncIterable<ServedLeaf>, expectedRoot: Uint8Array): Promise<Uint8Array> {
    return this.#thread.call('restore', tree, await this.#stage(leaves), expectedRoot)
  }

  /** Brings leaves to the thread; the number under which they wait there. */
  async #stage(leaves: AsyncIterable<ServedLeaf>): Promise<number> {
    const pull = ++this.#pulls
    try {
      let page: ServedLeaf[] = []
      for await (const leaf of leaves) {
        if (page.push(leaf) < STAGED_LEAVES) continue
        await this.#thread.call('stage', pull, page)
        page = []
      }
      await this.#thread.call('stage', pull, page)
    } catch (error) {
      if (!this.#thread.closed) await this.#thread.call('unstage', pull)
      throw error
    }
    return pull
  }

  patch(
    tree: TreeName,
    { deletes, puts }: { readonly deletes: readonly Uint8Array[]; readonly puts: readonly ServedLeaf[] },
    expectedRoot: Uint8Array,
  ): Promise<Uint8Array> {
    return this.#thread.call('patch', tree, deletes, puts, expectedRoot)
  }

  /** Keys and values beside the state, in the same file; ends with the state. */
  kv(): Store {
    return new KvStore(this.#thread)
  }

  /** What the header of the newest frame carries, made from the stored roots of all shards; null in a new store. */
  committed(): Promise<Committed | null> {
    return this.#thread.call('committed')
  }

  /** Fill of the disk now. */
  disk(): Promise<DiskLevel> {
    return this.#thread.call('disk')
  }

  stats(): Promise<AddonStats> {
    return this.#thread.call('stats')
  }

  /** Reads every record and follows every link. `tell` hears how many of how many records were looked at. */
  verify(tell?: Tell): Promise<AddonVerified> {
    return this.#thread.verify(tell)
  }

  /** What the voters of this node have said, and whether this store is at least as new. */
  voting(): Promise<Voting> {
    return this.#thread.call('voting')
  }

  /** Records a vote: on disk when it resolves, then the vote may leave. Rejects with `frame` unless the rank is above all recorded ones. */
  recordVote(rank: bigint): Promise<void> {
    return this.#thread.call('recordVote', rank)
  }

  /** Lets a store vote again that is older than what was said with it, above this rank and all recorded ones. */
  acceptRollback(rank: bigint): Promise<void> {
    return this.#thread.call('acceptRollback', rank)
  }

  /** Trees of the newest generation. */
  trees(): Promise<readonly TreeName[]> {
    return this.#thread.call('trees')
  }

  /** Whether the leaves of a tree of the newest generation make its root. */
  verifyCommitments(tree: TreeName): Promise<boolean> {
    return this.#thread.call('verifyCommitments', tree)
  }

  /** Copies the store of now into a directory; the path of the copy. */
  backup(directory: string): Promise<string> {
    return this.#thread.call('backup', directory)
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#thread.close()
  }
}

/** A generation that also knows sizes of nodes, and can prove its shards in the global commitments. */
export interface NodeGeneration extends Generation {
  branch(tree: TreeName, path: readonly number[]): Promise<SizedBranch>
  /** Whether a tree holds each of the keys, removed or not. */
  holds(tree: TreeName, keys: readonly Uint8Array[]): Promise<readonly boolean[]>
  /** The four roots of a shard in one global tree; null for a shard that is in none. */
  proveShard(shardKey: Uint8Array): Promise<ShardProof | null>
}
