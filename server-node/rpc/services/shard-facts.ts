/** Roots, counts and sizes of shards for GetAppShards and GetGlobalShards (spec 51 section 5; hazard RPC-H12: counted once for each root). */

import { Code, ConnectError } from '@connectrpc/connect'
import { bytesToHex } from '@noble/hashes/utils.js'
import { type Generation, PHASES, StateError, type TreeName, VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { shardKey as shardKeyOf } from '@petal/core/state/location.ts'
import { Turns } from '../../state/turns.ts'

const SHARD_KEY_BYTES = 35
const DOMAIN_AT = 3
const LONGEST_PATH = 86
/** Leaves that are added up for a size; larger trees have none here. */
const COUNTED_LEAVES = 20_000n
const PAGE_LEAVES = 1_000
const PAGE_BYTES = 4 << 20
const REMEMBERED = 256
const EMPTY_ROOT = new Uint8Array(64)

export interface ShardFacts {
  readonly prefix: number[]
  readonly size: Uint8Array
  readonly dataShards: bigint
  readonly commitment: Uint8Array[]
}

/** What is asked of the state here. */
export interface ShardState {
  generation(): Promise<Generation>
}

export class ShardBook {
  readonly #state: ShardState
  readonly #sizes = new Map<string, bigint>()
  /** One tree is added up at a time; the store has other work too. */
  readonly #turns = new Turns(1, 32)

  constructor(state: ShardState) {
    this.#state = state
  }

  /** The nodes at a path of the four trees. Throws `ConnectError`. */
  async facts(key: Uint8Array, prefix: readonly number[]): Promise<ShardFacts> {
    if (!isShardKey(key)) throw new ConnectError('the shard key is not L1 and L2 of a shard', Code.InvalidArgument)
    if (prefix.length > LONGEST_PATH || prefix.some((element) => element > 63))
      throw new ConnectError('not a path of a tree', Code.InvalidArgument)
    const generation = await this.#state.generation()
    try {
      const nodes = await Promise.all(PHASES.map((phase) => nodeAt(generation, { shardKey: key, phase }, prefix)))
      const [adds] = nodes
      const tree = { shardKey: key, phase: VERTEX_ADDS }
      const size = adds === undefined || adds.count === 0n ? 0n : await this.#size(generation, tree, prefix, adds)
      return {
        prefix: [...prefix],
        size: bigEndian(size),
        dataShards: adds?.count ?? 0n,
        commitment: nodes.map(({ commitment }) => commitment),
      }
    } finally {
      generation.release()
    }
  }

  async #size(generation: Generation, tree: TreeName, path: readonly number[], node: Node): Promise<bigint> {
    const name = `${bytesToHex(tree.shardKey)} ${path.join('.')} ${bytesToHex(node.commitment)}`
    const known = this.#sizes.get(name)
    if (known !== undefined) return known
    if (node.count > COUNTED_LEAVES)
      throw new ConnectError(`${node.count} leaves: their size is not added up here`, Code.ResourceExhausted)
    const size = await this.#turns.run(() => sumOfSizes(generation, tree, path))
    const [oldest] = this.#sizes.keys()
    if (this.#sizes.size >= REMEMBERED && oldest !== undefined) this.#sizes.delete(oldest)
    this.#sizes.set(name, size)
    return size
  }
}

interface Node {
  readonly commitment: Uint8Array
  readonly count: bigint
}

async function nodeAt(generation: Generation, tree: TreeName, path: readonly number[]): Promise<Node> {
  try {
    const { commitment, leafCount } = await generation.branch(tree, path)
    return { commitment: leafCount === 0n ? EMPTY_ROOT : commitment, count: leafCount }
  } catch (error) {
    if (error instanceof StateError && error.code === 'notFound') return { commitment: EMPTY_ROOT, count: 0n }
    throw error
  }
}

async function sumOfSizes(generation: Generation, tree: TreeName, path: readonly number[]): Promise<bigint> {
  let sum = 0n
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await generation.leaves(tree, path, { from, max: PAGE_LEAVES, maxBytes: PAGE_BYTES })
    for (const { size } of page.leaves) sum += size
    from = page.next
  }
  return sum
}

/** 35 bytes whose L1 belongs to its L2. */
export const isShardKey = (key: Uint8Array): boolean =>
  key.length === SHARD_KEY_BYTES && bytesToHex(shardKeyOf(key.subarray(DOMAIN_AT))) === bytesToHex(key)

/** Unsigned, shortest form; nothing for 0. */
export function bigEndian(value: bigint): Uint8Array {
  const digits = value === 0n ? '' : value.toString(16)
  return new Uint8Array(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'))
}
