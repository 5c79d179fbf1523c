/** What to pull for a verified header (spec 22 sections 5, 10). */
import { PHASES } from '../platform/state.ts'
import { GLOBAL_DOMAIN, shardKey } from '../state/location.ts'
import type { PullTarget } from './events.ts'

/** The registry: vertex adds of the global domain, whose root is `prover_tree_commitment`. */
export const registryTarget = (proverRoot: Uint8Array): PullTarget => ({
  tree: { shardKey: shardKey(GLOBAL_DOMAIN), phase: 0 },
  anchor: proverRoot,
  root: proverRoot,
})

/**
 * The four trees of an application shard in the order in which they are pulled: vertex adds first, whose root names the generation of all. The
 * shard is at the header's frame only when all four are.
 */
export const shardTargets = (
  domain: Uint8Array,
  stateRoots: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array],
): PullTarget[] =>
  PHASES.map((phase) => ({
    tree: { shardKey: shardKey(domain), phase },
    anchor: stateRoots[0],
    root: stateRoots[phase],
  }))
