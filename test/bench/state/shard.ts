/** One application shard of so many vertices in a store of the addon, in a directory that is removed at the end. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardKey } from '../../../core/state/location.ts'
import type { AddonStateStore, StateAddon } from '../../../server-node/state/addon.ts'
import { loadNativeEngine, type NativeEngine } from '../../engines/native.ts'

export type StateEngine = NativeEngine & StateAddon

export const loadStateEngine = (): StateEngine => loadNativeEngine() as StateEngine

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest())

export const DOMAIN = sha256('petal-bench-domain')
export const SHARD_KEY = shardKey(DOMAIN)
/** Vertices in one call while the shard is filled. */
const FILL = 50_000
const NONE = new Uint8Array(0)
const TYPICAL_HEADER = new Uint8Array(17_000)

export const address = (index: number): Uint8Array => sha256(`petal-bench-address ${index}`)

export function atomId(index: number): Uint8Array {
  const id = new Uint8Array(64)
  id.set(DOMAIN)
  id.set(address(index), 32)
  return id
}

/** A data tree of one field of 64 bytes, serialised: what a small vertex holds (171 bytes). */
export function vertexValue(engine: StateEngine, index: number, version: number): Uint8Array {
  const tree = new engine.Tree()
  try {
    const field = createHash('sha512').update(`petal-bench-field ${index} ${version}`).digest()
    tree.insert(Uint8Array.of(0), new Uint8Array(field), NONE, '64')
    tree.commit()
    return tree.serialise()
  } finally {
    tree.free()
  }
}

/** The shard on disk, one process at a time. */
export class DiskShard {
  readonly engine: StateEngine
  readonly leaves: number
  readonly directory: string
  readonly #store: AddonStateStore
  #frame: bigint

  constructor(engine: StateEngine, leaves: number, directory: string) {
    this.engine = engine
    this.leaves = leaves
    this.directory = directory
    this.#store = new engine.StateStore(directory, randomBytes(16), '{}')
    const { head } = JSON.parse(this.#store.describe()) as { readonly head: string | null }
    this.#frame = BigInt(head ?? 0)
  }

  /** A new shard with all its leaves, committed and durable. */
  static fill(engine: StateEngine, leaves: number, directory: string): DiskShard {
    const shard = new DiskShard(engine, leaves, directory)
    for (let from = 0; from < leaves; from += FILL)
      shard.#apply(Array.from({ length: Math.min(FILL, leaves - from) }, (_, index) => shard.change(from + index, 0)))
    shard.#finish()
    return shard
  }

  get store(): AddonStateStore {
    return this.#store
  }

  get frame(): bigint {
    return this.#frame
  }

  /** A vertex with the value of a version. */
  change(index: number, version: number): Change {
    return { id: atomId(index), value: vertexValue(this.engine, index, version) }
  }

  /** Applies, commits, and makes both durable together with a header. */
  update(changes: readonly Change[]): void {
    this.#apply(changes)
    this.#finish()
  }

  prove(index: number): Uint8Array {
    return this.#store.prove(SHARD_KEY, 0, [atomId(index)], this.#frame)
  }

  root(): Uint8Array {
    const [root] = this.#store.roots(SHARD_KEY, this.#frame)
    if (root === undefined) throw new Error('the shard has no root')
    return root
  }

  close(): void {
    this.#store.close()
  }

  #apply(changes: readonly Change[]): void {
    this.#store.apply(
      new Uint8Array(changes.length),
      changes.map(({ id }) => id),
      changes.map(({ value }) => value),
    )
  }

  #finish(): void {
    this.#frame++
    this.#store.commit(this.#frame)
    this.#store.persist(this.#frame, TYPICAL_HEADER)
  }
}

export interface Change {
  readonly id: Uint8Array
  readonly value: Uint8Array
}

export const temporaryDirectory = (): string => mkdtempSync(join(tmpdir(), 'petal-bench-'))
export const remove = (directory: string): void => rmSync(directory, { recursive: true, force: true })

/** So many different indices below a bound, the same each time (xorshift32). */
export function someOf(count: number, bound: number, seed: number): number[] {
  let state = (seed * 0x9e3779b1) >>> 0 || 1
  const chosen = new Set<number>()
  while (chosen.size < Math.min(count, bound)) {
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    chosen.add(state % bound)
  }
  return [...chosen]
}
