import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { slicesOf } from './bitmask.ts'
import { messageDigest, writeId } from './message.ts'
import { messageBy, OneRouter } from './one-router.ts'
import { prefixOf } from './prefix.ts'
import { GLOBAL_TOPICS, shardTopics } from './topics.ts'

const T = GLOBAL_TOPICS.frame
const F = shardTopics(new Uint8Array(32).fill(9)).frame
const SLICES = slicesOf(F)
const names = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`)
const data = (n: number) => new Uint8Array(8).fill(n)

function withPeers(count: number, options?: ConstructorParameters<typeof OneRouter>[0], outbound = true): OneRouter {
  const one = new OneRouter(options)
  one.feed({ kind: 'subscribe', bitmask: T })
  for (const name of names(count)) one.peer(name, [T], outbound)
  return one
}
const grafted = (one: OneRouter, count: number) => names(count).filter((name) => one.heard(name).graft.length > 0)
const prune = (backoff: number, bitmask: Uint8Array = T) => ({
  prune: [{ bitmask, peers: [], backoff: BigInt(backoff) }],
})

test('a mesh is filled to 8, and left alone between 6 and 12', () => {
  const one = withPeers(30)
  one.beat()
  expect(one.router.meshOf(T).length).toBe(8)
  for (const name of one.router.meshOf(T).slice(0, 2)) one.feed({ kind: 'disconnected', peer: name })
  one.beat()
  expect(one.router.meshOf(T).length).toBe(6)
  for (const name of one.router.meshOf(T).slice(0, 1)) one.feed({ kind: 'disconnected', peer: name })
  one.beat()
  expect(one.router.meshOf(T).length).toBe(8)
})

test('a mesh above 12 is cut to 8, with two peers that we dialled', () => {
  const one = withPeers(0)
  for (const name of names(20)) one.peer(name, [T], name === 'p18' || name === 'p19')
  for (const name of names(20)) one.say(name, { graft: [T] })
  // Inbound peers are refused above 12; those that we dialled are not.
  expect(one.router.meshOf(T).length).toBe(14)
  one.clear()
  one.beat()
  expect(one.router.meshOf(T).length).toBe(8)
  expect(one.router.meshOf(T)).toEqual(expect.arrayContaining(['p18', 'p19']))
  const pruned = names(20).flatMap((name) => one.heard(name).prune)
  expect(pruned.map((each) => Number(each.backoff))).toEqual(Array(6).fill(60))
})

test('GRAFT beyond 12 is refused with PRUNE, of unknown topics ignored', () => {
  const one = withPeers(13, { params: { dLow: 0, d: 0, dOut: 0 } }, false)
  for (const name of names(13)) one.say(name, { graft: [T] })
  expect(one.heard('p12').prune).toMatchObject([{ backoff: 60n }])
  one.say('p0', { graft: [F] })
  expect(one.heard('p0').prune).toEqual([])
})

describe('P2P-10 no GRAFT is sent', () => {
  const grafts = (one: OneRouter, millis: number): number => {
    const start = one.now
    while (one.now - start < millis) {
      one.beat()
      if (one.heard('p0').graft.length > 0) return one.now - start
    }
    return Number.POSITIVE_INFINITY
  }
  test.each([
    [5, 5000],
    [120, 120_000],
    [0, 60_000],
    [1_000_000_000, 3_600_000],
  ])('inside a backoff of %d s that the peer announced', (seconds, millis) => {
    const one = withPeers(1)
    one.beat()
    one.clear()
    one.say('p0', prune(seconds))
    const after = grafts(one, millis + 10_000)
    expect(after).toBeGreaterThan(millis)
    expect(after).toBeLessThan(millis + 5000)
  })
  test('inside the backoff of an own PRUNE, also after the peer left and came back', () => {
    const one = withPeers(1)
    one.beat()
    one.feed({ kind: 'unsubscribe', bitmask: T })
    expect(one.heard('p0').prune).toMatchObject([{ backoff: 10n }])
    one.feed({ kind: 'subscribe', bitmask: T })
    one.feed({ kind: 'disconnected', peer: 'p0' })
    one.peer('p0', [T])
    const after = grafts(one, 60_000)
    expect(after).toBeGreaterThan(10_000)
    expect(after).toBeLessThan(15_000)
  })
  test('in any form while one slice is in its backoff', () => {
    const one = new OneRouter()
    one.feed({ kind: 'subscribe', bitmask: F })
    one.peer('p0', SLICES)
    one.beat()
    one.clear()
    one.say('p0', prune(20, SLICES[1]))
    one.say('p0', prune(20, SLICES[0]))
    one.say('p0', prune(20, SLICES[2]))
    expect(grafts(one, 60_000)).toBeGreaterThan(20_000)
  })
})

test('GRAFT inside a backoff counts against the peer, twice when it is soon, and is refused', () => {
  const behaviour = (waitMillis: number) => {
    const one = withPeers(1, { params: { dLow: 0, d: 0, dOut: 0 } })
    one.say('p0', { graft: [T] })
    one.say('p0', prune(60))
    one.pass(waitMillis)
    one.clear()
    // Seven points are forgiven up to six.
    for (let i = 0; i < 4; i++) one.say('p0', { graft: [T] })
    return { score: one.router.score('p0'), pruned: one.heard('p0').prune.length, mesh: one.router.meshOf(T) }
  }
  const soon = behaviour(1000)
  const later = behaviour(30_000)
  expect(soon.score).toBeLessThan(0)
  expect(later).toMatchObject({ mesh: [] })
  expect(soon.pruned + later.pruned).toBe(8)
})

test('a peer that tells ids of a topic where it is in our mesh has refused in silence: no GRAFT for 60 s', () => {
  const one = withPeers(1)
  one.beat(6)
  expect(one.router.meshOf(T)).toEqual(['p0'])
  one.clear()
  one.say('p0', { ihave: [{ bitmask: T, ids: [writeId(messageDigest(data(1)), 'long')] }] })
  expect(one.router.meshOf(T)).toEqual([])
  const start = one.now
  one.pass(59_000)
  expect(grafted(one, 1)).toEqual([])
  one.pass(10_000)
  expect(one.now - start).toBeGreaterThan(60_000)
  expect(grafted(one, 1)).toEqual(['p0'])
})

test('a grafted peer that says nothing for long on a busy topic does not fill a place', () => {
  const one = withPeers(8)
  one.beat()
  expect(one.router.meshOf(T).length).toBe(8)
  for (const name of ['q0', 'q1']) one.peer(name, [T])
  one.beat()
  expect(one.router.meshOf(T).length).toBe(8)
  for (let i = 0; i < 30; i++) {
    one.pass(3000)
    one.say('p0', { messages: [messageBy('author', T, data(i)).bytes] })
  }
  one.beat()
  expect(one.router.meshOf(T)).toEqual(expect.arrayContaining(['p0', 'q0', 'q1']))
})

test('direct peers are in no mesh and get everything; bootstrap peers are in no mesh', () => {
  const one = withPeers(0, { config: { direct: new Set(['d']), outsideMesh: new Set(['boot']) } })
  for (const name of ['d', 'boot', 'p0']) one.peer(name, [T])
  one.beat()
  expect(one.router.meshOf(T)).toEqual(['p0'])
  one.clear()
  for (const name of ['d', 'boot']) one.say(name, { graft: [T] })
  for (const name of ['d', 'boot']) expect(one.heard(name).prune.length).toBe(1)
  one.say('p0', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.heard('d').messages.length).toBe(1)
})

test('ids go to some who are not in the mesh: six, or a quarter', () => {
  const one = withPeers(60)
  one.beat()
  one.say('p0', { messages: [messageBy('author', T, data(1)).bytes] })
  one.clear()
  one.beat()
  const told = names(60).filter((name) => one.heard(name).ihave.length > 0)
  expect(told.length).toBe(13)
  expect(told.some((name) => one.router.meshOf(T).includes(name))).toBe(false)
})

test('who comes into a mesh is told what passed just before, since later ids go to others only', () => {
  const one = withPeers(1)
  one.say('p0', { messages: [messageBy('author', T, data(1)).bytes] })
  one.peer('q', [T])
  one.clear()
  one.say('q', { graft: [T] })
  expect(one.heard('q').ihave).toMatchObject([{ bitmask: T, ids: { length: 1 } }])
})

test('an id that is promised and not sent is asked of another after 3 s, and costs the first', () => {
  const one = withPeers(2)
  one.beat(4)
  one.clear()
  const ids = (n: number) => Array.from({ length: n }, (_, i) => writeId(messageDigest(data(i)), 'long'))
  for (const name of names(2)) one.say(name, { ihave: [{ bitmask: T, ids: ids(3) }] })
  expect(one.heard('p0').iwant.length).toBe(3)
  expect(one.heard('p1').iwant.length).toBe(0)
  one.pass(2900)
  expect(one.heard('p1').iwant.length).toBe(0)
  one.pass(900)
  expect(one.heard('p1').iwant.length).toBe(3)
})

test('IHAVE is heeded ten times and for 5000 ids per heartbeat', () => {
  const one = withPeers(1)
  one.beat()
  one.clear()
  const id = (n: number) => writeId(messageDigest(new Uint8Array(4).fill(n & 0xff).with(0, n >> 8)), 'long')
  const many = Array.from({ length: 6000 }, (_, i) => id(i))
  one.say('p0', { ihave: [{ bitmask: T, ids: many }] })
  expect(one.heard('p0').iwant.length).toBe(5000)
  const two = withPeers(1)
  two.beat()
  two.clear()
  for (let i = 0; i < 20; i++) two.say('p0', { ihave: [{ bitmask: T, ids: [id(i)] }] })
  expect(two.heard('p0').iwant.length).toBe(10)
})

test('fanout: what is published on a topic without a subscription keeps its peers for 60 s', () => {
  const one = new OneRouter({ params: { floodPublishBytes: 0 } })
  for (const name of names(20)) one.peer(name, [T])
  const publish = (n: number): string[] => {
    one.clear()
    one.feed({ kind: 'publish', publish: n, bitmask: T, data: data(n) })
    return names(20).filter((name) => one.heard(name).messages.length > 0)
  }
  const first = publish(1)
  expect(first.length).toBe(8)
  one.pass(50_000)
  expect(publish(2)).toEqual(first)
  one.pass(70_000)
  expect(publish(3)).not.toEqual(first)
})

test('own messages are flooded to every subscriber when they are small', () => {
  const one = withPeers(20)
  one.beat()
  one.clear()
  one.feed({ kind: 'publish', publish: 1, bitmask: T, data: data(1) })
  expect(names(20).every((name) => one.heard(name).messages.length === 1)).toBe(true)
  one.feed({ kind: 'publish', publish: 2, bitmask: T, data: new Uint8Array(20_000) })
  expect(names(20).filter((name) => one.heard(name).messages.length === 1).length).toBe(8)
})

test('on mainnet a third mesh peer of one /24 or /48 is refused', () => {
  const one = withPeers(0, { network: 0 })
  for (const name of names(4)) one.peer(name, [T], false, `10.0.0.${name.slice(1)}`)
  for (const name of names(4)) one.say(name, { graft: [T] })
  expect(one.router.meshOf(T).length).toBe(2)
  one.peer('six', [T], false, '2001:db8::1')
  one.say('six', { graft: [T] })
  expect(one.router.meshOf(T).length).toBe(3)
})

test.each([
  ['10.1.2.3', '10.1.2.0/24'],
  ['::ffff:10.1.2.3', '10.1.2.0/24'],
  ['2001:db8:7::1', '2001:db8:7::/48'],
  ['2001:0DB8:0007:1:2:3:4:5', '2001:db8:7::/48'],
  ['fe80::1%eth0', 'fe80:0:0::/48'],
  ['::', '0:0:0::/48'],
  ['nonsense', null],
  ['1:2:3', null],
  ['::1::2', null],
])('the neighbourhood of %s is %s', (address, prefix) => {
  expect(prefixOf(address)).toBe(prefix)
})

test('peers offered in PRUNE are looked at when the peer that offers them is trusted', () => {
  const one = withPeers(1)
  const offer = { bitmask: T, backoff: 0n, peers: Array(20).fill({ peerId: data(1), signedPeerRecord: data(2) }) }
  one.say('p0', { prune: [offer] })
  expect(one.effects.some((effect) => effect.kind === 'peersOffered')).toBe(false)
  one.feed({ kind: 'applicationScore', peer: 'p0', change: 100 })
  one.say('p0', { prune: [offer] })
  expect(one.effects.find((effect) => effect.kind === 'peersOffered')).toMatchObject({ peers: { length: 16 } })
})

test('a peer below the graylist threshold is not heard at all', () => {
  const one = withPeers(1)
  one.feed({ kind: 'applicationScore', peer: 'p0', change: -251 })
  one.say('p0', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual([])
  one.feed({ kind: 'applicationScore', peer: 'p0', change: 251 })
  one.say('p0', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual([bytesToHex(data(1))])
})
