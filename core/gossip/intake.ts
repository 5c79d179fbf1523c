/**
 * From bytes of a peer to a message that is delivered and passed on: subscribed to, not seen, author named, signature verified, then accepted by
 * the application. Nothing is remembered as seen, delivered or passed on before its signature held (P2P-H1, H4, H8, P2P-11).
 */
import { sameBytes } from '../platform/bytes.ts'
import type { Millis } from '../platform/machine.ts'
import type { JobKey, PeerKey, Verdict } from './events.ts'
import { authorFault, type GossipMessage, type MessageDigest, messageDigest, signedPart, writeId } from './message.ts'
import type { Peer } from './peer.ts'
import type { Routes } from './routes.ts'
import { RPC_LIMITS } from './rpc.ts'
import type { GossipState } from './state.ts'
import type { Topic } from './subscriptions.ts'

/** One copy of a message while it is judged: first its signature, then its content. */
interface Candidate {
  readonly message: GossipMessage
  readonly digest: MessageDigest
  readonly topic: Topic
  /** Who sent this copy, the first first. */
  readonly senders: Set<PeerKey>
  readonly since: Millis
  verified: boolean
}

export class Intake {
  readonly #state: GossipState
  readonly #routes: Routes
  readonly #jobs = new Map<JobKey, Candidate>()
  /** Candidates of one digest, whatever their topic. */
  readonly #byDigest = new Map<MessageDigest, Set<Candidate>>()
  #bytes = 0

  constructor(state: GossipState, routes: Routes) {
    this.#state = state
    this.#routes = routes
  }

  isPending(digest: MessageDigest): boolean {
    return this.#byDigest.has(digest)
  }

  receive(peer: Peer, message: GossipMessage): void {
    const state = this.#state
    const { limits } = state.config
    if (message.bitmask.length > RPC_LIMITS.bitmaskBytes || !state.subscriptions.takes(message.bitmask)) return
    if (!peer.trusted(limits, state.now)) {
      this.#ignored(peer)
      return
    }
    const topic = state.subscriptions.topicOf(message.bitmask)
    const digest = messageDigest(message.data)
    const unsolicited = !state.wants.askedOf(digest, peer.key)
    const candidates = this.#byDigest.get(digest) ?? new Set<Candidate>()
    const rivals = [...candidates].filter((candidate) => candidate.topic.key === topic.key)
    if (state.seen.has(digest, topic.key)) {
      this.#confirm(peer, topic, unsolicited)
      // The accepted copy, if it is still judged by the application, is not sent back to this peer.
      for (const rival of rivals) if (rival.verified) this.#alsoFrom(rival, peer)
      return
    }
    const fault = authorFault(message)
    if (fault === 'unsigned') {
      this.#unsigned(peer, digest, unsolicited)
      return
    }
    if (fault === 'form') {
      peer.charge()
      return
    }
    if (fault !== null) {
      this.#blame(peer.key, topic)
      return
    }
    const same = rivals.find((rival) => sameBytes(rival.message.bytes, message.bytes))
    if (same) {
      this.#alsoFrom(same, peer)
      return
    }
    if (rivals.some((rival) => rival.senders.has(peer.key))) {
      this.#blame(peer.key, topic)
      return
    }
    if (rivals.length >= limits.copies || this.#full(peer, message)) return
    this.#confirm(peer, topic, unsolicited)
    const candidate = { message, digest, topic, senders: new Set<PeerKey>(), since: state.now, verified: false }
    this.#alsoFrom(candidate, peer)
    this.#byDigest.set(digest, candidates.add(candidate))
    this.#bytes += message.bytes.length
    const job = this.#begin(candidate)
    const { key, signature } = message
    state.effects.push({ kind: 'verify', job, peer: peer.key, key, payload: signedPart(message), signature })
  }

  onVerified(job: JobKey, valid: boolean): void {
    const state = this.#state
    const candidate = this.#jobs.get(job)
    if (candidate === undefined || candidate.verified) return
    this.#jobs.delete(job)
    const { digest, topic, senders, message } = candidate
    if (!valid || state.seen.has(digest, topic.key)) {
      this.#end(candidate)
      // A node that signs and verifies over fields that are unknown here is not wrong.
      if (!valid) for (const sender of senders) this.#blame(sender, topic, message.plain)
      return
    }
    candidate.verified = true
    state.seen.add(digest, topic.key, state.now)
    state.wants.came(digest)
    if (message.data.length >= state.config.params.idontwantBytes) {
      const tell = (peer: Peer) => {
        if (state.hasRoom(peer, 64)) state.outbox.idontwant(peer.key, writeId(digest, peer.idForm))
      }
      this.#routes.tellUnwanted(topic, tell, senders)
    }
    const [first = ''] = senders
    state.effects.push({ kind: 'validate', job: this.#begin(candidate), peer: first, message })
  }

  onJudged(job: JobKey, verdict: Verdict): void {
    const state = this.#state
    const candidate = this.#jobs.get(job)
    if (candidate === undefined || !candidate.verified) return
    this.#jobs.delete(job)
    this.#end(candidate)
    const { message, digest, topic, senders } = candidate
    if (verdict === 'reject') for (const sender of senders) this.#blame(sender, topic)
    if (verdict !== 'accept') return
    const [first = ''] = senders
    if (state.peers.has(first)) state.scores.firstDelivery(first, topic.key)
    state.cache.put(message, digest, topic, state.tick)
    const subscriptions = state.subscriptions.matching(message.bitmask)
    if (subscriptions.length > 0) state.effects.push({ kind: 'deliver', peer: first, message, subscriptions })
    this.#routes.forward(message, digest, topic, senders)
  }

  /** Heartbeat: judgements that never came. */
  sweep(): void {
    const { now, config } = this.#state
    for (const [job, candidate] of this.#jobs) {
      if (now - candidate.since < config.limits.judgementMillis) return
      this.#jobs.delete(job)
      this.#end(candidate)
    }
  }

  #begin(candidate: Candidate): JobKey {
    const job = this.#state.newJob()
    this.#jobs.set(job, candidate)
    return job
  }

  #alsoFrom(candidate: Candidate, peer: Peer): void {
    if (candidate.senders.has(peer.key)) return
    candidate.senders.add(peer.key)
    peer.pending++
  }

  #end(candidate: Candidate): void {
    this.#bytes -= candidate.message.bytes.length
    for (const sender of candidate.senders) {
      const peer = this.#state.peers.get(sender)
      if (peer && peer.pending > 0) peer.pending--
    }
    const candidates = this.#byDigest.get(candidate.digest)
    candidates?.delete(candidate)
    if (candidates?.size === 0) this.#byDigest.delete(candidate.digest)
  }

  #full(peer: Peer, message: GossipMessage): boolean {
    const { pendingMessages, pendingPerPeer, pendingBytes } = this.#state.config.limits
    if (this.#jobs.size >= pendingMessages || peer.pending >= pendingPerPeer) return true
    return this.#jobs.size > 0 && this.#bytes + message.bytes.length > pendingBytes
  }

  /** A peer that sends messages without being asked has us in its mesh. */
  #confirm(peer: Peer, topic: Topic, unsolicited: boolean): void {
    this.#state.meshes.message([topic.key, ...topic.slices], unsolicited ? peer.key : null)
  }

  /** No penalty: nodes of 2.1.0.24 answer IWANT like this (P2P-H2). Somebody else is asked. */
  #unsigned(peer: Peer, digest: MessageDigest, unsolicited: boolean): void {
    const state = this.#state
    if (unsolicited) {
      peer.charge()
      return
    }
    peer.answersUnsigned = true
    const next = state.wants.next(digest, state.now)
    const other = next === null ? undefined : state.peers.get(next)
    if (other) state.askFor(other, digest)
  }

  /**
   * An older node verifies before it sends, so a bad message is its own fault. One of 2.1.0.24 passes on what it has not verified, so its bad
   * messages only use up what it may send of them (spec 50 section 6, P2P-H4).
   */
  #blame(key: PeerKey, topic: Topic, isSure = true): void {
    const peer = this.#state.peers.get(key)
    peer?.charge()
    if (isSure && peer?.idForm === 'short') this.#state.scores.invalidMessage(key, topic.key)
  }

  /** Too many bad messages: counts as bad behaviour, once per heartbeat. */
  #ignored(peer: Peer): void {
    if (peer.blamed) return
    peer.blamed = true
    this.#state.scores.misbehaved(peer.key)
  }
}
