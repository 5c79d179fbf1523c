/** Gets one tree of one shard from peers: what differs from the tree that is here, or all of it (spec 22 sections 5 and 6). */
import { checkBound } from '@petal/core/light/registry-pull.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import type { ServedLeaf } from '@petal/core/platform/state.ts'
import {
  type DropCode,
  PullError,
  type PullErrorCode,
  PullFailed,
  type PullPolicy,
  type PullTarget,
  pullDifference,
  type SyncProgress,
  startPull,
} from '@petal/core/sync/index.ts'
import type { NodeState } from '../state/node-state.ts'
import { FollowError } from './errors.ts'
import type { FollowedPeer } from './peer.ts'
import type { PeerPool } from './peer-pool.ts'
import type { Staging } from './staging.ts'

/** Bounds of a copy: what it takes in memory while the tree is built. */
export const COPY_LIMITS = { maxLeaves: 1_000_000, maxBytes: 1 << 30, askMillis: 30_000 } satisfies Partial<PullPolicy>

/** Without a peer for this long a copy is given up; what was set aside stays. */
const STARVED_MILLIS = 5_000

export interface TreeSyncParts {
  readonly state: NodeState
  readonly staging: Staging
  readonly crypto: Pick<Crypto, 'rebuildRoot'>
  readonly pool: Pick<PeerPool, 'peers' | 'failed' | 'lied' | 'onChange'>
  readonly onProgress: (target: PullTarget, progress: SyncProgress) => void
}

/** What a peer is not blamed for: it may have another generation, offer another root for that reason, or be slow. */
const HONEST_DROPS: readonly DropCode[] = ['refused', 'stalled', 'gone', 'root']
const HONEST_ERRORS: readonly PullErrorCode[] = ['refused', 'root', 'limit']

export class TreeSync {
  readonly #parts: TreeSyncParts

  constructor(parts: TreeSyncParts) {
    this.#parts = parts
  }

  /**
   * Makes the live tree that of the target. `frame`: committed frame whose tree is the live one; null = there is none. Rejects with
   * `FollowError` `unavailable`.
   */
  async sync(target: PullTarget, frame: bigint | null, signal: AbortSignal): Promise<void> {
    if (target.root.every((byte) => byte === 0)) return this.#empty(target)
    if (frame !== null && (await this.#patch(target, frame, signal))) return
    await this.#copy(target, signal)
  }

  async #empty(target: PullTarget): Promise<void> {
    const root = await this.#parts.state.replace(target.tree, noLeaves(), target.root)
    if (!sameBytes(root, target.root)) throw new FollowError('mismatch', 'an empty tree has another root')
  }

  /** Whether one of the peers gave what differs. */
  async #patch(target: PullTarget, frame: bigint, signal: AbortSignal): Promise<boolean> {
    for (const peer of this.#parts.pool.peers()) {
      for (const descend of [true, false]) {
        const patched = await this.#patchFrom(peer, target, frame, descend, signal)
        if (patched === 'done') return true
        if (patched === 'failed') break
        if (!descend) this.#parts.pool.lied(peer.id, 'its leaves make another root')
      }
    }
    return false
  }

  async #patchFrom(
    peer: FollowedPeer,
    target: PullTarget,
    frame: bigint,
    descend: boolean,
    signal: AbortSignal,
  ): Promise<'done' | 'otherRoot' | 'failed'> {
    const { state, pool } = this.#parts
    const ask = (query: Uint8Array) => peer.ask((node, limit) => node.values.sync(query, limit), signal)
    const check = (leaves: readonly ServedLeaf[]) => checkBound(target.tree, leaves, this.#parts.crypto, signal)
    try {
      const { puts, deletes } = await pullDifference(target, { ask }, state.at(frame), check, { descend })
      const root = await state.patch(target.tree, { puts, deletes }, target.root)
      return sameBytes(root, target.root) ? 'done' : 'otherRoot'
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof PullError && !HONEST_ERRORS.includes(error.code)) pool.lied(peer.id, error.message)
      else if (error instanceof PeerError) pool.failed(peer.id)
      else if (!(error instanceof PullError)) throw error
      return 'failed'
    }
  }

  async #copy(target: PullTarget, signal: AbortSignal): Promise<void> {
    const { state, staging, crypto, pool, onProgress } = this.#parts
    const given = new AbortController()
    const limit = AbortSignal.any([signal, given.signal])
    const starved = Promise.withResolvers<never>()
    let timer: NodeJS.Timeout | undefined
    const told = new Set<string>()
    /** The leaves that came last made another root: whoever is dropped for its root then sent them. */
    let rebuiltWrong = false
    const pull = startPull(
      target,
      {
        now: () => performance.now(),
        wakeAt: (at, wake) => {
          const wakes = setTimeout(wake, Math.max(at - performance.now(), 0))
          return () => clearTimeout(wakes)
        },
        check: (leaves) => checkBound(target.tree, leaves, crypto, limit),
        stage: (page, leaves) => {
          rebuiltWrong = false
          return staging.stage(target, page, leaves)
        },
        discard: () => staging.discard(target),
        rebuild: async () => {
          const root = await state.replace(target.tree, staging.leaves(target), target.root)
          rebuiltWrong = !sameBytes(root, target.root)
          return root
        },
        onProgress: (progress) => onProgress(target, progress),
        onDrop: (peer, code, reason) => {
          told.add(`${peer}: ${reason}`)
          if (HONEST_DROPS.includes(code) && !(code === 'root' && rebuiltWrong)) pool.failed(peer)
          else pool.lied(peer, reason)
        },
        onStarved: () => {
          timer ??= setTimeout(() => {
            starved.reject(new FollowError('unavailable', [...told].join('; ') || 'no peer is connected'))
          }, STARVED_MILLIS)
        },
      },
      { staged: await staging.pages(target), policy: COPY_LIMITS },
    )
    const asked = new Set<string>()
    const offer = () => {
      const peers = pool.peers()
      for (const peer of peers) {
        if (asked.has(peer.id)) continue
        asked.add(peer.id)
        clearTimeout(timer)
        timer = undefined
        const ask = (query: Uint8Array, abandoned: AbortSignal) =>
          peer.ask(
            (node, answer) => node.values.sync(query, answer),
            AbortSignal.any([limit, abandoned]),
            COPY_LIMITS.askMillis,
          )
        pull.addPeer({ id: peer.id, ask })
      }
      for (const id of asked) {
        if (peers.some((peer) => peer.id === id)) continue
        asked.delete(id)
        pull.removePeer(id)
      }
    }
    const stop = pool.onChange(offer)
    const aborted = () => starved.reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    starved.promise.catch(() => undefined)
    try {
      offer()
      signal.throwIfAborted()
      await Promise.race([pull.done, starved.promise])
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PullFailed)) throw error
      if (error.code === 'timeout') throw new FollowError('unavailable', error.message, { cause: error })
      throw error.cause ?? error
    } finally {
      stop()
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      pull.cancel()
      given.abort()
    }
  }
}

async function* noLeaves(): AsyncGenerator<ServedLeaf> {}
