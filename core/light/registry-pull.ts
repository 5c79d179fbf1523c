/**
 * Pulls a whole tree from the connected peers and rebuilds its root (spec 22 section 5): a full copy of `core/sync` over the light
 * protocol. Everything stays in memory: a light client pulls the prover registry and nothing else.
 */
import { sameBytes } from '../platform/bytes.ts'
import { type Crypto, CryptoError } from '../platform/crypto.ts'
import { type ServedLeaf, StateError, type TreeName } from '../platform/state.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'
import { PullFailed, startPull } from '../sync/drive-pull.ts'
import type { DropCode, PullTarget } from '../sync/events.ts'
import { boundTrees } from '../sync/leaf-check.ts'
import type { SyncProgress } from '../sync/progress.ts'
import type { DriverClock } from './driver.ts'
import type { StateSource } from './state-reads.ts'

/** What a tab takes: a registry of some ten thousand provers. */
const PULL_LIMITS = { maxLeaves: 200_000, maxBytes: 256 << 20, pullMillis: 120_000, askMillis: 15_000 }

export interface PullParts {
  readonly target: PullTarget
  readonly peers: readonly StateSource[]
  readonly crypto: Pick<Crypto, 'rebuildRoot'>
  readonly clock: DriverClock
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined
}

export interface Pulled {
  /** In tree order. */
  readonly leaves: readonly ServedLeaf[]
  /** Addresses of the peers whose pages were kept. */
  readonly from: readonly string[]
}

interface Dropped {
  readonly peer: string
  readonly code: DropCode
  readonly reason: string
}

export type TreePullErrorCode =
  | 'noPeers' // nobody to ask, or nobody answered
  | 'notFound' // no peer holds the tree with that root
  | 'refused' // what peers sent does not make that root
  | 'timeout' // it took too long

export class TreePullError extends Error {
  readonly code: TreePullErrorCode
  /** Peers that were not believed, and why. */
  readonly dropped: readonly Dropped[]
  constructor(code: TreePullErrorCode, message: string, dropped: readonly Dropped[]) {
    super(message)
    this.name = 'TreePullError'
    this.code = code
    this.dropped = dropped
  }
}

/**
 * Resolves with leaves whose tree has the root of the target. Rejects with `TreePullError`, with the `CryptoError` of an engine that fails, or
 * with the reason of the signal.
 */
export async function pullTree({ target, peers, crypto, clock, signal, onProgress }: PullParts): Promise<Pulled> {
  signal.throwIfAborted()
  const serving = peers.flatMap(({ id, address, values }) => (values === undefined ? [] : [{ id, address, values }]))
  if (serving.length === 0) throw new TreePullError('noPeers', 'no connected node serves state', [])
  const addresses = new Map(serving.map(({ id, address }) => [id, address]))
  const addressOf = (id: string) => addresses.get(id) ?? id
  const dropped: Dropped[] = []
  /** Addresses of peers that failed to answer, whatever the machine makes of it. */
  const unheard = new Set<string>()
  let staged: { readonly from: number; readonly peer: string | null; readonly leaves: readonly ServedLeaf[] }[] = []
  const leaves = () => staged.toSorted((a, b) => a.from - b.from).flatMap((page) => [...page.leaves])

  const starved = Promise.withResolvers<never>()
  /** The machine says that it has no peers also before the first one is offered. */
  let offered = false
  const pull = startPull(
    target,
    {
      now: clock.now,
      wakeAt: clock.at,
      check: (page) => checkBound(target.tree, page, crypto, signal),
      stage: async ({ from, peer }, page) => void staged.push({ from, peer: peer ?? null, leaves: page }),
      discard: async () => {
        staged = []
      },
      rebuild: () => crypto.rebuildRoot(leaves(), { signal }),
      onProgress: (progress) => onProgress?.(progress),
      onDrop: (peer, code, reason) => void dropped.push({ peer: addressOf(peer), code, reason }),
      onStarved: () => {
        if (offered) starved.reject(unbelieved(dropped, unheard))
      },
    },
    { policy: PULL_LIMITS },
  )
  const aborted = () => starved.reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  for (const { id, address, values } of serving) {
    const ask = async (query: Uint8Array, given: AbortSignal) => {
      try {
        return await values.sync(query, AbortSignal.any([given, signal]))
      } catch (error) {
        unheard.add(address)
        throw error
      }
    }
    pull.addPeer({ id, ask })
  }
  offered = true
  try {
    await Promise.race([pull.done, starved.promise])
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof PullFailed)) throw error
    if (error.code === 'timeout') throw new TreePullError('timeout', error.message, dropped)
    throw error.cause ?? error
  } finally {
    pull.cancel()
    signal.removeEventListener('abort', aborted)
  }
  const senders = new Set(staged.flatMap(({ peer }) => (peer === null ? [] : [addressOf(peer)])))
  return { leaves: leaves(), from: [...senders] }
}

/** Data trees that a hash target binds are rebuilt by the engine. Null, or what is wrong with them. */
export async function checkBound(
  tree: TreeName,
  leaves: readonly ServedLeaf[],
  crypto: Pick<Crypto, 'rebuildRoot'>,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    for (const leaf of leaves) {
      for (const blob of boundTrees(tree, leaf)) {
        const root = await crypto.rebuildRoot(readTreeLeaves(blob), { signal })
        if (!sameBytes(root, leaf.hashTarget)) return 'a data tree that its hash target does not bind'
      }
    }
    return null
  } catch (error) {
    // A tree that cannot be read or built is not the one that was hashed; anything else is a fault of ours.
    if (error instanceof StateError) return error.message
    if (error instanceof CryptoError && error.code === 'arguments') return 'a data tree that cannot be built'
    throw error
  }
}

/** Codes of a peer that did not lie. */
const HONEST: readonly DropCode[] = ['refused', 'stalled', 'gone']

function unbelieved(dropped: readonly Dropped[], unheard: ReadonlySet<string>): TreePullError {
  const lied = dropped.some(({ code }) => !HONEST.includes(code))
  const without = dropped.some(({ code, peer }) => code === 'refused' && !unheard.has(peer))
  const told = dropped.map(({ peer, reason }) => `${peer}: ${reason}`).join('; ')
  return new TreePullError(lied ? 'refused' : without ? 'notFound' : 'noPeers', told || 'no node answered', dropped)
}
