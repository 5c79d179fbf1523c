/** Whom a node keeps to ask when more are connected than it keeps. */

import type { Libp2p, PeerId, Topology } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { peerIdText } from '@petal/core/identity/index.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PEER_LIMITS } from './peer.ts'
import { PeerPool, POOL_LIMITS } from './peer-pool.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const idOf = (number: number): PeerId => {
  const multihash = new Uint8Array(34)
  multihash.set([0x12, 0x20])
  new DataView(multihash.buffer).setUint32(2, number)
  return peerIdFromString(peerIdText(multihash))
}

/** A pool over a node whose connections the test makes. Peers that are asked answer nothing until the test ends. */
async function poolWith(named: readonly string[] = []) {
  const connected = new Map<string, PeerId>()
  let topology: Topology | undefined
  const node = {
    peerId: idOf(0xffff),
    getPeers: () => [...connected.values()],
    peerStore: { get: async () => undefined },
    register: async (_: string, given: Topology) => {
      topology = given
      return 'topology'
    },
    unregister: () => undefined,
    dial: (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    dialProtocol: () => new Promise(() => undefined),
  } as unknown as Libp2p
  const pool = new PeerPool({ node, greeting: { network: 'n', profile: 'p' }, named, onLie: () => undefined })
  await pool.start()
  return {
    pool,
    ids: () => new Set(pool.peers().map(({ id }) => id)),
    connect: (peer: PeerId) => {
      connected.set(peer.toString(), peer)
      topology?.onConnect?.(peer, undefined as never)
    },
    disconnect: (peer: PeerId) => {
      connected.delete(peer.toString())
      topology?.onDisconnect?.(peer)
    },
  }
}

const fill = (connect: (peer: PeerId) => void) => {
  for (let number = 0; number < POOL_LIMITS.peers; number++) connect(idOf(number))
}

test('every connected peer is kept in its turn, also when those that are kept answer', async () => {
  const { ids, connect } = await poolWith()
  fill(connect)
  const [first, second] = [idOf(100), idOf(101)]
  connect(first)
  connect(second)
  expect([ids().size, ids().has(first.toString())]).toEqual([POOL_LIMITS.peers, false])
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis)
  expect([ids().has(first.toString()), ids().has(second.toString()), ids().has(idOf(0).toString())]).toEqual([
    true,
    false,
    false,
  ])
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis)
  expect(ids().has(second.toString())).toBe(true)
  // Those that made room come back in their turn.
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis)
  expect([ids().size, ids().has(idOf(0).toString())]).toEqual([POOL_LIMITS.peers, true])
})

test('a peer that does not answer, that lied or that left makes room at once', async () => {
  const { pool, ids, connect, disconnect } = await poolWith()
  fill(connect)
  const late = [idOf(100), idOf(101), idOf(102)]
  for (const peer of late) connect(peer)
  const [silent, liar, leaving] = [idOf(3), idOf(4), idOf(5)]
  for (let times = 0; times < POOL_LIMITS.failures; times++) pool.failed(silent.toString())
  pool.lied(liar.toString(), 'a lie')
  disconnect(leaving)
  expect(ids().size).toBe(POOL_LIMITS.peers)
  for (const peer of late) expect(ids().has(peer.toString())).toBe(true)
  for (const peer of [silent, liar, leaving]) expect(ids().has(peer.toString())).toBe(false)
})

test('a peer that is named, or is being asked, keeps its place; one that lied gets none', async () => {
  const named = idOf(0)
  const { pool, ids, connect, disconnect } = await poolWith([`/ip4/127.0.0.1/tcp/1/p2p/${named}`])
  fill(connect)
  const asked = idOf(1)
  const ending = new AbortController()
  const answer = pool.get(asked.toString())?.ask((peer, signal) => peer.head(signal), ending.signal, 2 ** 30)
  answer?.catch(() => undefined)
  const [liar, late] = [idOf(100), idOf(101)]
  pool.lied(liar.toString(), 'a lie')
  connect(liar)
  connect(late)
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis)
  expect([named, asked, late].map((peer) => ids().has(peer.toString()))).toEqual([true, true, true])
  expect([liar, idOf(2)].map((peer) => ids().has(peer.toString()))).toEqual([false, false])
  ending.abort()
  await expect(answer).rejects.toThrow()
  // Who left does not come back.
  disconnect(idOf(2))
  await vi.advanceTimersByTimeAsync(10 * POOL_LIMITS.rotateMillis)
  expect(ids().has(idOf(2).toString())).toBe(false)
  await pool.stop()
  expect(pool.peers()).toEqual([])
})

test('a peer that was asked a moment ago keeps its place in the rotation, unless it lied', async () => {
  const { pool, ids, connect } = await poolWith()
  fill(connect)
  const [copied, liar, late, later] = [idOf(0), idOf(1), idOf(100), idOf(101)]
  connect(late)
  connect(later)
  const { signal } = new AbortController()
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis - PEER_LIMITS.betweenMillis / 2)
  for (const peer of [copied, liar]) await pool.get(peer.toString())?.ask(async () => 'a page', signal)
  pool.lied(liar.toString(), 'a lie')
  expect([liar, late, later].map((peer) => ids().has(peer.toString()))).toEqual([false, true, false])
  await vi.advanceTimersByTimeAsync(PEER_LIMITS.betweenMillis / 2)
  expect([copied, idOf(2), later].map((peer) => ids().has(peer.toString()))).toEqual([true, false, true])
  // Nobody asks it any more.
  await vi.advanceTimersByTimeAsync(POOL_LIMITS.rotateMillis)
  expect(ids().has(copied.toString())).toBe(false)
  await pool.stop()
})
