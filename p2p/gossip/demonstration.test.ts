import { shardTopics } from '@petal/core/gossip/topics.ts'
import { networkNumberOf } from '@petal/core/identity/network-number.ts'
import { expect, test, vi } from 'vitest'
import { hasDemonstration } from './demonstration-domain.ts'
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
  relayDemonstration(gossip, 99, () => now)
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

test('mainnet is spared: a node subscribes to nothing there', () => {
  const subscribe = vi.fn()
  relayDemonstration({ subscribe } as unknown as GossipService, networkNumberOf('mainnet'))()
  expect(subscribe).not.toHaveBeenCalled()
  expect(['mainnet', 'local', 'replay'].map((name) => hasDemonstration(networkNumberOf(name)))).toEqual([
    false,
    true,
    true,
  ])
})
