/**
 * Roots, counts and sizes of shards for GetAppShards and GetGlobalShards (spec 51 section 5; hazard RPC-H12): a tree keeps count and size of
 * every node, so that a shard of millions of leaves costs one look at four nodes.
 */

import { Code, ConnectError } from '@connectrpc/connect'
import { PHASES, StateError, type TreeName } from '@petal/core/platform/state.ts'
import { isShardKey } from '@petal/core/state/location.ts'
import type { NodeGeneration } from '../../state/node-state.ts'

const LONGEST_PATH = 86
const EMPTY_ROOT = new Uint8Array(64)
const NOTHING: Node = { commitment: EMPTY_ROOT, leafCount: 0n, size: 0n }

export interface ShardFacts {
  readonly prefix: number[]
  readonly size: Uint8Array
  readonly dataShards: bigint
  readonly commitment: Uint8Array[]
}

/** What is asked of the state here. */
export interface ShardState {
  generation(): Promise<Pick<NodeGeneration, 'branch' | 'release'>>
}

/** The nodes at a path of the four trees; count and size are those of the vertex adds. Throws `ConnectError`, rejects with `StateError`. */
export async function shardFacts(state: ShardState, key: Uint8Array, prefix: readonly number[]): Promise<ShardFacts> {
  if (!isShardKey(key)) throw new ConnectError('the shard key is not L1 and L2 of a shard', Code.InvalidArgument)
  if (prefix.length > LONGEST_PATH || prefix.some((element) => element > 63))
    throw new ConnectError('not a path of a tree', Code.InvalidArgument)
  const generation = await state.generation()
  try {
    const nodes = await Promise.all(PHASES.map((phase) => nodeAt(generation, { shardKey: key, phase }, prefix)))
    const [adds = NOTHING] = nodes
    return {
      prefix: [...prefix],
      size: bigEndian(adds.size),
      dataShards: adds.leafCount,
      commitment: nodes.map(({ commitment }) => commitment),
    }
  } finally {
    generation.release()
  }
}

interface Node {
  readonly commitment: Uint8Array
  readonly leafCount: bigint
  readonly size: bigint
}

async function nodeAt(
  generation: Pick<NodeGeneration, 'branch'>,
  tree: TreeName,
  path: readonly number[],
): Promise<Node> {
  try {
    const node = await generation.branch(tree, path)
    return node.leafCount === 0n ? NOTHING : node
  } catch (error) {
    if (error instanceof StateError && error.code === 'notFound') return NOTHING
    throw error
  }
}

/** Unsigned, shortest form; nothing for 0. */
export function bigEndian(value: bigint): Uint8Array {
  const digits = value === 0n ? '' : value.toString(16)
  return new Uint8Array(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'))
}
