/**
 * Which shards the state of a frame has, and their roots: a peer's list, or its answers for the few that can have changed, verified against the
 * global commitments (spec 21 section 6).
 */

import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto, HeaderFacts } from '@petal/core/platform/crypto.ts'
import { type ListedShard, PeerError, type ShardsAnswer } from '@petal/core/platform/network.ts'
import type { ShardRoots } from '@petal/core/platform/state.ts'
import { compareBytes } from '@petal/core/state/bytes.ts'
import { foldedLeaves } from '@petal/core/state/global-commitments.ts'
import { ADDRESS_BYTES, shardKey } from '@petal/core/state/location.ts'
import { globalTreesOf } from '../state/shard-keys.ts'
import type { FollowedPeer } from './peer.ts'

/** Shards that a network may have here: 24 MB of list. */
export const MAX_SHARDS = 65_536

const EMPTY_ROOT = new Uint8Array(64)

/** The list of one peer for a frame; null when it is none, or longer than what is taken. Rejects as the peer does. */
export async function listShards(
  peer: FollowedPeer,
  frame: bigint,
  signal: AbortSignal,
): Promise<readonly ShardRoots[] | null> {
  const all: ListedShard[] = []
  for (let after: Uint8Array | null = null; ; ) {
    const from: Uint8Array | null = after
    const { shards, more } = await page(peer, frame, from, signal)
    const [first, last] = [shards[0], shards.at(-1)]
    if (first !== undefined && after !== null && compareBytes(first.domain, after) <= 0) return null
    all.push(...shards)
    if (all.length > MAX_SHARDS) return null
    if (!more || last === undefined) break
    after = last.domain
  }
  const listed = all.map(({ domain, roots }) => ({ shardKey: shardKey(domain), roots }))
  // nothing binds the roots of a shard that is in no global tree
  return listed.every(({ shardKey: key }) => globalTreesOf(key).some((tree) => tree !== 0)) ? listed : null
}

/** Shards that are asked for one by one; where more can have changed, the list costs less. */
export const ASKED_SHARDS = 16

/**
 * The shards of a stored state that can have changed since, when they are few: a shard that changes changes each of its three global trees. With
 * `touched`, those that stand in one of these trees at all. New shards are in neither. `keys`: of shards that global commitments hold.
 */
export function changeable(
  keys: readonly Uint8Array[],
  differ: ReadonlySet<number>,
): { readonly few: readonly Uint8Array[]; readonly touched: readonly Uint8Array[] } | null {
  const few = keys.filter((key) => globalTreesOf(key).every((tree) => differ.has(tree)))
  if (few.length === 0 || few.length > ASKED_SHARDS) return null
  return { few, touched: keys.filter((key) => globalTreesOf(key).some((tree) => differ.has(tree))) }
}

/** Roots of single shards by one peer, not verified. Rejects as the peer does. */
export async function askShards(
  peer: FollowedPeer,
  keys: readonly Uint8Array[],
  frame: bigint,
  signal: AbortSignal,
): Promise<readonly ShardRoots[]> {
  const asked: ShardRoots[] = []
  for (const key of keys) {
    const { roots } = await peer.ask((node, limit) => {
      if (node.values === undefined) throw new PeerError('notFound', 'it serves no state')
      return node.values.shard(key.subarray(-ADDRESS_BYTES), frame, limit)
    }, signal)
    const [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves] = roots
    if (!vertexAdds || !vertexRemoves || !hyperedgeAdds || !hyperedgeRemoves)
      throw new PeerError('protocol', `${roots.length} roots of a shard`)
    asked.push({ shardKey: key, roots: [vertexAdds, vertexRemoves, hyperedgeAdds, hyperedgeRemoves] })
  }
  return asked
}

function page(peer: FollowedPeer, frame: bigint, after: Uint8Array | null, signal: AbortSignal): Promise<ShardsAnswer> {
  return peer.ask((node, limit) => node.shards(frame, after, limit), signal)
}

/** Global trees that may differ between two states: those whose commitments do, and those of shards whose roots do. */
export function suspectTrees(
  facts: HeaderFacts,
  before: HeaderFacts | undefined,
  changed: readonly ShardRoots[],
): ReadonlySet<number> {
  const all = facts.globalCommitments.map((_, index) => index)
  if (before === undefined) return new Set(all)
  const differ = all.filter((index) => {
    return !sameBytes(facts.globalCommitments[index] ?? EMPTY_ROOT, before.globalCommitments[index] ?? EMPTY_ROOT)
  })
  return new Set([...differ, ...changed.flatMap((shard) => globalTreesOf(shard.shardKey))])
}

/** Whether the list makes those commitments of the header. */
export async function foldsTo(
  shards: readonly ShardRoots[],
  { globalCommitments }: HeaderFacts,
  trees: ReadonlySet<number>,
  crypto: Pick<Crypto, 'rebuildRoot'>,
  signal: AbortSignal,
): Promise<boolean> {
  const leaves = foldedLeaves(shards)
  const judged = await Promise.all(
    [...trees].map(async (index) => {
      const own = leaves[index] ?? []
      const root = own.length === 0 ? EMPTY_ROOT : await crypto.rebuildRoot(own, { signal })
      return sameBytes(root, globalCommitments[index] ?? new Uint8Array(0))
    }),
  )
  return judged.every((same) => same)
}
