/** Pages of trees that are being copied, on disk until the frame whose state they belong to is: a node that is killed goes on from there. */
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import type { ServedLeaf } from '@petal/core/platform/state.ts'
import { type Store, StoreError } from '@petal/core/platform/store.ts'
import { decodeResponse, encodeResponse, type PullTarget, type StagedPage } from '@petal/core/sync/index.ts'

const PREFIX = new TextEncoder().encode('follow/stage/')
/** Keys deleted in one batch. */
const DELETED_AT_ONCE = 256

export class Staging {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** What an earlier run set aside for a target. */
  async pages(target: PullTarget): Promise<StagedPage[]> {
    const pages: StagedPage[] = []
    const prefix = prefixOf(target)
    for await (const { key, value } of this.#store.range(under(prefix))) {
      const leaves = leavesOf(value)
      const [first, last] = [leaves[0], leaves.at(-1)]
      if (first === undefined || last === undefined) continue
      const from = new DataView(key.buffer, key.byteOffset + prefix.length).getUint32(0)
      const page = { from, count: leaves.length, firstKey: first.key, lastKey: last.key, bytes: value.length }
      pages.push(page)
    }
    return pages
  }

  /** On disk when it resolves. */
  async stage(target: PullTarget, { from }: StagedPage, leaves: readonly ServedLeaf[]): Promise<void> {
    const key = concatBytes(prefixOf(target), u32(from))
    const empty = new Uint8Array(0)
    const value = encodeResponse({ kind: 'leaves', path: [], leaves, token: empty, total: BigInt(leaves.length) })
    await this.#store.batch([{ kind: 'put', key, value }], 'durable')
  }

  /** Leaves of a target in the order of their pages. */
  async *leaves(target: PullTarget): AsyncGenerator<ServedLeaf> {
    for await (const { value } of this.#store.range(under(prefixOf(target)))) yield* leavesOf(value)
  }

  async discard(target: PullTarget): Promise<void> {
    await this.#delete(prefixOf(target), () => true)
  }

  /** Throws away what is of no target of these. */
  async keepOnly(targets: readonly PullTarget[]): Promise<void> {
    const kept = new Set(targets.map((target) => bytesToHex(prefixOf(target))))
    await this.#delete(PREFIX, (key) => !kept.has(bytesToHex(key.subarray(0, -4))))
  }

  async #delete(prefix: Uint8Array, chosen: (key: Uint8Array) => boolean): Promise<void> {
    let batch: Uint8Array[] = []
    const flush = async () => {
      const keys = batch
      batch = []
      if (keys.length > 0)
        await this.#store.batch(
          keys.map((key) => ({ kind: 'delete' as const, key })),
          'durable',
        )
    }
    for await (const { key } of this.#store.range(under(prefix))) {
      if (chosen(key) && batch.push(key) >= DELETED_AT_ONCE) await flush()
    }
    await flush()
  }
}

/** One prefix for each tree and root: what was set aside for another root is no part of it. */
function prefixOf({ tree, root }: PullTarget): Uint8Array {
  return concatBytes(PREFIX, tree.shardKey, Uint8Array.of(tree.phase, root.length), root)
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const under = (prefix: Uint8Array) => ({ from: prefix, to: concatBytes(prefix, new Uint8Array(128).fill(0xff)) })

function leavesOf(value: Uint8Array): readonly ServedLeaf[] {
  const page = decodeResponse(value)
  if (page.kind !== 'leaves') throw new StoreError('corrupt', 'a page of leaves that was set aside holds none')
  return page.leaves
}
