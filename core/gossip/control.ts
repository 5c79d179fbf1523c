/** Control messages of peers: GRAFT, PRUNE, IHAVE, IWANT, IDONTWANT (spec 50 section 6). */
import { type BitmaskKey, bitmaskKey } from './bitmask.ts'
import { type MessageDigest, readId } from './message.ts'
import type { Peer } from './peer.ts'
import type { IHave, Prune } from './rpc.ts'
import { RPC_LIMITS } from './rpc.ts'
import type { GossipState } from './state.ts'

export function onGraft(state: GossipState, peer: Peer, bitmask: Uint8Array): void {
  if (bitmask.length > RPC_LIMITS.bitmaskBytes) return
  const key = bitmaskKey(bitmask)
  if (!state.subscriptions.announced.has(key)) return
  const link = state.meshes.link(peer.key, key)
  if (link) {
    link.confirmed = true
    return
  }
  const { params, outsideMesh } = state.config
  const refuse = () => state.prune(peer, key, bitmask, params.pruneBackoffMillis)
  if (peer.direct || outsideMesh.has(peer.key)) {
    refuse()
    return
  }
  const until = state.backoffs.until(peer.key, key)
  // One heartbeat is forgiven: the two clocks of a window did not start together.
  if (until - params.heartbeatMillis > state.now) {
    const flood = state.now < until - params.pruneBackoffMillis + params.graftFloodMillis
    state.scores.misbehaved(peer.key, flood ? 2 : 1)
    refuse()
    return
  }
  if (state.scoreOf(peer.key) < 0) {
    refuse()
    return
  }
  for (const topic of state.subscriptions.localsOf(key)) {
    const members = state.meshes.composite(state.subscriptions, topic)
    if (members.has(peer.key)) continue
    if (members.size >= params.dHigh && !peer.outbound) {
      refuse()
      return
    }
    if (state.crowded(peer, members.keys())) {
      refuse()
      return
    }
  }
  state.admit(peer, key)
}

/** Peers named in one PRUNE that are looked at. */
const OFFERED_PEERS = 16

export function onPrune(state: GossipState, peer: Peer, prune: Prune): void {
  const { params, scores } = state.config
  if (prune.bitmask.length > RPC_LIMITS.bitmaskBytes) return
  const key = bitmaskKey(prune.bitmask)
  // It may have crossed ours of a topic that we just left, and holds when we come back.
  const isKnown = state.subscriptions.announced.has(key) || state.backoffs.until(peer.key, key) > 0
  if (!isKnown) return
  state.leave(peer.key, key)
  const asked = prune.backoff > 0n ? Number(prune.backoff) * 1000 : params.pruneBackoffMillis
  state.backoffs.add(peer.key, key, state.now + Math.min(asked, params.longestBackoffMillis))
  if (prune.peers.length === 0 || state.scoreOf(peer.key) < scores.acceptPeersThreshold) return
  state.effects.push({ kind: 'peersOffered', peer: peer.key, peers: prune.peers.slice(0, OFFERED_PEERS) })
}

/** Asks for messages that are neither seen, nor being judged, nor asked for: whatever the form of their ids (P2P-09). */
export function onIHave(
  state: GossipState,
  peer: Peer,
  entries: readonly IHave[],
  isPending: (digest: MessageDigest) => boolean,
): void {
  const { params, scores } = state.config
  if (entries.length === 0 || ++peer.ihaveMessages > params.ihaveMessages) return
  if (state.scoreOf(peer.key) < scores.gossipThreshold) return
  for (const { bitmask, ids } of entries) {
    if (bitmask.length > RPC_LIMITS.bitmaskBytes) continue
    const key = bitmaskKey(bitmask)
    if (!state.subscriptions.announced.has(key) && !state.subscriptions.takes(bitmask)) continue
    noteRefusal(state, peer, key)
    const related = (topic: BitmaskKey) => topic === key || overlaps(topic, key)
    for (const id of ids) {
      if (++peer.ihaveIds > params.ihaveIds) return
      const read = readId(id)
      if (read === null) continue
      peer.idForm = read.form
      if (peer.answersUnsigned || state.seen.hasAny(read.digest, related) || isPending(read.digest)) continue
      // Who cannot be asked now is not to be blamed for not answering.
      if (state.hasRoom(peer, 64) && state.wants.ask(read.digest, peer.key, state.now)) state.askFor(peer, read.digest)
    }
  }
}

/**
 * Ids are told to peers outside the mesh: who tells us some, though it is in our mesh, refused our GRAFT in silence (spec 50 section 9 row 6). Not
 * at first, when its answer may be on its way, or it tells what passed before (`tellJoined`).
 */
function noteRefusal(state: GossipState, peer: Peer, key: string): void {
  const link = state.meshes.link(peer.key, key)
  const { heartbeatMillis } = state.config.params
  if (link === undefined || link.confirmed || state.now - link.since < 4 * heartbeatMillis) return
  state.leaveInDoubt(peer.key, key, state.now)
}

/** Whether two bitmasks in hex have a bit in common: a slice names the messages of every bitmask that it is part of. */
function overlaps(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if ((Number.parseInt(a[i] ?? '0', 16) & Number.parseInt(b[i] ?? '0', 16)) !== 0) return true
  }
  return false
}

/** Answers with the bytes that were received (P2P-12). */
export function onIWant(state: GossipState, peer: Peer, ids: readonly Uint8Array[]): void {
  const { params, scores } = state.config
  if (state.scoreOf(peer.key) < scores.gossipThreshold) return
  for (const id of ids) {
    const read = readId(id)
    if (++peer.iwantIds > params.ihaveIds) return
    if (read === null) continue
    const all = state.cache.of(read.digest)
    const subscribed = all.filter((cached) => state.takes(peer, cached.topic))
    for (const cached of subscribed.length > 0 ? subscribed : all) {
      const answers = cached.answers.get(peer.key) ?? 0
      const { bytes } = cached.message
      if (answers >= params.retransmissions || peer.wrote(cached.message)) continue
      if (!state.hasRoom(peer, bytes.length)) continue
      cached.answers.set(peer.key, answers + 1)
      state.outbox.message(peer.key, bytes)
    }
  }
}

export function onIDontWant(state: GossipState, peer: Peer, ids: readonly Uint8Array[]): void {
  const { params, limits } = state.config
  for (const id of ids) {
    const read = readId(id)
    if (read === null) continue
    peer.idForm = read.form
    if (++peer.unwantedIds > limits.unwanted) return
    peer.unwanted.delete(read.digest)
    peer.unwanted.set(read.digest, state.tick + params.idontwantHeartbeats)
    if (peer.unwanted.size <= limits.unwanted) continue
    const [oldest] = peer.unwanted.keys()
    if (oldest !== undefined) peer.unwanted.delete(oldest)
  }
}
