/** A pull among made-up peers on a made-up clock, for tests: what each peer answers is a function of what an honest one would. */
import type { Millis } from '../platform/machine.ts'
import type { ServedLeaf } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import type { LeafGeneration } from '../state/leaf-generation.ts'
import type { DropCode, PullEffect, PullEvent, PullPolicy, PullTarget } from './events.ts'
import { FullCopy } from './full-copy.ts'
import { checkBoundTrees } from './leaf-check.ts'
import { madeUpTrees } from './made-up.ts'
import { decodeQuery, encodeResponse, type SyncQuery, type SyncResponse } from './messages.ts'
import type { StagedPage } from './pages.ts'
import type { SyncProgress } from './progress.ts'
import { branchAnswer, leafRange, leavesAnswer } from './server.ts'

/** A peer: answers, sends raw bytes, breaks the stream (null) or says nothing (undefined). */
export type Peer = (query: SyncQuery, count: number) => SyncResponse | Uint8Array | null | undefined

const PAGE_BYTES = 1 << 20
const ANSWER_MILLIS = 10

/** A peer that serves the generation. */
export const honest =
  (generation: LeafGeneration): Peer =>
  (query) =>
    query.kind === 'branch'
      ? branchAnswer(query, generation.branchAt(query.path))
      : leavesAnswer(query, generation.leavesAt(query.path, leafRange(query, PAGE_BYTES)))

export class PullSimulation {
  readonly #machine: FullCopy
  readonly #target: PullTarget
  readonly #peers: ReadonlyMap<string, Peer>
  readonly #random: () => number
  readonly #queue: { readonly at: Millis; readonly event: PullEvent }[] = []
  readonly #asked = new Map<string, number>()
  now: Millis = 0
  readonly staged = new Map<number, { readonly page: StagedPage; readonly leaves: readonly ServedLeaf[] }>()
  readonly drops: { readonly peer: string; readonly code: DropCode }[] = []
  readonly progress: SyncProgress[] = []
  /** Leaves that peers sent, kept or not. */
  sent = 0
  starved = false
  outcome: 'running' | 'done' | 'timeout' | 'store' = 'running'

  /** `random`: 0 to 1; decides which of the things that happen at one time comes first. */
  constructor(target: PullTarget, peers: ReadonlyMap<string, Peer>, policy: Partial<PullPolicy>, random: () => number) {
    this.#machine = new FullCopy(target, policy)
    this.#target = target
    this.#peers = peers
    this.#random = random
  }

  /** Runs until the pull ends, or `steps` things have happened. `staged`: what an earlier run left. */
  run(
    staged: Iterable<{ readonly page: StagedPage; readonly leaves: readonly ServedLeaf[] }> = [],
    steps = 10_000,
  ): void {
    for (const item of staged) this.staged.set(item.page.from, item)
    this.#post({ kind: 'start', staged: [...this.staged.values()].map(({ page }) => page) }, 0)
    for (const peer of this.#peers.keys()) this.#post({ kind: 'peer', peer }, 1)
    for (let step = 0; step < steps && this.outcome === 'running'; step++) {
      const next = this.#take()
      if (next === undefined) return
      this.now = next.at
      for (const effect of this.#machine.handle(next.event, this.now)) this.#perform(effect)
    }
  }

  #take() {
    const time = Math.min(...this.#queue.map(({ at }) => at))
    const due = this.#queue.filter(({ at }) => at === time)
    const chosen = due[Math.floor(this.#random() * due.length)]
    if (chosen) this.#queue.splice(this.#queue.indexOf(chosen), 1)
    return chosen
  }

  #post(event: PullEvent, delay: Millis): void {
    this.#queue.push({ at: this.now + delay, event })
  }

  #perform(effect: PullEffect): void {
    switch (effect.kind) {
      case 'ask':
        this.#answer(effect)
        return
      case 'check':
        this.#post(
          { kind: 'checked', ask: effect.ask, reason: checkBoundTrees(this.#target.tree, effect.leaves, madeUpTrees) },
          1,
        )
        return
      case 'stage':
        this.staged.set(effect.page.from, effect)
        return
      case 'discard':
        this.staged.clear()
        return
      case 'rebuild':
        this.#post({ kind: 'rebuilt', root: this.root() }, 1)
        return
      case 'drop':
        this.drops.push(effect)
        return
      case 'progress':
        this.progress.push(effect.progress)
        return
      case 'starved':
        this.starved = true
        return
      case 'wake':
        this.#post({ kind: 'wake' }, effect.at - this.now)
        return
      case 'done':
        this.outcome = 'done'
        return
      case 'failed':
        this.outcome = effect.code
        return
      case 'abandon':
    }
  }

  #answer({ ask, peer, query }: Extract<PullEffect, { kind: 'ask' }>): void {
    const count = this.#asked.get(peer) ?? 0
    this.#asked.set(peer, count + 1)
    const answer = this.#peers.get(peer)?.(decodeQuery(query), count)
    if (answer === undefined) return
    if (answer === null) this.#post({ kind: 'failed', ask, reason: 'the stream broke' }, ANSWER_MILLIS)
    else if (answer instanceof Uint8Array) this.#post({ kind: 'answered', ask, response: answer }, ANSWER_MILLIS)
    else {
      if (answer.kind === 'leaves') this.sent += answer.leaves.length
      this.#post({ kind: 'answered', ask, response: encodeResponse(answer) }, ANSWER_MILLIS)
    }
  }

  /** Root of what is staged. */
  root(): Uint8Array {
    const pages = [...this.staged.values()].sort((a, b) => a.page.from - b.page.from)
    const leaves = pages.flatMap((item) => item.leaves)
    return madeUpTrees.build(leaves, { commit: true }).root
  }

  /** Whether what is staged is the tree that was wanted. */
  get complete(): boolean {
    return compareBytes(this.root(), this.#target.root) === 0
  }
}
