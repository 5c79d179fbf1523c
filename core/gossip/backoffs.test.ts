import { describe, expect, test } from 'vitest'
import { messageDigest, writeId } from './message.ts'
import { OneRouter } from './one-router.ts'
import { GLOBAL_TOPICS } from './topics.ts'

const T = GLOBAL_TOPICS.frame
const ID = writeId(messageDigest(Uint8Array.of(1)), 'long')

/** A router with the peer `p` in its mesh, unless it is told to ask nobody. */
function withPeer(options?: ConstructorParameters<typeof OneRouter>[0]): OneRouter {
  const one = new OneRouter(options)
  one.feed({ kind: 'subscribe', bitmask: T })
  one.peer('p', [T])
  one.beat(2)
  one.clear()
  return one
}

/** Milliseconds until the router asks `p` into its mesh. */
function untilGraft(one: OneRouter, most: number): number {
  for (const start = one.now; one.now - start < most; one.beat())
    if (one.heard('p').graft.length > 0) return one.now - start
  return Number.POSITIVE_INFINITY
}

describe('P2P-10 no GRAFT is sent', () => {
  test('inside a backoff of the peer that crossed our own on the way', () => {
    const one = withPeer()
    one.feed({ kind: 'unsubscribe', bitmask: T })
    one.say('p', { prune: [{ bitmask: T, peers: [], backoff: 60n }] })
    one.feed({ kind: 'subscribe', bitmask: T })
    one.clear()
    expect(untilGraft(one, 70_000)).toBeGreaterThan(60_000)
  })

  test('for 60 s after one that the peer may have refused in silence, over a new connection either', () => {
    const one = withPeer()
    one.feed({ kind: 'disconnected', peer: 'p' })
    one.peer('p', [T])
    const after = untilGraft(one, 80_000)
    expect(after).toBeGreaterThan(57_000)
    expect(after).toBeLessThan(65_000)
  })

  test('for longer than needed: a peer that was in the mesh is asked again as soon as it is back', () => {
    const one = withPeer()
    one.say('p', { graft: [T] })
    one.feed({ kind: 'disconnected', peer: 'p' })
    one.peer('p', [T])
    one.beat()
    expect(one.router.meshOf(T)).toEqual(['p'])
  })
})

test('a peer that refused in silence knows of no backoff: its own GRAFT is welcome', () => {
  const one = withPeer()
  one.beat(6)
  one.say('p', { ihave: [{ bitmask: T, ids: [ID] }] })
  expect(one.router.meshOf(T)).toEqual([])
  one.beat()
  one.clear()
  for (let i = 0; i < 8; i++) one.say('p', { graft: [T] })
  expect(one.router.meshOf(T)).toEqual(['p'])
  expect(one.heard('p').prune).toEqual([])
  one.pass(1000)
  expect(one.router.score('p')).toBeGreaterThanOrEqual(0)
})

test('a PRUNE of a topic that was never linked leaves no trace', () => {
  const one = new OneRouter({ limits: { backoffs: 2 } })
  one.feed({ kind: 'subscribe', bitmask: T })
  one.peer('p', [T])
  one.beat(2)
  one.clear()
  one.say('p', { prune: [{ bitmask: T, peers: [], backoff: 60n }] })
  for (let i = 0; i < 10; i++) one.say('p', { prune: [{ bitmask: Uint8Array.of(1, i), peers: [], backoff: 60n }] })
  expect(untilGraft(one, 70_000)).toBeGreaterThan(60_000)
})
