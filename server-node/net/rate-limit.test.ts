import { TokenBucket } from '@petal/core/platform/token-bucket.ts'
import { expect, test } from 'vitest'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { RateLimiter } from './rate-limit.ts'

test('a bucket gives its capacity at once and then its rate', () => {
  const bucket = new TokenBucket(3, 2, 0)
  expect([1, 1, 1, 1].map((cost) => bucket.take(cost, 0))).toEqual([true, true, true, false])
  expect(bucket.take(1, 499)).toBe(false)
  expect(bucket.take(1, 500)).toBe(true)
  expect(bucket.take(3, 60_000)).toBe(true)
  expect(bucket.take(1, 60_000)).toBe(false)
})

test('a clock that goes back gives nothing', () => {
  const bucket = new TokenBucket(1, 1, 10_000)
  expect(bucket.take(1, 10_000)).toBe(true)
  expect(bucket.take(1, 0)).toBe(false)
})

test('a peer in debt for bytes waits until it is paid', () => {
  let now = 0
  const rates = new RateLimiter({ ...DEFAULT_NET_LIMITS, byteBurst: 100, bytesPerSecond: 100 }, () => now)
  expect(rates.request('a')).toBe(true)
  rates.sent('a', 300)
  expect(rates.request('a')).toBe(false)
  now = 1_900
  expect(rates.request('a')).toBe(false)
  now = 2_100
  expect(rates.request('a')).toBe(true)
  expect(rates.request('b')).toBe(true)
})

test('coming back under the same name does not fill the bucket; memory of peers is bounded', () => {
  const limits = { ...DEFAULT_NET_LIMITS, requestBurst: 1, requestsPerSecond: 0, rememberedPeers: 10 }
  const rates = new RateLimiter(limits, () => 0)
  expect(rates.request('a')).toBe(true)
  for (let i = 0; i < 9; i++) rates.request(`peer ${i}`)
  expect(rates.request('a')).toBe(false)
  for (let i = 0; i < 10; i++) rates.request(`other ${i}`)
  expect(rates.request('a')).toBe(true)
})
