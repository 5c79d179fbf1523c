/**
 * Full copy of one phase tree (spec 22 section 5): asks peers for the root, then for pages of leaves by index, several peers at once; checks
 * every leaf; sets pages aside; builds the tree and keeps it only when it has the root of a verified header.
 *
 * No peer is trusted for anything: one that contradicts itself is dropped at once. Where pages of several peers together make another root,
 * nobody knows whose fault it is: everything is thrown away and peers are tried one at a time, so that the next wrong root has one author.
 */
import type { Machine, Millis } from '../platform/machine.ts'
import type { ServedLeaf } from '../platform/state.ts'
import { compareBytes } from '../state/bytes.ts'
import { SyncWireError } from './errors.ts'
import {
  type DropCode,
  PULL_POLICY,
  type PullEffect,
  type PullEvent,
  type PullPolicy,
  type PullTarget,
} from './events.ts'
import { boundTrees } from './leaf-check.ts'
import { decodeResponse, encodeQuery, type LeavesAnswer, type SyncResponse } from './messages.ts'
import { judgePage } from './page-answer.ts'
import { PageMap, type Range, type StagedPage } from './pages.ts'
import { type Ask, PeerTable, type PullPeer } from './peer-table.ts'
import { ProgressMeter } from './progress.ts'
import { judgeRoot } from './root-answer.ts'
import { tokenOf } from './token.ts'

interface CheckedPage {
  readonly page: StagedPage
  readonly leaves: readonly ServedLeaf[]
}

export class FullCopy implements Machine<PullEvent, PullEffect> {
  readonly #target: PullTarget
  readonly #policy: PullPolicy
  readonly #peers = new PeerTable()
  #effects: PullEffect[] = []
  #state: 'new' | 'pulling' | 'building' | 'ended' = 'new'
  #deadline: Millis = Number.POSITIVE_INFINITY
  #pages: PageMap | undefined
  #meter: ProgressMeter | undefined
  #resumed: readonly StagedPage[] = []
  /** Pages whose trees are being checked, by question. */
  readonly #checking = new Map<number, CheckedPage>()
  /** The one peer that is asked, after a mixed pull went wrong. */
  #solo: string | null = null
  #mixedFailed = false
  #starved = false
  #woken: Millis = Number.POSITIVE_INFINITY

  constructor(target: PullTarget, policy: Partial<PullPolicy> = {}) {
    this.#target = target
    this.#policy = { ...PULL_POLICY, ...policy }
  }

  handle(event: PullEvent, now: Millis): readonly PullEffect[] {
    this.#effects = []
    if (this.#state !== 'ended') {
      this.#on(event, now)
      this.#expire(now)
      if (this.#state === 'pulling') this.#askAll(now)
      this.#setAlarm(now)
    }
    return this.#effects
  }

  #on(event: PullEvent, now: Millis): void {
    switch (event.kind) {
      case 'start':
        if (this.#state !== 'new') return
        this.#state = 'pulling'
        this.#deadline = now + this.#policy.pullMillis
        this.#resumed = event.staged
        return
      case 'peer':
        if (this.#peers.add(event.peer)) this.#starved = false
        return
      case 'gone':
        if (this.#peers.get(event.peer)) this.#drop(event.peer, 'gone', 'the connection ended')
        return
      case 'answered':
        this.#answered(event.ask, event.response, now)
        return
      case 'failed': {
        const ask = this.#peers.take(event.ask)
        if (ask) this.#strike(ask, 'refused', event.reason)
        return
      }
      case 'checked':
        this.#checked(event.ask, event.reason, now)
        return
      case 'rebuilt':
        if (this.#state === 'building') this.#rebuilt(event.root)
        return
      case 'wake':
        this.#woken = Number.POSITIVE_INFINITY
    }
  }

  #answered(id: number, bytes: Uint8Array, now: Millis): void {
    const ask = this.#peers.find(id)
    if (ask === undefined || this.#checking.has(id)) return
    let response: SyncResponse
    try {
      response = decodeResponse(bytes)
    } catch (error) {
      if (!(error instanceof SyncWireError)) throw error
      this.#drop(ask.peer, 'protocol', error.message)
      return
    }
    if (response.kind === 'error') this.#drop(ask.peer, 'refused', `error ${response.code}: ${response.message}`)
    else if (ask.range === null && response.kind === 'branch') this.#onRoot(ask, response)
    else if (ask.range !== null && response.kind === 'leaves') this.#onPage(ask, ask.range, response, now)
    else this.#drop(ask.peer, 'protocol', `an answer about ${response.kind} to another question`)
  }

  #onRoot(ask: Ask, answer: Extract<SyncResponse, { kind: 'branch' }>): void {
    const judged = judgeRoot(answer, this.#target.root)
    const most = this.#policy.maxLeaves
    if ('reason' in judged) this.#drop(ask.peer, 'root', judged.reason)
    else if (judged.leaves > BigInt(most)) this.#drop(ask.peer, 'limit', `${judged.leaves} leaves, ${most} are taken`)
    else {
      this.#peers.take(ask.id)
      const peer = this.#peers.get(ask.peer)
      if (peer) peer.leaves = Number(judged.leaves)
    }
  }

  #onPage(ask: Ask, range: Range, answer: LeavesAnswer, now: Millis): void {
    if (this.#pages === undefined) return
    const { tree } = this.#target
    const judged = judgePage(answer, { tree, range, peer: ask.peer }, this.#pages, this.#policy)
    if ('code' in judged) {
      this.#drop(ask.peer, judged.code, judged.reason)
      return
    }
    this.#checking.set(ask.id, { page: judged, leaves: answer.leaves })
    ask.deadline = Number.POSITIVE_INFINITY
    const bound = answer.leaves.filter((leaf) => boundTrees(tree, leaf).length > 0)
    if (bound.length > 0) this.#emit({ kind: 'check', ask: ask.id, leaves: bound })
    else this.#checked(ask.id, null, now)
  }

  #checked(id: number, reason: string | null, now: Millis): void {
    const found = this.#checking.get(id)
    const ask = this.#peers.find(id)
    this.#checking.delete(id)
    if (found === undefined || ask === undefined || this.#pages === undefined) return
    if (reason !== null) {
      this.#drop(ask.peer, 'leaf', reason)
      return
    }
    this.#peers.take(id)
    const { page, leaves } = found
    const neighbour = this.#pages.add(page)
    if (neighbour === null) {
      const asked = ask.range?.count ?? page.count
      this.#pages.giveBack({ from: page.from + page.count, count: asked - page.count })
      this.#emit({ kind: 'stage', page, leaves })
      if (this.#meter) this.#emit({ kind: 'progress', progress: this.#meter.measure(this.#pages, now) })
      this.#buildWhenComplete()
      return
    }
    this.#startOver('mixed')
    if (neighbour.peer === ask.peer) this.#drop(ask.peer, 'leaf', 'pages out of order')
  }

  #buildWhenComplete(): void {
    if (!this.#pages?.complete) return
    this.#state = 'building'
    this.#emit({ kind: 'rebuild' })
  }

  #rebuilt(root: Uint8Array | null): void {
    const pages = this.#pages
    if (root === null || pages === undefined) this.#fail('store', 'the tree could not be built')
    else if (compareBytes(root, this.#target.root) === 0) {
      this.#state = 'ended'
      this.#emit({ kind: 'done', leaves: pages.total })
    } else {
      const [sender, ...others] = pages.senders
      this.#state = 'pulling'
      this.#startOver('mixed')
      if (sender != null && others.length === 0) this.#drop(sender, 'root', 'its leaves make another root')
    }
  }

  /** Throws away what is held. `mixed`: what several peers sent does not fit together; from now on one peer at a time. */
  #startOver(why: 'mixed' | 'count'): void {
    for (const { id, peer } of this.#peers.takeRanges()) {
      this.#checking.delete(id)
      this.#emit({ kind: 'abandon', ask: id, peer })
    }
    this.#pages = undefined
    this.#resumed = []
    this.#solo = null
    if (why === 'mixed') this.#mixedFailed = true
    this.#emit({ kind: 'discard' })
  }

  /** Takes a peer out of the pull; what it was asked goes to others. */
  #drop(peer: string, code: DropCode, reason: string): void {
    for (const { id, range } of this.#peers.remove(peer, code === 'gone')) {
      this.#checking.delete(id)
      this.#emit({ kind: 'abandon', ask: id, peer })
      if (range !== null) this.#pages?.giveBack(range)
    }
    if (code !== 'gone') this.#emit({ kind: 'drop', peer, code, reason })
    if (this.#solo === peer && this.#state === 'pulling') this.#startOver('mixed')
  }

  /** A question without an answer: the peer may be asked again, a few times. */
  #strike(ask: Ask, code: DropCode, reason: string): void {
    const peer = this.#peers.get(ask.peer)
    if (ask.range !== null) this.#pages?.giveBack(ask.range)
    if (peer === undefined) return
    peer.strikes += 1
    if (peer.strikes >= this.#policy.strikes) this.#drop(peer.id, code, reason)
  }

  #expire(now: Millis): void {
    if (now >= this.#deadline) {
      this.#fail('timeout', `not complete after ${this.#policy.pullMillis} ms`)
      return
    }
    for (const { id, peer } of this.#peers.expired(now)) {
      const ask = this.#peers.take(id)
      if (ask === undefined) continue
      this.#emit({ kind: 'abandon', ask: id, peer })
      this.#strike(ask, 'stalled', `no answer in ${this.#policy.askMillis} ms`)
    }
  }

  #askAll(now: Millis): void {
    const peers = this.#peers.all()
    for (const peer of peers) if (peer.leaves === undefined && peer.asks.size === 0) this.#ask(peer, null, now)
    this.#settleCount(now)
    for (let round = 0; round < this.#policy.asksPerPeer && this.#state === 'pulling'; round++)
      for (const peer of peers) {
        if (this.#pages === undefined || peer.leaves !== this.#pages.total || peer.asks.size > round) continue
        if (this.#solo !== null && this.#solo !== peer.id) continue
        const range = this.#pages.take(this.#policy.pageLeaves)
        if (range) this.#ask(peer, range, now)
      }
    if (peers.length === 0 && !this.#starved) {
      this.#starved = true
      this.#emit({ kind: 'starved' })
    }
  }

  /** A root binds no count: what most peers say is believed, the smaller of two equally common counts, or in solo what that peer says. */
  #settleCount(now: Millis): void {
    const counts = this.#peers.all().flatMap(({ id, leaves }) => (leaves === undefined ? [] : [{ id, leaves }]))
    const votes = (count: number) => counts.filter(({ leaves }) => leaves === count).length
    const [best] = counts.toSorted((a, b) => votes(b.leaves) - votes(a.leaves) || a.leaves - b.leaves)
    if (best === undefined || (this.#solo !== null && this.#pages)) return
    if (this.#pages !== undefined && this.#pages.total !== best.leaves) this.#startOver('count')
    if (this.#pages !== undefined) return
    if (this.#mixedFailed) this.#solo = best.id
    this.#pages = new PageMap(best.leaves)
    if (this.#resumed.length > 0 && !this.#pages.resume(this.#resumed)) this.#emit({ kind: 'discard' })
    this.#resumed = []
    this.#meter ??= new ProgressMeter(now, this.#pages.leaves)
    this.#buildWhenComplete()
  }

  #ask(peer: PullPeer, range: Range | null, now: Millis): void {
    const ask = this.#peers.open(peer, range, now + this.#policy.askMillis)
    const common = { tree: this.#target.tree, path: [], expectedRoot: this.#target.anchor }
    const query =
      range === null
        ? encodeQuery({ kind: 'branch', ...common })
        : encodeQuery({
            kind: 'leaves',
            ...common,
            maxLeaves: range.count,
            token: range.from === 0 ? new Uint8Array(0) : tokenOf(range.from),
          })
    this.#emit({ kind: 'ask', ask: ask.id, peer: peer.id, query })
  }

  #setAlarm(now: Millis): void {
    if (this.#state === 'ended' || this.#state === 'new') return
    const at = Math.min(this.#deadline, this.#peers.nextDeadline())
    if (at >= this.#woken) return
    this.#woken = at
    this.#emit({ kind: 'wake', at: Math.max(at, now) })
  }

  #fail(code: 'timeout' | 'store', reason: string): void {
    this.#state = 'ended'
    this.#emit({ kind: 'failed', code, reason })
  }

  #emit(effect: PullEffect): void {
    this.#effects.push(effect)
  }
}
