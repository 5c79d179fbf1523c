/** Runs a full copy to its end over promises: performs what the machine asks for, in order (docs/architecture.md section 2). */
import type { Millis } from '../platform/machine.ts'
import type { ServedLeaf } from '../platform/state.ts'
import type { DropCode, PullEffect, PullEvent, PullPolicy, PullTarget } from './events.ts'
import { FullCopy } from './full-copy.ts'
import type { StagedPage } from './pages.ts'
import type { SyncProgress } from './progress.ts'

/** A peer that may be asked. */
export interface PullSource {
  readonly id: string
  /** One answer to each query. Rejects when the stream broke; an aborted signal means that the answer is not wanted any more. */
  ask(query: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** What a platform does for a pull. */
export interface PullHost {
  now(): Millis
  /** Calls `wake` at or after a time; gives a function that calls it off. */
  wakeAt(at: Millis, wake: () => void): () => void
  /** `checkBoundTrees` on a worker. */
  check(leaves: readonly ServedLeaf[]): Promise<string | null>
  /** Sets a page aside; kept over a restart, a pull of the same target goes on from there. */
  stage(page: StagedPage, leaves: readonly ServedLeaf[]): Promise<void>
  discard(): Promise<void>
  /** Builds the tree from what is set aside in order of `from`; keeps it only when its root is the target's. Gives the root. */
  rebuild(): Promise<Uint8Array>
  onProgress?(progress: SyncProgress): void
  onDrop?(peer: string, code: DropCode, reason: string): void
  /** No peer is there yet, or all were dropped or are gone: `addPeer` another, or the pull ends by its time limit. */
  onStarved?(): void
}

/** Why a pull ended without the tree. */
export type PullFailure = 'timeout' | 'store' | 'cancelled'

export class PullFailed extends Error {
  readonly code: PullFailure
  constructor(code: PullFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PullFailed'
    this.code = code
  }
}

/** A pull on its way. */
export interface Pull {
  /** Leaves of the tree that was kept. Rejects with `PullFailed`. */
  readonly done: Promise<number>
  addPeer(source: PullSource): void
  removePeer(id: string): void
  cancel(): void
}

/** Begins a pull. `staged`: pages of the same target that an earlier run set aside. */
export function startPull(
  target: PullTarget,
  host: PullHost,
  options: { readonly staged?: readonly StagedPage[]; readonly policy?: Partial<PullPolicy> } = {},
): Pull {
  const driver = new Driver(new FullCopy(target, options.policy), host)
  driver.post({ kind: 'start', staged: options.staged ?? [] })
  return driver
}

class Driver implements Pull {
  readonly done: Promise<number>
  readonly #machine: FullCopy
  readonly #host: PullHost
  readonly #sources = new Map<string, PullSource>()
  readonly #asks = new Map<number, AbortController>()
  /** Writes one after the other: a rebuild sees every page before it. */
  #writes: Promise<void> = Promise.resolve()
  #callOff: () => void = () => {}
  #ended = false
  #resolve: (leaves: number) => void = () => {}
  #reject: (failure: PullFailed) => void = () => {}

  constructor(machine: FullCopy, host: PullHost) {
    this.#machine = machine
    this.#host = host
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // a pull that is called off need not be waited for
    this.done.catch(() => undefined)
  }

  addPeer(source: PullSource): void {
    this.#sources.set(source.id, source)
    this.post({ kind: 'peer', peer: source.id })
  }

  removePeer(id: string): void {
    this.post({ kind: 'gone', peer: id })
    this.#sources.delete(id)
  }

  cancel(): void {
    this.#fail('cancelled', 'the pull was called off')
  }

  post(event: PullEvent): void {
    if (this.#ended) return
    for (const effect of this.#machine.handle(event, this.#host.now())) this.#perform(effect)
  }

  #perform(effect: PullEffect): void {
    switch (effect.kind) {
      case 'ask':
        this.#ask(effect.ask, effect.peer, effect.query)
        return
      case 'abandon':
        this.#asks.get(effect.ask)?.abort()
        this.#asks.delete(effect.ask)
        return
      case 'check':
        this.#host.check(effect.leaves).then(
          (reason) => this.post({ kind: 'checked', ask: effect.ask, reason }),
          (cause) => this.#fail('store', 'leaves could not be checked', cause),
        )
        return
      case 'stage':
        this.#write(() => this.#host.stage(effect.page, effect.leaves))
        return
      case 'discard':
        this.#write(() => this.#host.discard())
        return
      case 'rebuild':
        this.#write(async () => {
          const root = await this.#host.rebuild()
          this.post({ kind: 'rebuilt', root })
        })
        return
      case 'drop':
        this.#host.onDrop?.(effect.peer, effect.code, effect.reason)
        return
      case 'progress':
        this.#host.onProgress?.(effect.progress)
        return
      case 'starved':
        this.#host.onStarved?.()
        return
      case 'wake':
        this.#callOff()
        this.#callOff = this.#host.wakeAt(effect.at, () => this.post({ kind: 'wake' }))
        return
      case 'done':
        this.#end()
        this.#resolve(effect.leaves)
        return
      case 'failed':
        this.#fail(effect.code, effect.reason)
    }
  }

  #ask(ask: number, peer: string, query: Uint8Array): void {
    const controller = new AbortController()
    this.#asks.set(ask, controller)
    const answer = this.#sources.get(peer)?.ask(query, controller.signal) ?? Promise.reject(new Error('no such peer'))
    answer.then(
      (response) => this.#settle(ask, { kind: 'answered', ask, response }),
      (error) => this.#settle(ask, { kind: 'failed', ask, reason: error instanceof Error ? error.message : 'unknown' }),
    )
  }

  #settle(ask: number, event: PullEvent): void {
    this.#asks.delete(ask)
    this.post(event)
  }

  #write(write: () => Promise<void>): void {
    this.#writes = this.#writes
      .then(() => (this.#ended ? undefined : write()))
      .catch((cause) => this.#fail('store', 'what was pulled could not be set aside or built', cause))
  }

  #fail(code: PullFailure, message: string, cause?: unknown): void {
    if (this.#ended) return
    this.#end()
    this.#reject(new PullFailed(code, message, cause === undefined ? {} : { cause }))
  }

  #end(): void {
    this.#ended = true
    this.#callOff()
    for (const controller of this.#asks.values()) controller.abort()
    this.#asks.clear()
  }
}
