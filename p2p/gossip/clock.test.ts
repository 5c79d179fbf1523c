import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GossipService } from './service.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('heartbeats go on when the clock of the machine is set back or forward', () => {
  const identity = { peerId: new Uint8Array(34), key: new Uint8Array(61), sign: () => new Uint8Array(114) }
  const gossip = new GossipService({ network: 7, identity })
  gossip.subscribe(GLOBAL_TOPICS.frame, { deliver: () => undefined })
  const between = () => {
    vi.advanceTimersToNextTimer()
    const before = performance.now()
    vi.advanceTimersToNextTimer()
    return performance.now() - before
  }
  expect(between()).toBeCloseTo(700, -1)
  for (const hours of [-5, 9]) {
    vi.setSystemTime(Date.now() + hours * 3_600_000)
    expect(between()).toBeCloseTo(700, -1)
  }
})
