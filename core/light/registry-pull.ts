/**
 * Pulls a whole tree from the connected peers and rebuilds its root (spec 22 section 5): runs the machine of `core/sync` over the light
 * protocol. Everything stays in memory: a light client pulls the prover registry and nothing else.
 */

import { sameBytes } from '../platform/bytes.ts'
import type { Crypto } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { LightPeer } from '../platform/network.ts'
import { type ServedLeaf, StateError, type TreeName } from '../platform/state.ts'
import { readTreeLeaves } from '../state/tree-reader.ts'
import type { DropCode, PullEffect, PullEvent, PullTarget } from '../sync/events.ts'
import { FullCopy } from '../sync/full-copy.ts'
import { boundTrees } from '../sync/leaf-check.ts'
import type { SyncProgress } from '../sync/progress.ts'

/** What a tab takes: a registry of some ten thousand provers. */
const PULL_LIMITS = { maxLeaves: 200_000, maxBytes: 256 << 20, pullMillis: 120_000, askMillis: 15_000 }

export interface PullClock {
  now(): Millis
  /** Calls back once at that time or later, until cancelled by the function it answers. */
  at(time: Millis, callback: () => void): () => void
}

export interface PullParts {
  readonly target: PullTarget
  readonly peers: readonly LightPeer[]
  readonly crypto: Pick<Crypto, 'rebuildRoot'>
  readonly clock: PullClock
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined
}

export interface Pulled {
  /** In tree order. */
  readonly leaves: readonly ServedLeaf[]
  /** Addresses of the peers whose pages were kept. */
  readonly from: readonly string[]
}

export class PullError extends Error {
  readonly code: 'noPeers' | 'refused' | 'timeout'
  /** Peers that were not believed, and why. */
  readonly dropped: readonly { readonly peer: string; readonly code: DropCode; readonly reason: string }[]
  constructor(code: PullError['code'], message: string, dropped: PullError['dropped']) {
    super(message)
    this.name = 'PullError'
    this.code = code
    this.dropped = dropped
  }
}

/** Resolves with leaves whose tree has the root of the target. Rejects with `PullError`, or with the reason of the signal. */
export function pullTree(parts: PullParts): Promise<Pulled> {
  return new Pull(parts).run()
}

interface Staged {
  readonly from: number
  readonly peer: string | null
  readonly leaves: readonly ServedLeaf[]
}

class Pull {
  readonly #parts: PullParts
  readonly #machine: FullCopy
  readonly #peers: ReadonlyMap<string, LightPeer>
  readonly #asks = new Map<number, AbortController>()
  readonly #dropped: { peer: string; code: DropCode; reason: string }[] = []
  readonly #ended = Promise.withResolvers<Pulled>()
  #staged: Staged[] = []
  #cancelWake: () => void = () => {}
  #over = false

  constructor(parts: PullParts) {
    this.#parts = parts
    this.#machine = new FullCopy(parts.target, PULL_LIMITS)
    const serving = parts.peers.filter(({ values }) => values !== undefined)
    this.#peers = new Map(serving.map((peer) => [peer.id, peer]))
  }

  async run(): Promise<Pulled> {
    const { signal } = this.#parts
    signal.throwIfAborted()
    const abort = () => this.#end(() => this.#ended.reject(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    this.#send({ kind: 'start', staged: [] })
    for (const peer of this.#peers.keys()) this.#send({ kind: 'peer', peer })
    if (this.#peers.size === 0) this.#fail('noPeers', 'no connected node serves state')
    try {
      return await this.#ended.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #send(event: PullEvent): void {
    if (this.#over) return
    for (const effect of this.#machine.handle(event, this.#parts.clock.now())) this.#perform(effect)
  }

  #perform(effect: PullEffect): void {
    switch (effect.kind) {
      case 'ask':
        void this.#ask(effect.ask, effect.peer, effect.query)
        return
      case 'abandon':
        this.#asks.get(effect.ask)?.abort()
        return
      case 'check':
        void this.#check(effect.ask, effect.leaves)
        return
      case 'stage':
        this.#staged.push({ from: effect.page.from, peer: effect.page.peer ?? null, leaves: effect.leaves })
        return
      case 'discard':
        this.#staged = []
        return
      case 'rebuild':
        void this.#rebuild()
        return
      case 'drop':
        this.#dropped.push({ peer: effect.peer, code: effect.code, reason: effect.reason })
        return
      case 'progress':
        this.#parts.onProgress?.(effect.progress)
        return
      case 'starved':
        if (this.#peers.size > 0) this.#fail('refused', this.#reasons())
        return
      case 'wake':
        this.#cancelWake()
        this.#cancelWake = this.#parts.clock.at(effect.at, () => this.#send({ kind: 'wake' }))
        return
      case 'done':
        this.#end(() => this.#ended.resolve({ leaves: this.#leaves(), from: this.#senders() }))
        return
      case 'failed':
        this.#fail(effect.code === 'timeout' ? 'timeout' : 'refused', effect.reason)
    }
  }

  async #ask(ask: number, id: string, query: Uint8Array): Promise<void> {
    const controller = new AbortController()
    this.#asks.set(ask, controller)
    try {
      const values = this.#peers.get(id)?.values
      if (values === undefined) throw new RangeError('a peer that was not offered')
      const response = await values.sync(query, AbortSignal.any([controller.signal, this.#parts.signal]))
      this.#send({ kind: 'answered', ask, response })
    } catch (error) {
      this.#send({ kind: 'failed', ask, reason: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#asks.delete(ask)
    }
  }

  /** Data trees that a hash target binds are rebuilt by the engine. */
  async #check(ask: number, leaves: readonly ServedLeaf[]): Promise<void> {
    const { target, crypto, signal } = this.#parts
    let reason: string | null = null
    try {
      for (const leaf of leaves) {
        for (const blob of boundTrees(target.tree, leaf)) {
          const root = await crypto.rebuildRoot(readTreeLeaves(blob), { signal })
          if (!sameBytes(root, leaf.hashTarget)) reason = 'a data tree that its hash target does not bind'
        }
      }
    } catch (error) {
      if (signal.aborted) return
      reason = error instanceof StateError ? error.message : 'a data tree that cannot be rebuilt'
    }
    this.#send({ kind: 'checked', ask, reason })
  }

  async #rebuild(): Promise<void> {
    let root: Uint8Array | null = null
    try {
      root = await this.#parts.crypto.rebuildRoot(this.#leaves(), { signal: this.#parts.signal })
    } catch {
      // Keys that no tree can hold, or the pull was given up: no root.
    }
    this.#send({ kind: 'rebuilt', root })
  }

  #leaves(): ServedLeaf[] {
    return this.#staged.toSorted((a, b) => a.from - b.from).flatMap(({ leaves }) => [...leaves])
  }

  #senders(): string[] {
    const ids = new Set(this.#staged.flatMap(({ peer }) => (peer === null ? [] : [peer])))
    return [...ids].map((id) => this.#peers.get(id)?.address ?? id)
  }

  #reasons(): string {
    const told = this.#dropped.map(({ peer, reason }) => `${this.#peers.get(peer)?.address ?? peer}: ${reason}`)
    return told.length > 0 ? told.join('; ') : 'no node answered'
  }

  #fail(code: PullError['code'], message: string): void {
    this.#end(() => this.#ended.reject(new PullError(code, message, this.#dropped)))
  }

  #end(settle: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#cancelWake()
    for (const controller of this.#asks.values()) controller.abort()
    settle()
  }
}

/** Vertex adds of the prover registry: its root stands in every header. */
export function registryTarget(tree: TreeName, root: Uint8Array): PullTarget {
  return { tree, anchor: root, root }
}
