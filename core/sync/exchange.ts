/** Questions to one peer, one after the other, for pulls that need few (spec 22 sections 3, 6). */
import type { ServedLeaf, TreeName } from '../platform/state.ts'
import { SyncWireError } from './errors.ts'
import { checkPage } from './leaf-check.ts'
import { SYNC_LIMITS } from './limits.ts'
import { type BranchAnswer, decodeResponse, encodeQuery, SYNC_CODE, type SyncResponse } from './messages.ts'
import { readToken, tokenOf } from './token.ts'

/** Sends a query and gives the response; rejects when the stream breaks or the caller's patience ends. */
export interface SyncPeer {
  ask(query: Uint8Array): Promise<Uint8Array>
}

/** Why a peer was of no use for a pull. */
export type PullErrorCode =
  | 'root' // offers another root than the wanted one, or what it sent makes another
  | 'refused' // answers an error
  | 'protocol' // not an answer to the question
  | 'truncated' // pages and counts do not agree
  | 'leaf' // a leaf contradicts itself, its shard, its place or the order
  | 'limit' // more questions or leaves than are allowed

export class PullError extends Error {
  readonly code: PullErrorCode
  constructor(code: PullErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PullError'
    this.code = code
  }
}

/** Bounds of what one peer can make a pull do. */
export interface ExchangeLimits {
  readonly asks: number
  readonly leaves: number
}

export class Exchange {
  readonly tree: TreeName
  readonly #peer: SyncPeer
  readonly #anchor: Uint8Array
  readonly #limits: ExchangeLimits
  #asks = 0
  #leaves = 0

  /** `anchor`: expected root of every question. */
  constructor(peer: SyncPeer, tree: TreeName, anchor: Uint8Array, limits: ExchangeLimits) {
    this.tree = tree
    this.#peer = peer
    this.#anchor = anchor
    this.#limits = limits
  }

  /** Leaves received so far. */
  get received(): number {
    return this.#leaves
  }

  /** The node at a path; null when the peer has none there. Throws `PullError`. */
  async branch(path: readonly number[]): Promise<BranchAnswer | null> {
    const answer = await this.#ask(encodeQuery({ kind: 'branch', ...this.#common(path) }))
    if (answer.kind === 'branch') {
      const { fullPath } = answer
      if (path.some((element, depth) => fullPath[depth] !== element))
        throw new PullError('protocol', 'a node that is not below the path asked for')
      return answer
    }
    return this.#absent(answer)
  }

  /** All leaves below a path in order, checked one by one but for their data trees; null when the peer has none there. */
  async leaves(path: readonly number[]): Promise<ServedLeaf[] | null> {
    const all: ServedLeaf[] = []
    for (;;) {
      const token = all.length === 0 ? new Uint8Array(0) : tokenOf(all.length)
      const maxLeaves = SYNC_LIMITS.pageLeaves
      const page = await this.#ask(encodeQuery({ kind: 'leaves', ...this.#common(path), maxLeaves, token }))
      if (page.kind !== 'leaves') return this.#absent(page)
      this.#leaves += page.leaves.length
      if (this.#leaves > this.#limits.leaves) throw new PullError('limit', `more than ${this.#limits.leaves} leaves`)
      all.push(...page.leaves)
      const next = page.token.length === 0 ? Number(page.total) : readToken(page.token)
      if (next !== all.length || BigInt(all.length) > page.total || page.leaves.length === 0)
        throw new PullError('truncated', `leaves up to ${all.length} of ${page.total}`)
      if (page.token.length > 0) continue
      const reason = checkPage(this.tree, all)
      if (reason !== null) throw new PullError('leaf', reason)
      return all
    }
  }

  #common(path: readonly number[]) {
    return { tree: this.tree, path, expectedRoot: this.#anchor }
  }

  /** The current release answers an invalid path where the other component says that there is no node. */
  #absent(answer: SyncResponse): null {
    if (answer.kind !== 'error') throw new PullError('protocol', `an answer about ${answer.kind} to another question`)
    if (answer.code === SYNC_CODE.notFound || answer.code === SYNC_CODE.shardKey) return null
    throw new PullError('refused', `error ${answer.code}: ${answer.message}`)
  }

  async #ask(query: Uint8Array): Promise<SyncResponse> {
    this.#asks += 1
    if (this.#asks > this.#limits.asks) throw new PullError('limit', `more than ${this.#limits.asks} questions`)
    try {
      return decodeResponse(await this.#peer.ask(query))
    } catch (error) {
      if (error instanceof SyncWireError) throw new PullError('protocol', error.message, { cause: error })
      throw error
    }
  }
}
