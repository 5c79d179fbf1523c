import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { messageDigest, writeId } from './message.ts'
import { messageBy, OneRouter } from './one-router.ts'
import { GLOBAL_TOPICS } from './topics.ts'

const T = GLOBAL_TOPICS.frame
const data = (n: number, length = 8) => new Uint8Array(length).fill(n)
const published = (one: OneRouter) => one.effects.filter(({ kind }) => kind.startsWith('publish'))

test('what was published to nobody may be published again, what reached somebody may not', () => {
  const one = new OneRouter()
  const publish = (publish: number) => one.feed({ kind: 'publish', publish, bitmask: T, data: data(1) })
  for (const n of [1, 2]) publish(n)
  one.peer('a', [T])
  for (const n of [3, 4]) publish(n)
  expect(published(one)).toEqual([
    { kind: 'published', publish: 1, peers: 0 },
    { kind: 'published', publish: 2, peers: 0 },
    { kind: 'published', publish: 3, peers: 1 },
    { kind: 'publishRefused', publish: 4, code: 'duplicate' },
  ])
  expect(one.heard('a').messages.length).toBe(1)
  // It is still ours: nobody tells us of it as of something new.
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual([])
})

test('what was heard of somebody else is not published, though nobody was there for our own', () => {
  const one = new OneRouter()
  one.feed({ kind: 'subscribe', bitmask: T })
  one.peer('a', [T])
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  one.feed({ kind: 'publish', publish: 1, bitmask: T, data: data(1) })
  expect(published(one)).toEqual([{ kind: 'publishRefused', publish: 1, code: 'duplicate' }])
})

test('a message that comes again after it was forgotten has one place among those that can be asked for', () => {
  const one = new OneRouter({ limits: { seen: 1, cacheBytes: 20_000 } })
  one.feed({ kind: 'subscribe', bitmask: T })
  for (const name of ['a', 'b']) one.peer(name, [T])
  const say = (n: number) => one.say('a', { messages: [messageBy('author', T, data(n, 1000)).bytes] })
  for (let round = 0; round < 30; round++) for (const n of [1, 2]) say(n)
  for (const n of [3, 4]) say(n)
  one.heard('b')
  for (const n of [3, 4]) one.say('b', { iwant: [writeId(messageDigest(data(n, 1000)), 'long')] })
  expect(one.heard('b').messages.map((each) => bytesToHex(each.data))).toEqual(
    [3, 4].map((n) => bytesToHex(data(n, 1000))),
  )
})

test('P2P-H6 the same data on any number of topics is delivered once on each, and never goes round', () => {
  const one = new OneRouter()
  one.feed({ kind: 'subscribe', bitmask: Uint8Array.of(0xff, 0xff) })
  one.peer('a', [Uint8Array.of(0xff, 0xff)])
  const topics = Array.from({ length: 300 }, (_, i) => Uint8Array.of((i + 1) >> 8, (i + 1) & 0xff))
  for (let round = 0; round < 3; round++)
    for (const topic of topics) one.say('a', { messages: [messageBy('author', topic, data(1)).bytes] })
  expect(one.delivered().length).toBe(300)
})
