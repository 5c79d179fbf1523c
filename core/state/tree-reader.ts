/**
 * Leaves of a serialised tree (spec 20 section 8.5), for reading fields without an engine. Commitments and sizes of branches are skipped,
 * nothing is hashed; but every leaf must stand where its key leads, or two readers could find different values in one blob. Recursion is a
 * list, so that no blob can exhaust the stack.
 */
import { StateError, type TreeLeaf } from '../platform/state.ts'
import { pathOf } from './location.ts'

/** Bounds of spec 20 section 8.5. */
export const TREE_LIMITS = { bytes: 64 << 20, key: 64, prefix: 256, field: 16 << 20 }

const CHILDREN = 64
/** Elements of the path of the longest key; it bounds the depth as well, below the 128 of the page. */
const LONGEST_PATH = 86
const COMMITMENT_BYTES: readonly number[] = [0, 64, 74]

/** Leaves in tree order; bytes after the tree are ignored. Throws `StateError` `corrupt`. */
export function readTreeLeaves(blob: Uint8Array): TreeLeaf[] {
  if (blob.length > TREE_LIMITS.bytes) throw corrupt(`${blob.length} bytes, ${TREE_LIMITS.bytes} allowed`)
  const reader = new BlobReader(blob)
  const leaves: TreeLeaf[] = []
  const open: OpenBranch[] = []
  do {
    const parent = open.at(-1)
    const tag = reader.byte()
    if (tag === 1) leaves.push(placed(reader.leaf(), pathBelow(parent)))
    else if (tag === 2) {
      const path = [...pathBelow(parent), ...reader.prefix()]
      if (path.length > LONGEST_PATH) throw corrupt(`a path of ${path.length} elements`)
      open.push({ path, child: 0 })
      continue
    } else if (tag !== 0) throw corrupt(`no node has the tag ${tag}`)
    for (let branch = open.at(-1); branch !== undefined; branch = open.at(-1)) {
      branch.child += 1
      if (branch.child < CHILDREN) break
      reader.branchEnd()
      open.pop()
    }
  } while (open.length > 0)
  return leaves
}

/** A branch that is being read: its full path, and the slot that comes next. */
interface OpenBranch {
  readonly path: readonly number[]
  child: number
}

const pathBelow = (parent: OpenBranch | undefined): readonly number[] =>
  parent === undefined ? [] : [...parent.path, parent.child]

function placed(leaf: TreeLeaf, path: readonly number[]): TreeLeaf {
  const own = pathOf(leaf.key)
  if (path.length > own.length || path.some((element, depth) => own[depth] !== element))
    throw corrupt('a leaf stands where its key does not lead')
  return leaf
}

const corrupt = (reason: string): StateError => new StateError('corrupt', `serialised tree: ${reason}`)

class BlobReader {
  readonly #blob: Uint8Array
  readonly #view: DataView
  #position = 0

  constructor(blob: Uint8Array) {
    this.#blob = blob
    this.#view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  leaf(): TreeLeaf {
    const key = this.#field()
    const value = this.#field()
    const hashTarget = this.#field()
    this.#commitment()
    if (key.length === 0 || key.length > TREE_LIMITS.key) throw corrupt(`a key of ${key.length} bytes`)
    return { key, value, hashTarget, size: this.#size() }
  }

  prefix(): number[] {
    const length = this.#view.getUint32(this.#advance(4))
    if (length > TREE_LIMITS.prefix) throw corrupt(`a prefix of ${length} elements`)
    const elements: number[] = []
    for (let i = 0; i < length; i++) {
      const element = this.#view.getInt32(this.#advance(4))
      if (element < 0 || element >= CHILDREN) throw corrupt(`a prefix element ${element}`)
      elements.push(element)
    }
    return elements
  }

  /** What follows the children of a branch: commitment, size, leaf count, longest branch. */
  branchEnd(): void {
    this.#commitment()
    this.#size()
    this.#advance(12)
  }

  #commitment(): void {
    const { length } = this.#field()
    if (!COMMITMENT_BYTES.includes(length)) throw corrupt(`a commitment of ${length} bytes`)
  }

  #size(): bigint {
    const bytes = this.#field()
    if (bytes.length > 32) throw corrupt(`a size of ${bytes.length} bytes`)
    let size = 0n
    for (const byte of bytes) size = (size << 8n) | BigInt(byte)
    return size
  }

  #field(): Uint8Array {
    const length = this.#view.getBigUint64(this.#advance(8))
    if (length > BigInt(TREE_LIMITS.field)) throw corrupt(`a field of ${length} bytes`)
    const start = this.#advance(Number(length))
    return this.#blob.subarray(start, start + Number(length))
  }

  #advance(count: number): number {
    const start = this.#position
    if (start + count > this.#blob.length) throw corrupt('the bytes end inside a node')
    this.#position = start + count
    return start
  }
}
