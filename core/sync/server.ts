/**
 * Serving side of PerformSync (spec 22 sections 3, 4; SYN-02, SYN-04, SYN-11): every answer comes from one generation, and a root that is
 * asked for is enforced. Keeps nothing between queries but the generations that streams are reading.
 */
import type { BranchInfo, Generation, LeafRange, LeavesPage, State } from '../platform/state.ts'
import { StateError } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import { isShardKey } from '../state/location.ts'
import { SyncWireError } from './errors.ts'
import { SYNC_LIMITS } from './limits.ts'
import {
  type BranchAnswer,
  decodeQuery,
  type ErrorAnswer,
  encodeResponse,
  type LeavesAnswer,
  SYNC_CODE,
  type SyncCode,
  type SyncQuery,
  type SyncResponse,
} from './messages.ts'
import { readToken, tokenOf } from './token.ts'

export interface SyncServerOptions {
  /** Most bytes of leaves in a page: below the message limit of the transport. */
  readonly pageBytes?: number
  /** Told what went wrong inside, when a peer is answered `internal`. */
  readonly onFault?: (fault: unknown) => void
}

export class SyncServer {
  readonly #state: Pick<State, 'generation'>
  readonly #options: SyncServerOptions

  constructor(state: Pick<State, 'generation'>, options: SyncServerOptions = {}) {
    this.#state = state
    this.#options = options
  }

  /** Begins a stream. `close()` it when the peer is gone, or its generation is held for ever. */
  open(): SyncStream {
    return new SyncStream(this.#state, this.#options)
  }
}

/** One stream of queries, answered in order. It stays in the generation of its first answer as long as that is the one asked for. */
export class SyncStream {
  readonly #state: Pick<State, 'generation'>
  readonly #pageBytes: number
  readonly #onFault: (fault: unknown) => void
  /** The answer before: one after the other, also when queries do not wait. */
  #turn: Promise<unknown> = Promise.resolve()
  #generation: { readonly root: Uint8Array; readonly shardKey: Uint8Array; readonly held: Generation } | undefined
  #closed = false

  constructor(
    state: Pick<State, 'generation'>,
    { pageBytes = SYNC_LIMITS.pageBytes, onFault = () => {} }: SyncServerOptions,
  ) {
    this.#state = state
    this.#pageBytes = pageBytes
    this.#onFault = onFault
  }

  /** Response bytes. Never rejects; a fault of the state is answered as `internal`. */
  answer(bytes: Uint8Array): Promise<Uint8Array> {
    const answer = this.#turn.then(async () => encodeResponse(await this.#respond(bytes)))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  close(): void {
    this.#closed = true
    this.#generation?.held.release()
    this.#generation = undefined
  }

  async #respond(bytes: Uint8Array): Promise<SyncResponse> {
    let query: SyncQuery
    try {
      query = decodeQuery(bytes)
    } catch (error) {
      if (!(error instanceof SyncWireError)) throw error
      return refusal(
        error.code === 'range' || error.code === 'limit' ? SYNC_CODE.path : SYNC_CODE.unknown,
        error.message,
        [],
      )
    }
    if (!isShardKey(query.tree.shardKey))
      return refusal(SYNC_CODE.shardKey, 'the shard key is not L1 and L2 of a shard', query.path)
    try {
      const generation = await this.#generationFor(query)
      const { tree, path } = query
      if (query.kind === 'branch') return branchAnswer(query, await generation.branch(tree, path))
      return leavesAnswer(query, await generation.leaves(tree, path, leafRange(query, this.#pageBytes)))
    } catch (error) {
      const [code, text] = (error instanceof StateError && ANSWERS[error.code]) || [
        SYNC_CODE.internal,
        'internal error',
      ]
      if (code === SYNC_CODE.internal) this.#onFault(error)
      return refusal(code, text, query.path)
    }
  }

  async #generationFor({ tree, expectedRoot }: SyncQuery): Promise<Generation> {
    const held = this.#generation
    if (
      held !== undefined &&
      compareBytes(held.shardKey, tree.shardKey) === 0 &&
      compareBytes(held.root, expectedRoot) === 0
    )
      return held.held
    if (expectedRoot.length !== 0 && !SYNC_LIMITS.rootBytes.includes(expectedRoot.length))
      throw new StateError('unavailable', 'no root has that length')
    const wanted = expectedRoot.length === 0 ? undefined : { shardKey: tree.shardKey, root: expectedRoot }
    const found = await this.#state.generation(wanted)
    this.#generation?.held.release()
    if (this.#closed) {
      found.release()
      throw new StateError('closed', 'the stream was closed')
    }
    this.#generation = { root: expectedRoot.slice(), shardKey: tree.shardKey.slice(), held: found }
    return found
  }
}

type LeavesQuery = Extract<SyncQuery, { kind: 'leaves' }>

/** Which leaves a query asks for. The network starts again at 0 after a malformed token. */
export function leafRange({ maxLeaves, token }: LeavesQuery, maxBytes: number): LeafRange {
  const most = SYNC_LIMITS.pageLeaves
  return { from: readToken(token) ?? 0, max: maxLeaves === 0 ? most : Math.min(maxLeaves, most), maxBytes }
}

export function leavesAnswer({ path }: LeavesQuery, { leaves, next, total }: LeavesPage): LeavesAnswer {
  return { kind: 'leaves', path, leaves, token: next === undefined ? new Uint8Array(0) : tokenOf(next), total }
}

/** A leaf is answered under the path that was asked for, an empty tree without commitment (spec 22 section 3). */
export function branchAnswer({ path }: SyncQuery, info: BranchInfo): BranchAnswer {
  return {
    kind: 'branch',
    ...info,
    fullPath: info.isLeaf ? path : info.fullPath,
    commitment: info.leafCount === 0n ? new Uint8Array(0) : info.commitment,
  }
}

/** What a peer is told of an error of the state; of any other it learns nothing. */
const ANSWERS: Readonly<Record<string, readonly [code: SyncCode, text: string]>> = {
  notFound: [SYNC_CODE.notFound, 'path not found'],
  unavailable: [SYNC_CODE.unavailable, 'no generation with that root'],
  arguments: [SYNC_CODE.path, 'not a path of a tree'],
}

const refusal = (code: SyncCode, message: string, path: readonly number[]): ErrorAnswer => ({
  kind: 'error',
  code,
  message,
  path,
})
