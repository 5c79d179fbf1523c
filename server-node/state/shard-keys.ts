/** Which shards a state has. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { ADDRESS_BYTES } from '@petal/core/state/location.ts'
import type { NodeState } from './node-state.ts'

/** Keys of the shards that have a tree, each once. */
export async function shardKeys(state: Pick<NodeState, 'trees'>): Promise<Uint8Array[]> {
  const trees = await state.trees()
  return [...new Map(trees.map(({ shardKey }) => [bytesToHex(shardKey), shardKey])).values()]
}

/** The three global trees that a shard stands in; zeros for the registry and others that stand in none. */
export const globalTreesOf = (shardKey: Uint8Array): number[] => [...shardKey.subarray(0, -ADDRESS_BYTES)]

/** Keys of the shards that global commitments hold (spec 21 section 6). */
export async function globalShardKeys(state: Pick<NodeState, 'trees'>): Promise<Uint8Array[]> {
  return (await shardKeys(state)).filter((key) => globalTreesOf(key).some((tree) => tree !== 0))
}
