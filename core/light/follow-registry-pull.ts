/**
 * Gets the registry of a root from peers that are not trusted (spec 11 section 8.4 step 2): what differs from the registry that is held, else
 * all of it. Whatever is handed out was rebuilt here and has that root.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { CryptoError } from '../platform/crypto.ts'
import { PeerError } from '../platform/network.ts'
import { StateError } from '../platform/state.ts'
import { PullError, pullDifference, registryTarget } from '../sync/index.ts'
import type { SyncProgress } from '../sync/progress.ts'
import type { FollowBudget } from './follow-registry-budget.ts'
import { HeldRegistry } from './follow-registry-tree.ts'
import { FollowError, type FollowErrorCode, type FollowHost, type RegistrySource } from './follow-registry-types.ts'
import { checkBound, pullTree, TreePullError, type TreePullErrorCode } from './registry-pull.ts'

/** A larger difference is better copied. */
const DIFFERENCE_LIMITS = { asks: 2_000, leaves: 20_000 }

export interface PulledRegistry {
  readonly tree: HeldRegistry
  readonly source: RegistrySource
}

export interface RegistryWish {
  readonly root: Uint8Array
  /** What is held already; null at the beginning. */
  readonly base: HeldRegistry | null
  readonly host: FollowHost
  readonly budget: FollowBudget
  readonly signal: AbortSignal
  readonly onSync: (progress: SyncProgress) => void
}

/** Rejects with `FollowError`, `CryptoError` or the reason of the signal. */
export async function pullRegistry(wish: RegistryWish): Promise<PulledRegistry> {
  if (wish.base !== null) {
    const tree = await difference(wish, wish.base)
    if (tree !== null) return { tree, source: 'difference' }
  }
  return { tree: await copy(wish), source: 'copy' }
}

/** Asks one peer after the other; null when none of them makes the root that way. */
async function difference(wish: RegistryWish, base: HeldRegistry): Promise<HeldRegistry | null> {
  const { root, host, budget, signal } = wish
  const target = registryTarget(root)
  for (const peer of budget.sources(host.peers(), signal)) {
    const { values } = peer
    if (values === undefined) continue
    // peers of the current release hide prefixes below the root (SYN-08): then the second way
    for (const descend of [true, false]) {
      try {
        const ask = (query: Uint8Array) => values.sync(query, signal)
        const check = (leaves: Parameters<typeof checkBound>[1]) => checkBound(target.tree, leaves, host.crypto, signal)
        const tree = base.patched(await pullDifference(target, { ask }, base, check, { ...DIFFERENCE_LIMITS, descend }))
        if (sameBytes(await tree.root(signal), root)) return tree
      } catch (error) {
        signal.throwIfAborted()
        if (!isOfPeer(error)) throw error
        // only a way that led astray is worth another try
        if (!(error instanceof PullError) || error.code === 'root' || error.code === 'refused') break
      }
    }
  }
  return null
}

/** Leaves that no tree can hold are the peer's fault like any other lie. */
const isOfPeer = (error: unknown): boolean =>
  error instanceof PullError ||
  error instanceof PeerError ||
  error instanceof StateError ||
  (error instanceof CryptoError && error.code === 'arguments')

async function copy({ root, host, budget, signal, onSync }: RegistryWish): Promise<HeldRegistry> {
  try {
    const { leaves } = await pullTree({
      target: registryTarget(root),
      peers: budget.sources(host.peers(), signal),
      crypto: host.crypto,
      clock: host.clock,
      signal,
      onProgress: onSync,
    })
    return HeldRegistry.of(leaves, host.crypto)
  } catch (error) {
    if (!(error instanceof TreePullError)) throw error
    const message = `the registry ${bytesToHex(root).slice(0, 16)}... : ${error.message}`
    throw new FollowError(CODES[error.code], message, [], { cause: error })
  }
}

const CODES: Readonly<Record<TreePullErrorCode, FollowErrorCode>> = {
  noPeers: 'noPeers',
  notFound: 'notFound',
  refused: 'refused',
  timeout: 'notFound',
}
