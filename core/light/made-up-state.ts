/** A node that serves state which a real engine built, committed and proves. For tests only. */

import { EngineTrees } from '../crypto/engine-trees.ts'
import { sameBytes } from '../platform/bytes.ts'
import type { HeaderFacts } from '../platform/crypto.ts'
import type { FullEngine } from '../platform/engine.ts'
import { PeerError, type ShardAnswer, type StateAnswer, type StatePeer } from '../platform/network.ts'
import { type ChangeList, type Committed, PHASES, type ServedLeaf } from '../platform/state.ts'
import { atomId, GLOBAL_DOMAIN, MemoryState, shardKey, shardL1 } from '../state/index.ts'
import { SyncServer } from '../sync/index.ts'
import type { Finding } from './events.ts'
import { identityOf } from './made-up.ts'
import { foldedKey } from './state-reads.ts'

const NOTHING = new Uint8Array(0)

export class MadeUpNode implements StatePeer {
  readonly engine: FullEngine
  readonly trees: EngineTrees
  readonly #state: MemoryState
  readonly #sync: SyncServer
  readonly #shards = new Map<string, Committed['changed'][number]>()
  #committed: Committed | null = null

  /** `pageBytes`: bytes of leaves in one answer of the synchronisation. */
  constructor(engine: FullEngine, pageBytes = 1 << 20) {
    this.engine = engine
    this.trees = new EngineTrees(engine)
    this.#state = new MemoryState(this.trees, (leaves, keys) => this.#proof(leaves, keys))
    this.#sync = new SyncServer(this.#state, { pageBytes })
  }

  /** Makes the state of a frame. */
  async commit(frame: bigint, changes: ChangeList): Promise<void> {
    await this.#state.apply(changes)
    this.#committed = await this.#state.commit(frame)
    for (const shard of this.#committed.changed) this.#shards.set(shard.shardKey.join(), shard)
  }

  /** A header of the newest frame. */
  header(verified: Finding['verified'] = 'full'): Finding {
    const { frame, globalCommitments, proverRoot } = this.#newest()
    const identity = identityOf(`state/${frame}`)
    const facts: HeaderFacts = {
      number: frame,
      rank: frame,
      timestamp: 0n,
      difficulty: 1,
      parentSelector: identity,
      identity,
      challenge: identity,
      output: identity,
      prover: identity,
      globalCommitments,
      proverTreeCommitment: proverRoot,
      requestsRoot: identity,
      signature: null,
    }
    return { bytes: identity, facts, checks: [], verified, reason: null, millis: 1, from: null, verifiedAt: 0 }
  }

  state: StatePeer['state'] = async ({ frame, domain, phaseSet, addresses }): Promise<StateAnswer> => {
    const committed = this.#at(frame)
    const generation = await this.#state.generation()
    const phase = PHASES[phaseSet] ?? 0
    const tree = { shardKey: shardKey(domain), phase }
    const roots = await generation.roots(tree.shardKey)
    const { leaves } = await generation.leaves(tree, [], { from: 0, max: 1_000, maxBytes: 1 << 24 })
    const ids = addresses.map((address) => atomId(domain, address))
    const present = ids.map((id) => leaves.some(({ key }) => sameBytes(key, id)))
    const keys = ids.filter((_, index) => present[index])
    const [only] = leaves.length === 1 && keys.length === 1 ? leaves : []
    const proof = keys.length === 0 || only ? NOTHING : await generation.prove(tree, keys)
    const shard = sameBytes(domain, GLOBAL_DOMAIN) ? null : await this.shard(domain, frame)
    const answer = { frame: committed.frame, root: roots[phase], present, proof, shard }
    return only ? { ...answer, leaf: only.value } : answer
  }

  shard = async (domain: Uint8Array, frame: bigint | null): Promise<ShardAnswer> => {
    const committed = this.#at(frame)
    const own = this.#shards.get(shardKey(domain).join())
    const [tree] = shardL1(domain)
    if (own === undefined || tree === undefined) throw new PeerError('notFound', 'there is no such shard')
    const folded = [...this.#shards.values()]
      .filter(({ shardKey: key }) => shardL1(key.subarray(3)).includes(tree))
      .flatMap(({ shardKey: key, roots }) =>
        roots.map((value, phase) => leafOf(foldedKey(key.subarray(3), PHASES[phase] ?? 0), value)),
      )
    const proof = this.#proof(
      folded,
      PHASES.map((phase) => foldedKey(domain, phase)),
    )
    return { frame: committed.frame, roots: own.roots, tree, proof }
  }

  sync = async (query: Uint8Array): Promise<Uint8Array> => {
    const stream = this.#sync.open()
    return await stream.answer(query).finally(() => stream.close())
  }

  #proof(leaves: readonly ServedLeaf[], keys: readonly Uint8Array[]): Uint8Array {
    const tree = new this.engine.Tree()
    try {
      for (const { key, value, hashTarget, size } of leaves) tree.insert(key, value, hashTarget, size.toString())
      tree.commit()
      const proof = tree.prove([...keys])
      if (proof == null) throw new PeerError('notFound', 'there is no proof')
      return proof
    } finally {
      tree.free()
    }
  }

  #at(frame: bigint | null): Committed {
    const committed = this.#newest()
    if (frame !== null && frame !== committed.frame) throw new PeerError('notFound', `no state of frame ${frame}`)
    return committed
  }

  #newest(): Committed {
    if (this.#committed === null) throw new RangeError('commit a frame first')
    return this.#committed
  }
}

const leafOf = (key: Uint8Array, value: Uint8Array): ServedLeaf => ({
  key,
  value,
  hashTarget: NOTHING,
  size: BigInt(value.length),
  underlyingData: NOTHING,
})
