/** The 256 global commitments by the frame rule (spec 21 section 6, HYP-07). */
import { type ShardRoots, StateError, type TreeLeaf, type Trees } from '../platform/state.ts'
import { SHARD_KEY_BYTES } from './location.ts'

const TREES = 256
const L1_BYTES = SHARD_KEY_BYTES - 32

/** Every shard with an L1 stands in its three trees, once per phase: L2 with the phase in its two top bits -> root. */
export function foldedCommitments(shards: readonly ShardRoots[], trees: Trees): Uint8Array[] {
  return foldedLeaves(shards).map((own) =>
    own.length === 0 ? new Uint8Array(64) : trees.build(own, { commit: true }).root,
  )
}

/** Leaves of each of the 256 trees. Throws `StateError` `corrupt` for an address that cannot be folded. */
export function foldedLeaves(shards: readonly ShardRoots[]): TreeLeaf[][] {
  const leaves: TreeLeaf[][] = Array.from({ length: TREES }, () => [])
  for (const { shardKey, roots } of shards) {
    const [l1, l2] = [shardKey.subarray(0, L1_BYTES), shardKey.subarray(L1_BYTES)]
    if (l1.every((byte) => byte === 0)) continue
    // a larger first byte would collide with another phase (H-10); such addresses have no L1
    if ((l2[0] ?? 0) > 0x3f) throw new StateError('corrupt', 'a shard with an L1 and an address out of the field')
    for (const [phase, value] of roots.entries()) {
      const key = l2.slice()
      key[0] = (key[0] ?? 0) | (phase << 6)
      for (const index of l1)
        leaves[index]?.push({ key, value, hashTarget: new Uint8Array(0), size: BigInt(value.length) })
    }
  }
  return leaves
}
