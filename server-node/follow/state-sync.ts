/**
 * Brings the stored state to a verified header: which trees differ, each from peers, then all commitments against the header, then state and
 * header to disk together. Whatever does not match leaves what is stored as it was.
 */
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import { PHASES, type ShardRoots } from '@petal/core/platform/state.ts'
import { GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import { type PullTarget, registryTarget, type SyncProgress, shardTargets } from '@petal/core/sync/index.ts'
import { commitsTo } from '../chain/ledger.ts'
import type { NodeState } from '../state/node-state.ts'
import { globalShardKeys } from '../state/shard-keys.ts'
import { FollowError } from './errors.ts'
import type { PeerPool } from './peer-pool.ts'
import { askShards, changeable, foldsTo, listShards, suspectTrees } from './shard-list.ts'
import { Staging } from './staging.ts'
import { TreeSync } from './tree-sync.ts'
import type { VerifiedHeader } from './verifier.ts'

export interface StateProgress extends SyncProgress {
  /** Frame whose state is copied. */
  readonly frame: bigint
  /** The tree that is copied now, from 1, of so many that differ. */
  readonly tree: number
  readonly trees: number
}

export interface StateSyncParts {
  readonly state: NodeState
  readonly crypto: Pick<Crypto, 'rebuildRoot'>
  readonly pool: Pick<PeerPool, 'peers' | 'failed' | 'lied' | 'onChange'>
  readonly onProgress: (progress: StateProgress) => void
}

const EMPTY_ROOTS: ShardRoots['roots'] = [
  new Uint8Array(64),
  new Uint8Array(64),
  new Uint8Array(64),
  new Uint8Array(64),
]

export class StateSync {
  readonly #parts: StateSyncParts
  readonly #staging: Staging
  readonly #trees: TreeSync
  #progress: Omit<StateProgress, keyof SyncProgress> = { frame: 0n, tree: 0, trees: 0 }

  constructor(parts: StateSyncParts) {
    this.#parts = parts
    this.#staging = new Staging(parts.state.kv())
    this.#trees = new TreeSync({
      ...parts,
      staging: this.#staging,
      onProgress: (_, progress) => parts.onProgress({ ...progress, ...this.#progress }),
    })
  }

  /**
   * `stored`: facts of the frame whose state is on disk. On success the header and its state are. Rejects with `FollowError`, with the errors of
   * a store that fails, or with the reason of the signal.
   */
  async to(header: VerifiedHeader, stored: HeaderFacts | undefined, signal: AbortSignal): Promise<void> {
    const { state } = this.#parts
    await state.discard()
    const targets = await this.#targets(header.facts, stored, signal)
    await this.#staging.keepOnly(targets)
    try {
      await this.#pull(header.facts, targets, stored?.number ?? null, signal)
      await this.#commit(header)
    } catch (error) {
      await state.discard().catch(() => undefined)
      throw error
    }
    await this.#staging.keepOnly([])
  }

  async #pull(facts: HeaderFacts, targets: readonly PullTarget[], stored: bigint | null, signal: AbortSignal) {
    for (const [index, target] of targets.entries()) {
      this.#progress = { frame: facts.number, tree: index + 1, trees: targets.length }
      await this.#trees.sync(target, stored, signal)
    }
  }

  async #commit({ bytes, facts }: VerifiedHeader): Promise<void> {
    const { state } = this.#parts
    const committed = await state.prepare(facts.number)
    if (!commitsTo(facts, committed)) {
      throw new FollowError('mismatch', `the trees of frame ${facts.number} make other commitments than its header has`)
    }
    await state.persist(facts.number, bytes)
  }

  /** Trees whose roots differ from the stored ones. */
  async #targets(facts: HeaderFacts, stored: HeaderFacts | undefined, signal: AbortSignal): Promise<PullTarget[]> {
    const registry = registryTarget(facts.proverTreeCommitment)
    const targets: PullTarget[] = []
    const [registryRoot] = await this.#storedRoots(shardKey(GLOBAL_DOMAIN), stored)
    if (!sameBytes(registryRoot, registry.root)) targets.push(registry)
    if (stored !== undefined && sameCommitments(facts, stored)) return targets
    const known = stored === undefined ? null : await this.#changedOfKnown(facts, stored, signal)
    for (const shard of known ?? (await this.#changedByList(facts, stored, signal))) {
      const own = await this.#storedRoots(shard.shardKey, stored)
      const wanted = shardTargets(shard.shardKey.subarray(-GLOBAL_DOMAIN.length), shard.roots)
      for (const phase of PHASES) {
        const target = wanted[phase]
        if (target !== undefined && !sameBytes(own[phase], target.root)) targets.push(target)
      }
    }
    return targets
  }

  /**
   * The same by asking for the few shards that can have changed. Null when there are many, or when what a peer says does not make the commitments
   * of the header: there may be new shards, which only a list names.
   */
  async #changedOfKnown(
    facts: HeaderFacts,
    stored: HeaderFacts,
    signal: AbortSignal,
  ): Promise<readonly ShardRoots[] | null> {
    const { state, pool, crypto } = this.#parts
    const differ = suspectTrees(facts, stored, [])
    const known = changeable(await globalShardKeys(state), differ)
    if (known === null) return null
    for (const peer of pool.peers()) {
      try {
        const asked = await askShards(peer, known.few, facts.number, signal)
        const others = known.touched.filter((key) => !known.few.includes(key))
        const same = others.map(async (key) => ({ shardKey: key, roots: await this.#storedRoots(key, stored) }))
        const folds = await foldsTo([...asked, ...(await Promise.all(same))], facts, differ, crypto, signal)
        return folds ? asked : null
      } catch (error) {
        this.#judge(peer.id, error, signal)
      }
    }
    return null
  }

  /** Shards whose roots differ from the stored ones, by the first peer whose list makes the commitments of the header. */
  async #changedByList(
    facts: HeaderFacts,
    stored: HeaderFacts | undefined,
    signal: AbortSignal,
  ): Promise<readonly ShardRoots[]> {
    const { pool, crypto } = this.#parts
    for (const peer of pool.peers()) {
      try {
        const listed = await listShards(peer, facts.number, signal)
        const changed = listed && (await this.#changedOf(listed, stored))
        if (listed && changed && (await foldsTo(listed, facts, suspectTrees(facts, stored, changed), crypto, signal)))
          return changed
        pool.lied(peer.id, `its shards do not make the commitments of frame ${facts.number}`)
      } catch (error) {
        this.#judge(peer.id, error, signal)
      }
    }
    throw new FollowError('unavailable', `no peer has the state of frame ${facts.number}`)
  }

  /** What an error says of the peer that was asked; throws what no peer is to blame for. */
  #judge(peer: string, error: unknown, signal: AbortSignal): void {
    const { pool } = this.#parts
    signal.throwIfAborted()
    if (!(error instanceof PeerError)) throw error
    if (error.code === 'protocol') pool.lied(peer, error.message)
    else if (error.code !== 'notFound') pool.failed(peer)
  }

  async #changedOf(listed: readonly ShardRoots[], stored: HeaderFacts | undefined): Promise<readonly ShardRoots[]> {
    const own = await Promise.all(listed.map(({ shardKey }) => this.#storedRoots(shardKey, stored)))
    return listed.filter(({ roots }, index) =>
      PHASES.some((phase) => !sameBytes(roots[phase], (own[index] ?? EMPTY_ROOTS)[phase])),
    )
  }

  async #storedRoots(key: Uint8Array, stored: HeaderFacts | undefined): Promise<ShardRoots['roots']> {
    return stored === undefined ? EMPTY_ROOTS : this.#parts.state.at(stored.number).roots(key)
  }
}

function sameCommitments(a: HeaderFacts, b: HeaderFacts): boolean {
  return a.globalCommitments.every((root, index) => sameBytes(root, b.globalCommitments[index] ?? new Uint8Array(0)))
}
