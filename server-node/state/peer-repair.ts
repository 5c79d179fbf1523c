/**
 * Gets trees that a repair dropped, or built of leaves that make another root, from peers (spec 22 section 5): a full copy of each, under the root
 * that the newest header commits to. No peer is trusted: leaves that make another root are never kept.
 */

import type { Finding } from '@petal/core/light/events.ts'
import { checkBound } from '@petal/core/light/registry-pull.ts'
import { StateReadError, StateReader, type StateSource } from '@petal/core/light/state-reads.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { PHASES, type ServedLeaf, type TreeName, VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { GLOBAL_DOMAIN, shardL1 } from '@petal/core/state/location.ts'
import { PullFailed, type PullTarget, type SyncProgress, shardTargets, startPull } from '@petal/core/sync/index.ts'
import { commitsTo } from '../chain/ledger.ts'
import type { NodeState } from './node-state.ts'
import { globalTreesOf } from './shard-keys.ts'
import type { MissingTree } from './store-host.ts'

/** What one tree may take: it is held in memory until its root is right. */
const PULL_LIMITS = { maxLeaves: 2_000_000, maxBytes: 2 ** 30 }
const L1_BYTES = 3

export interface PeerRepairParts {
  /** Header of the newest frame in the store, which was verified before it was stored. */
  readonly header: Uint8Array
  readonly facts: HeaderFacts
  readonly peers: readonly StateSource[]
  readonly crypto: Pick<Crypto, 'rebuildRoot' | 'verifyTraversal'>
  readonly signal: AbortSignal
  readonly onProgress?: (tree: TreeName, progress: SyncProgress) => void
}

export interface PeerRepair {
  readonly restored: readonly TreeName[]
  /** Trees that are still missing or not those of the header, and why. */
  readonly failed: readonly { readonly tree: TreeName; readonly reason: string }[]
}

/** Restores what peers hold; what they do not stays as it is. Rejects when the store fails, or with the reason of the signal. */
export async function repairFromPeers(state: NodeState, parts: PeerRepairParts): Promise<PeerRepair> {
  const restored: TreeName[] = []
  const failed: { readonly tree: TreeName; readonly reason: string }[] = []
  const roots = new ShardRootsOf(parts)
  const restore = async (tree: TreeName, target: PullTarget | string) => {
    const reason = typeof target === 'string' ? target : await pull(state, target, tree, parts)
    if (reason === null) restored.push(tree)
    else failed.push({ tree, reason })
  }
  for (const tree of await state.refused()) await restore(tree, await roots.target(tree))
  // What the whole state commits to is known only when no tree is missing.
  if (failed.length === 0)
    for (const tree of await suspects(state, parts.facts)) {
      const target = await roots.target({ ...tree, root: null })
      const own = (await state.at(parts.facts.number).roots(tree.shardKey))[tree.phase]
      if (typeof target === 'string' || !sameBytes(own, target.root)) await restore(tree, target)
    }
  return { restored, failed }
}

/** Trees that may be others than those the header commits to: each of the three global values that its shard stands in differs. */
async function suspects(state: NodeState, facts: HeaderFacts): Promise<readonly TreeName[]> {
  const committed = await state.committed()
  if (committed === null || commitsTo(facts, committed)) return []
  const differs = (index: number) =>
    !sameBytes(committed.globalCommitments[index] ?? NOTHING, facts.globalCommitments[index] ?? NOTHING)
  const isRegistry = (domain: Uint8Array) => sameBytes(domain, GLOBAL_DOMAIN)
  return (await state.trees()).filter(({ shardKey, phase }) => {
    if (isRegistry(shardKey.subarray(L1_BYTES))) return phase === VERTEX_ADDS
    const trees = globalTreesOf(shardKey)
    return trees.some((tree) => tree !== 0) && trees.every(differs)
  })
}

const NOTHING = new Uint8Array(0)

/** Which root each tree must have. */
class ShardRootsOf {
  readonly #parts: PeerRepairParts
  readonly #reader: StateReader
  readonly #found = new Map<string, readonly PullTarget[] | string>()

  constructor(parts: PeerRepairParts) {
    this.#parts = parts
    const { header: bytes, facts, peers, crypto } = parts
    const header: Finding = {
      bytes,
      facts,
      checks: [],
      verified: 'full',
      reason: null,
      millis: 0,
      from: null,
      verifiedAt: 0,
    }
    this.#reader = new StateReader({
      crypto,
      peers: () => peers,
      heads: () => [header],
      header: async () => header,
      now: () => performance.now(),
    })
  }

  /** What to pull, or why nobody can say which root is right. */
  async target({ shardKey, phase, root }: MissingTree): Promise<PullTarget | string> {
    const tree = { shardKey, phase }
    const domain = shardKey.subarray(L1_BYTES)
    const { proverTreeCommitment } = this.#parts.facts
    if (sameBytes(domain, GLOBAL_DOMAIN)) {
      if (phase === VERTEX_ADDS) return { tree, anchor: proverTreeCommitment, root: proverTreeCommitment }
      // The header names the vertex adds of the registry only.
      return root === null ? UNKNOWN : { tree, anchor: proverTreeCommitment, root }
    }
    if (shardL1(domain).every((index) => index === 0)) return UNKNOWN
    const key = Buffer.from(shardKey).toString('hex')
    const known = this.#found.get(key) ?? (await this.#ask(domain))
    this.#found.set(key, known)
    return typeof known === 'string' ? known : (known[phase] ?? UNKNOWN)
  }

  async #ask(domain: Uint8Array): Promise<readonly PullTarget[] | string> {
    const { facts, signal } = this.#parts
    try {
      const { roots } = await this.#reader.shard(domain, facts.number, signal)
      const [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves] = roots
      if (roots.length !== PHASES.length || !vertexAdds || !vertexRemoves || !hyperedgeAdds || !hyperedgeRemoves)
        return UNKNOWN
      return shardTargets(domain, [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves])
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof StateReadError) return error.message
      throw error
    }
  }
}

const UNKNOWN = 'its root is lost, and no header commits to it'

/** Null when the tree is there again, or why not. */
async function pull(
  state: NodeState,
  target: PullTarget,
  tree: TreeName,
  { peers, crypto, signal, onProgress }: PeerRepairParts,
): Promise<string | null> {
  signal.throwIfAborted()
  let staged: { readonly from: number; readonly leaves: readonly ServedLeaf[] }[] = []
  const dropped: string[] = []
  const { promise: starved, resolve: starve } = Promise.withResolvers<string>()
  let offered = false
  const running = startPull(
    target,
    {
      now: () => performance.now(),
      wakeAt: (at, wake) => {
        const timer = setTimeout(wake, Math.max(0, at - performance.now()))
        return () => clearTimeout(timer)
      },
      check: (leaves) => checkBound(target.tree, leaves, crypto, signal),
      stage: async ({ from }, leaves) => void staged.push({ from, leaves }),
      discard: async () => {
        staged = []
      },
      rebuild: () => state.restore(target.tree, inOrder(staged), target.root),
      onProgress: (progress) => onProgress?.(tree, progress),
      onDrop: (peer, _, reason) => void dropped.push(`${peer}: ${reason}`),
      onStarved: () => {
        if (offered) starve(dropped.join('; ') || 'no peer serves state')
      },
    },
    { policy: PULL_LIMITS },
  )
  for (const { id, values } of peers) {
    if (values === undefined) continue
    running.addPeer({ id, ask: (query, given) => values.sync(query, AbortSignal.any([given, signal])) })
  }
  offered = true
  if (peers.every(({ values }) => values === undefined)) starve('no peer serves state')
  const aborted = () => running.cancel()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([running.done.then(() => null), starved])
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof PullFailed)) throw error
    if (error.code === 'timeout') return error.message
    throw error.cause ?? error
  } finally {
    running.cancel()
    signal.removeEventListener('abort', aborted)
  }
}

async function* inOrder(
  staged: readonly { readonly from: number; readonly leaves: readonly ServedLeaf[] }[],
): AsyncIterable<ServedLeaf> {
  for (const { leaves } of staged.toSorted((a, b) => a.from - b.from)) yield* leaves
}
