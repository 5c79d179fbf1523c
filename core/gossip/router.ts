/**
 * The BlossomSub router (docs/protocol/50-p2p.md sections 4 to 9) as a machine: RPCs of peers, wishes of the application and the time come in as
 * events; what is to be sent, signed, verified, judged and delivered goes out as effects.
 *
 * A message travels at once along meshes, which are kept at a size by GRAFT and PRUNE; ids of what passed are told to others by IHAVE, who ask
 * by IWANT. Both generations of nodes are served: those that link by the whole bitmask and those that link by its slices.
 */
import type { Machine, Millis } from '../platform/machine.ts'
import { bitmaskKey } from './bitmask.ts'
import { onGraft, onIDontWant, onIHave, onIWant, onPrune } from './control.ts'
import type { GossipEffect, GossipEvent, PeerKey } from './events.ts'
import { checkPromises, maintainMesh, tellIds, tellJoined } from './heartbeat.ts'
import { Intake } from './intake.ts'
import type { GossipConfig } from './params.ts'
import { Peer } from './peer.ts'
import { Publishing } from './publishing.ts'
import { Routes } from './routes.ts'
import { decodeRpc, RPC_LIMITS, type Rpc, RpcError, type SubscriptionChange } from './rpc.ts'
import { GossipState } from './state.ts'
import { changesBetween, topicOf } from './subscriptions.ts'

/** Heartbeats between two sweeps of what is kept for minutes and hours. */
const SWEEP_TICKS = 15

export class GossipRouter implements Machine<GossipEvent, GossipEffect> {
  readonly #state: GossipState
  readonly #routes: Routes
  readonly #intake: Intake
  readonly #publishing: Publishing
  #nextHeartbeat: Millis | null = null

  constructor(config: GossipConfig) {
    this.#state = new GossipState(config)
    this.#routes = new Routes(this.#state)
    this.#intake = new Intake(this.#state, this.#routes)
    this.#publishing = new Publishing(this.#state, this.#routes)
  }

  handle(event: GossipEvent, now: Millis): readonly GossipEffect[] {
    const state = this.#state
    state.now = now
    state.effects = []
    if (this.#nextHeartbeat === null) {
      this.#nextHeartbeat = now + state.config.params.initialDelayMillis
      state.effects.push({ kind: 'wake', at: this.#nextHeartbeat })
    }
    this.#perform(event)
    tellJoined(state)
    for (const send of state.outbox.flush()) {
      const peer = state.peers.get(send.peer)
      if (peer === undefined) continue
      peer.queuedBytes += send.bytes.length
      state.queuedBytes += send.bytes.length
      state.effects.push(send)
    }
    return state.effects
  }

  /** Score of a peer as of the last event. */
  score(peer: PeerKey): number {
    return this.#state.scoreOf(peer)
  }

  /** Peers that get messages of this bitmask at once. */
  meshOf(bitmask: Uint8Array): readonly PeerKey[] {
    return [...this.#state.meshes.composite(this.#state.subscriptions, topicOf(bitmask)).keys()]
  }

  get peerCount(): number {
    return this.#state.peers.size
  }

  #perform(event: GossipEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#connect(event)
        return
      case 'disconnected':
        this.#disconnect(event.peer)
        return
      case 'streamOpened':
        this.#openStream(event.peer, event.stream)
        return
      case 'frame':
        this.#receive(event.peer, event.stream, event.bytes)
        return
      case 'streamBroken':
        this.#breakStream(event.peer, event.stream, event.reason)
        return
      case 'sent':
        this.#sent(event.peer, event.bytes)
        return
      case 'subscribe':
        this.#subscribe(event.bitmask)
        return
      case 'unsubscribe':
        this.#announce(this.#state.subscriptions.remove(bitmaskKey(event.bitmask)))
        return
      case 'publish':
        this.#publishing.publish(event.publish, event.bitmask, event.data)
        return
      case 'signed':
        this.#publishing.onSigned(event.job, event.signature)
        return
      case 'verified':
        this.#intake.onVerified(event.job, event.valid)
        return
      case 'judged':
        this.#intake.onJudged(event.job, event.verdict)
        return
      case 'applicationScore':
        this.#state.scores.application(event.peer, event.change, this.#state.now)
        return
      case 'wake':
        this.#wake()
        return
    }
  }

  #connect(event: Extract<GossipEvent, { kind: 'connected' }>): void {
    const { peers, config, scores, now } = this.#state
    const { peer: key, address } = event
    if (peers.has(key) || peers.size >= config.limits.peers) return
    const peer = new Peer(event, config.direct.has(key), config.limits.badBurst, now)
    peers.set(key, peer)
    scores.connected(key, address)
    this.#tellTopics(peer)
  }

  #disconnect(key: PeerKey): void {
    const state = this.#state
    const peer = state.peers.get(key)
    if (peer === undefined) return
    state.queuedBytes -= peer.queuedBytes
    for (const [topic, link] of state.meshes.linksOf(key)) {
      if (link.confirmed) state.leave(key, topic)
      else state.leaveInDoubt(key, topic, link.since)
    }
    state.outbox.forget(key)
    state.peers.delete(key)
    state.scores.disconnected(key, state.now)
    for (const digest of state.wants.of(key)) {
      const next = state.wants.next(digest, state.now)
      const other = next === null ? undefined : state.peers.get(next)
      if (other) state.askFor(other, digest)
    }
  }

  #openStream(key: PeerKey, stream: number): void {
    const peer = this.#state.peers.get(key)
    if (peer === undefined) return
    if (peer.stream !== null) this.#close(peer, peer.stream, 'replaced by a newer stream')
    peer.stream = stream
  }

  #close(peer: Peer, stream: number, reason: string): void {
    if (peer.stream === stream) peer.stream = null
    this.#state.effects.push({ kind: 'closeStream', peer: peer.key, stream, reason })
  }

  /** P2P-H7: nothing is looked for behind a malformed frame. */
  #breakStream(key: PeerKey, stream: number, reason: string): void {
    const peer = this.#state.peers.get(key)
    if (peer === undefined || peer.stream !== stream) return
    this.#state.scores.misbehaved(key)
    this.#close(peer, stream, reason)
  }

  #receive(key: PeerKey, stream: number, bytes: Uint8Array): void {
    const state = this.#state
    const peer = state.peers.get(key)
    if (peer === undefined || peer.stream !== stream) return
    if (++peer.frames > state.config.limits.frames) {
      this.#breakStream(key, stream, 'too many frames')
      return
    }
    if (!peer.direct && state.scoreOf(key) < state.config.scores.graylistThreshold) return
    let rpc: Rpc
    try {
      rpc = decodeRpc(bytes)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      this.#breakStream(key, stream, error.message)
      return
    }
    this.#noteSubscriptions(peer, rpc.subscriptions)
    onIDontWant(state, peer, rpc.idontwant)
    for (const message of rpc.messages) this.#intake.receive(peer, message)
    for (const bitmask of rpc.graft) onGraft(state, peer, bitmask)
    for (const prune of rpc.prune) onPrune(state, peer, prune)
    onIHave(state, peer, rpc.ihave, (digest) => this.#intake.isPending(digest))
    onIWant(state, peer, rpc.iwant)
  }

  #noteSubscriptions(peer: Peer, changes: readonly SubscriptionChange[]): void {
    const state = this.#state
    for (const { subscribe, bitmask } of changes) {
      if (bitmask.length > RPC_LIMITS.bitmaskBytes) continue
      const key = bitmaskKey(bitmask)
      if (!subscribe) {
        peer.topics.delete(key)
        state.leave(peer.key, key)
      } else if (peer.topics.has(key) || peer.topics.size < state.config.limits.peerTopics) {
        peer.topics.add(key)
      } else if (!peer.blamed) {
        peer.blamed = true
        state.scores.misbehaved(peer.key)
      }
    }
  }

  #sent(key: PeerKey, bytes: number): void {
    const peer = this.#state.peers.get(key)
    if (peer === undefined) return
    const left = Math.min(Math.max(bytes, 0), peer.queuedBytes)
    peer.queuedBytes -= left
    this.#state.queuedBytes -= left
  }

  #subscribe(bitmask: Uint8Array): void {
    const state = this.#state
    const tooLong = bitmask.length > RPC_LIMITS.bitmaskBytes
    const topic = topicOf(tooLong ? new Uint8Array() : bitmask)
    const changes = tooLong ? null : state.subscriptions.add(topic)
    if (changes === null) {
      state.effects.push({ kind: 'subscribeRefused', bitmask, code: tooLong ? 'bitmask' : 'subscriptions' })
      return
    }
    this.#announce(changes)
    if (changes.length > 0) maintainMesh(state, topic)
  }

  /** Tells every peer; a topic that is given up is left with a PRUNE of its own backoff. */
  #announce(changes: readonly SubscriptionChange[]): void {
    const state = this.#state
    for (const { subscribe, bitmask } of changes) {
      const key = bitmaskKey(bitmask)
      if (subscribe) continue
      for (const member of [...state.meshes.of(key).keys()]) {
        const peer = state.peers.get(member)
        if (peer) state.prune(peer, key, bitmask, state.config.params.unsubscribeBackoffMillis)
      }
      state.meshes.drop(key)
    }
    for (const peer of state.peers.values()) this.#tellTopics(peer)
  }

  /** Tells a peer what is announced now and was not when it was last told. One whose queue is full hears of it with a later heartbeat. */
  #tellTopics(peer: Peer): void {
    const { subscriptions, outbox } = this.#state
    if (peer.told === subscriptions.announced || !this.#state.hasRoom(peer, 64, 2)) return
    outbox.subscriptions(peer.key, changesBetween(peer.told, subscriptions.announced))
    peer.told = subscriptions.announced
  }

  #wake(): void {
    const state = this.#state
    const due = this.#nextHeartbeat ?? 0
    if (state.now < due) {
      state.effects.push({ kind: 'wake', at: due })
      return
    }
    this.#nextHeartbeat = state.now + state.config.params.heartbeatMillis
    this.#heartbeat()
    state.effects.push({ kind: 'wake', at: this.#nextHeartbeat })
  }

  #heartbeat(): void {
    const state = this.#state
    state.tick++
    for (const peer of state.peers.values()) {
      peer.heartbeat(state.tick)
      this.#tellTopics(peer)
    }
    state.scores.decay(state.now)
    this.#intake.sweep()
    this.#publishing.sweep()
    checkPromises(state)
    for (const topic of state.subscriptions.local) maintainMesh(state, topic)
    this.#routes.maintain()
    tellIds(state)
    state.cache.sweep(state.tick)
    if (state.tick % SWEEP_TICKS !== 0) return
    state.backoffs.sweep(state.now - SWEEP_TICKS * state.config.params.heartbeatMillis)
    state.pauses.sweep(state.now)
    state.seen.sweep(state.now)
  }
}
