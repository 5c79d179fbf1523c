/** Answers questions about state with values and proofs (core/proto/light.proto), as of the frames whose headers commit to them. */
import { WIRE_LIMITS } from '@petal/core/light/wire-limits.ts'
import type { ShardAnswer, ShardsAnswer, StateAnswer, StateQuestion } from '@petal/core/platform/network.ts'
import { PHASES, type Phase, StateError, type TreeName, VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { compareBytes } from '@petal/core/state/bytes.ts'
import { ADDRESS_BYTES, atomId, GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import { SyncServer } from '@petal/core/sync/server.ts'
import type { StateAnswers } from '../chain/source.ts'
import type { NodeGeneration, NodeState } from './node-state.ts'
import { globalShardKeys } from './shard-keys.ts'
import { Turns } from './turns.ts'

const EMPTY = new Uint8Array(0)
/** Length of the root of a tree of one leaf, which has no traversal proof. */
const HASH_BYTES = 64

/** Answers made at once, and questions of all peers that wait: frames are committed by the same thread. */
const ANSWERS_AT_ONCE = 4
const ANSWERS_WAITING = 256
/** Leaves in one answer, so that it fits a message of the light protocol. */
const SYNC_PAGE_BYTES = 768 << 10
/** Frames that are known to have their state here. */
const REMEMBERED_FRAMES = 256

export class NodeStateAnswers implements StateAnswers {
  readonly #state: NodeState
  readonly #sync: SyncServer
  readonly #turns = new Turns(ANSWERS_AT_ONCE, ANSWERS_WAITING)
  readonly #committed = new Set<bigint>()

  constructor(state: NodeState) {
    this.#state = state
    this.#sync = new SyncServer(state, { pageBytes: SYNC_PAGE_BYTES })
  }

  state(question: StateQuestion, head: bigint): Promise<StateAnswer> {
    return this.#turns.run(() => this.#values(question, head))
  }

  shard(domain: Uint8Array, frame: bigint): Promise<ShardAnswer> {
    return this.#turns.run(() => this.#roots(domain, frame))
  }

  shards(frame: bigint, after: Uint8Array | null): Promise<ShardsAnswer> {
    return this.#turns.run(() => this.#list(frame, after))
  }

  sync(query: Uint8Array): Promise<Uint8Array> {
    return this.#turns.run(() => this.#pull(query))
  }

  async #values({ frame, domain, phaseSet, addresses }: StateQuestion, head: bigint): Promise<StateAnswer> {
    const phase = phaseOf(phaseSet)
    const generation = await this.#at(held(frame ?? head, head))
    const key = shardKey(domain)
    const roots = await generation.roots(key)
    const tree = { shardKey: key, phase }
    const ids = addresses.map((address) => atomId(domain, address))
    // The tree of the phase itself: what was removed is still in its adds.
    const found = await generation.holds(tree, ids)
    const keys = ids.filter((_, index) => found[index])
    const leaf = keys.length === 1 && roots[phase].length === HASH_BYTES ? await onlyLeaf(generation, tree) : undefined
    const proof = keys.length === 0 || leaf !== undefined ? EMPTY : await generation.prove(tree, keys)
    const shard = domain.every((byte, index) => byte === GLOBAL_DOMAIN[index])
      ? null
      : await this.#shardAt(generation, key, roots)
    const answer = { frame: generation.frame, root: roots[phase], present: found, proof, shard }
    return leaf === undefined ? answer : { ...answer, leaf }
  }

  async #roots(domain: Uint8Array, frame: bigint): Promise<ShardAnswer> {
    const generation = await this.#at(frame)
    const key = shardKey(domain)
    return this.#shardAt(generation, key, await generation.roots(key))
  }

  /** Shards that no global commitment holds are left out: nothing could show that their roots are right. */
  async #list(frame: bigint, after: Uint8Array | null): Promise<ShardsAnswer> {
    const generation = await this.#at(frame)
    const domains = (await globalShardKeys(this.#state))
      .map((key) => key.subarray(-ADDRESS_BYTES))
      .filter((domain) => after === null || compareBytes(domain, after) > 0)
      .sort(compareBytes)
    const listed = domains.slice(0, WIRE_LIMITS.shards)
    const shards = await Promise.all(
      listed.map(async (domain) => ({ domain, roots: await generation.roots(shardKey(domain)) })),
    )
    return { frame, shards, more: domains.length > listed.length }
  }

  /** The state of a frame. The store also answers for frames between two commits, but their headers say something else. */
  async #at(frame: bigint): Promise<NodeGeneration> {
    if (!this.#committed.has(frame)) {
      if ((await this.#state.frame(frame)) === undefined)
        throw new StateError('unavailable', `the state of frame ${frame} was never here`)
      if (this.#committed.size >= REMEMBERED_FRAMES) this.#committed.clear()
      this.#committed.add(frame)
    }
    return this.#state.at(frame)
  }

  async #pull(query: Uint8Array): Promise<Uint8Array> {
    const stream = this.#sync.open()
    try {
      return await stream.answer(query)
    } finally {
      stream.close()
    }
  }

  async #shardAt(generation: NodeGeneration, key: Uint8Array, roots: readonly Uint8Array[]): Promise<ShardAnswer> {
    const proved = await generation.proveShard(key)
    if (proved === null) throw new StateError('notFound', 'no global commitment holds this shard')
    return { frame: generation.frame, roots, tree: proved.tree, proof: proved.proof }
  }
}

/** What the one leaf of a tree hashes. */
async function onlyLeaf(generation: NodeGeneration, tree: TreeName): Promise<Uint8Array | undefined> {
  const { leaves } = await generation.leaves(tree, [], { from: 0, max: 1, maxBytes: 1 })
  const [leaf] = leaves
  return leaf && (leaf.hashTarget.length > 0 ? leaf.hashTarget : leaf.value)
}

function phaseOf(phaseSet: number): Phase {
  return PHASES[phaseSet] ?? VERTEX_ADDS
}

function held(frame: bigint, head: bigint): bigint {
  if (frame > head) throw new StateError('unavailable', `the newest frame is ${head}`)
  return frame
}
