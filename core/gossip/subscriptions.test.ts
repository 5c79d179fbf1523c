import { expect, test } from 'vitest'
import { bitmaskKey } from './bitmask.ts'
import { messageBy, OneRouter } from './one-router.ts'
import { GLOBAL_TOPICS, shardTopics } from './topics.ts'

const T = GLOBAL_TOPICS.frame
const topic = (series: number, n: number) => Uint8Array.of(1, series, n)

/** What `slow` knows to be announced, and the most that it ever knew at one time. */
class Known {
  readonly topics = new Set<string>()
  most = 0
  note(one: OneRouter): void {
    for (const { subscribe, bitmask } of one.heard('slow').subscriptions) {
      if (subscribe) this.topics.add(bitmaskKey(bitmask))
      else this.topics.delete(bitmaskKey(bitmask))
      this.most = Math.max(this.most, this.topics.size)
    }
  }
}

test('P2P-13 a peer whose queue is full is told of changes later, and never of more than 256 topics', () => {
  const one = new OneRouter({ limits: { queueBytes: 10_000 } })
  one.feed({ kind: 'subscribe', bitmask: T })
  for (let n = 0; n < 240; n++) one.feed({ kind: 'subscribe', bitmask: topic(1, n) })
  one.peer('a', [T])
  one.peer('slow', [T])
  one.beat()
  const known = new Known()
  known.note(one)
  one.drains = false
  // One message of any size is taken by an empty queue: then there is no room for anything else.
  one.say('a', { messages: [messageBy('author', T, new Uint8Array(30_000)).bytes] })
  const { frame } = shardTopics(new Uint8Array(32).fill(9))
  one.feed({ kind: 'subscribe', bitmask: frame })
  for (let n = 0; n < 200; n++) one.feed({ kind: 'unsubscribe', bitmask: topic(1, n) })
  one.beat()
  known.note(one)
  expect(known.topics.has(bitmaskKey(frame))).toBe(false)
  one.drains = true
  one.feed({ kind: 'sent', peer: 'slow', bytes: 1e9 })
  one.beat()
  known.note(one)
  expect(known.topics.has(bitmaskKey(frame))).toBe(true)
  for (let n = 0; n < 200; n++) one.feed({ kind: 'subscribe', bitmask: topic(2, n) })
  known.note(one)
  expect(known.most).toBeLessThanOrEqual(256)
  expect(known.topics.has(bitmaskKey(topic(2, 199)))).toBe(true)
  expect(known.topics.has(bitmaskKey(topic(1, 0)))).toBe(false)
})
