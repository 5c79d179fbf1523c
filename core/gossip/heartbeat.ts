/** What is done every 700 ms: meshes kept at their size, ids told to some who are not in them, promises checked (spec 50 section 6). */
import type { BitmaskKey } from './bitmask.ts'
import type { PeerKey } from './events.ts'
import type { CachedMessage } from './memory.ts'
import { writeId } from './message.ts'
import type { Peer } from './peer.ts'
import type { GossipState } from './state.ts'
import type { Topic } from './subscriptions.ts'

/** Brings the composite mesh of a subscription to its size. */
export function maintainMesh(state: GossipState, topic: Topic): void {
  const { params } = state.config
  const members = state.meshes.composite(state.subscriptions, topic)
  for (const [key, keys] of members) {
    if (state.scoreOf(key) >= 0) continue
    pruneAll(state, key, keys)
    members.delete(key)
  }
  if (members.size > params.dHigh) {
    for (const key of surplus(state, members.keys())) {
      pruneAll(state, key, members.get(key) ?? [])
      members.delete(key)
    }
  }
  const present = [...members].filter(([key, keys]) => !isSilent(state, key, keys)).length
  if (present < params.dLow) graftSome(state, topic, members, params.d - present)
  const outbound = [...members.keys()].filter((key) => state.peers.get(key)?.outbound).length
  if (outbound < params.dOut) graftSome(state, topic, members, params.dOut - outbound, (peer) => peer.outbound)
  if (state.tick % params.opportunisticTicks === 0) graftBetter(state, topic, members)
}

function pruneAll(state: GossipState, key: PeerKey, topics: readonly BitmaskKey[]): void {
  const peer = state.peers.get(key)
  for (const topic of topics) {
    const bitmask = state.subscriptions.announced.get(topic)
    if (peer && bitmask) state.prune(peer, topic, bitmask, state.config.params.pruneBackoffMillis)
    else state.leave(key, topic)
  }
}

/** Grafts up to `wanted` peers: first those that take every message of the topic, then those that take some. */
function graftSome(
  state: GossipState,
  topic: Topic,
  members: Map<PeerKey, BitmaskKey[]>,
  wanted: number,
  suits: (peer: Peer) => boolean = () => true,
): void {
  const { params, outsideMesh } = state.config
  const candidates = [...state.peers.values()].filter(
    (peer) => !members.has(peer.key) && !peer.direct && !outsideMesh.has(peer.key) && suits(peer),
  )
  const ranked = state.shuffled(candidates).map((peer) => ({ peer, form: state.formOf(peer, topic) }))
  const same = ranked.filter(({ peer, form }) => form.length > 0 && state.takes(peer, topic))
  const brokers = ranked.filter(({ peer, form }) => form.length > 0 && !state.takes(peer, topic))
  let left = Math.min(wanted, params.dHigh - members.size)
  for (const { peer, form } of [...same, ...brokers]) {
    if (left <= 0) return
    if (state.scoreOf(peer.key) < 0 || !state.mayGraft(peer, topic, form)) continue
    if (state.crowded(peer, members.keys())) continue
    state.graft(peer, topic)
    members.set(peer.key, form)
    left--
  }
}

/** Members that go when there are too many: the best by score stay, enough of those we dialled, the rest by chance. */
function surplus(state: GossipState, members: Iterable<PeerKey>): PeerKey[] {
  const { d, dScore, dOut } = state.config.params
  const byScore = state.shuffled(members).sort((a, b) => state.scoreOf(b) - state.scoreOf(a))
  const order = [...byScore.slice(0, dScore), ...state.shuffled(byScore.slice(dScore))]
  const dialled = (key: PeerKey) => state.peers.get(key)?.outbound ?? false
  const missing = Math.max(dOut - order.slice(0, d).filter(dialled).length, 0)
  const moved = order.slice(d).filter(dialled).slice(0, missing)
  const kept = order.slice(0, d)
  // The last that we did not dial make room.
  for (const key of moved) {
    const at = kept.findLastIndex((other) => !dialled(other))
    if (at < 0) break
    kept[at] = key
  }
  return order.filter((key) => !kept.includes(key))
}

/** We asked it in, it never showed that it agreed, and the topic was not quiet. */
function isSilent(state: GossipState, key: PeerKey, topics: readonly BitmaskKey[]): boolean {
  const { silentMeshMillis, silentMeshMessages } = state.config.limits
  return topics.every((topic) => {
    const link = state.meshes.link(key, topic)
    if (link === undefined || link.confirmed || state.now - link.since < silentMeshMillis) return false
    return state.meshes.messagesSince(topic, link) >= silentMeshMessages
  })
}

/** A mesh of poor peers gets some that are better than its middle. */
function graftBetter(state: GossipState, topic: Topic, members: Map<PeerKey, BitmaskKey[]>): void {
  const { params, scores } = state.config
  if (members.size < 2) return
  const sorted = [...members.keys()].map((key) => state.scoreOf(key)).sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  if (median >= scores.opportunisticThreshold) return
  graftSome(state, topic, members, params.opportunisticPeers, (peer) => state.scoreOf(peer.key) > median)
}

/** Tells some peers outside the mesh which messages of the last heartbeats can be asked for. */
export function tellIds(state: GossipState): void {
  const { params, scores } = state.config
  for (const cached of state.cache.recent(state.tick).values()) {
    const topic = cached[0]?.topic
    if (topic === undefined) continue
    const inMesh = (peer: Peer) => [topic.key, ...topic.slices].some((key) => state.meshes.link(peer.key, key))
    const others = [...state.peers.values()].filter(
      (peer) =>
        state.takes(peer, topic) &&
        !peer.direct &&
        !inMesh(peer) &&
        state.scoreOf(peer.key) >= scores.gossipThreshold &&
        state.hasRoom(peer, 64 * cached.length),
    )
    const count = Math.max(params.dLazy, Math.ceil(others.length * params.gossipFactor))
    for (const peer of state.shuffled(others).slice(0, count)) {
      tell(state, peer, cached)
    }
  }
}

/**
 * Tells who came into a mesh what passed just before: from now on ids are told to others only, so a message on which the two just missed each other
 * would be missed for good.
 */
export function tellJoined(state: GossipState): void {
  if (state.joined.length === 0) return
  const recent = [...state.cache.recent(state.tick).values()]
  const told = new Map<Peer, Set<BitmaskKey>>()
  for (const { peer, key } of state.joined) {
    const topics = told.get(peer) ?? new Set()
    told.set(peer, topics)
    for (const cached of recent) {
      const topic = cached[0]?.topic
      if (topic === undefined || topics.has(topic.key)) continue
      if (topic.key !== key && !topic.slices.includes(key)) continue
      topics.add(topic.key)
      if (state.takes(peer, topic) && state.hasRoom(peer, 64 * cached.length)) tell(state, peer, cached)
    }
  }
  state.joined = []
}

function tell(state: GossipState, peer: Peer, cached: readonly CachedMessage[]): void {
  const { ihaveIds } = state.config.params
  const some = cached.length <= ihaveIds ? cached : state.shuffled(cached).slice(0, ihaveIds)
  const topic = some[0]?.topic
  if (topic === undefined) return
  // By the name under which the peer knows the topic: an older one has no mesh for the string of several slices.
  const slice = peer.topics.has(topic.key) ? undefined : topic.slices[0]
  const bitmask = slice === undefined ? topic.bitmask : bytesOf(slice)
  state.outbox.ihave(peer.key, { bitmask, ids: some.map(({ digest }) => writeId(digest, peer.idForm)) })
}

const bytesOf = (key: BitmaskKey): Uint8Array =>
  Uint8Array.from({ length: key.length / 2 }, (_, i) => Number.parseInt(key.slice(2 * i, 2 * i + 2), 16))

/** Who promised a message and did not send it is blamed once; another is asked. */
export function checkPromises(state: GossipState): void {
  const late = new Set<PeerKey>()
  for (const { digest, peer } of state.wants.overdue(state.now)) {
    if (state.peers.has(peer)) late.add(peer)
    const next = state.wants.next(digest, state.now)
    const other = next === null ? undefined : state.peers.get(next)
    if (other) state.askFor(other, digest)
  }
  for (const peer of late) state.scores.misbehaved(peer)
}
