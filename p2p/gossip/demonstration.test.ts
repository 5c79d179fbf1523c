import { shardTopics } from '@petal/core/gossip/topics.ts'
import { expect, test } from 'vitest'
import {
  DEMONSTRATION_DOMAIN,
  DEMONSTRATION_LIMITS,
  type GossipService,
  relayDemonstration,
  type Subscriber,
} from './index.ts'

test('the demonstration topic is passed on within limits, peer by peer', async () => {
  let judge: Subscriber['validate']
  const gossip = {
    subscribe: (topic: Uint8Array, subscriber: Subscriber) => {
      expect(topic).toEqual(shardTopics(DEMONSTRATION_DOMAIN).frame)
      judge = subscriber.validate
      return () => {}
    },
  } as unknown as GossipService
  let now = 0
  relayDemonstration(gossip, () => now)
  const verdict = (peer: string, length = 10) => judge?.({ data: new Uint8Array(length) } as never, peer)
  const { burst, perSecond, messageBytes } = DEMONSTRATION_LIMITS
  for (let at = 0; at < burst; at++) expect(verdict('a')).toBe('accept')
  expect(verdict('a')).toBe('ignore')
  expect(verdict('b')).toBe('accept')
  expect(verdict('c', messageBytes + 1)).toBe('ignore')
  now += 1000
  for (let at = 0; at < perSecond; at++) expect(verdict('a')).toBe('accept')
  expect(verdict('a')).toBe('ignore')
})
