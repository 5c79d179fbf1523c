/** When the follower rests, and what wakes it, with parts that say nothing. */
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FollowError } from './errors.ts'
import { FOLLOW_LIMITS, Follower, type FollowerParts } from './follower.ts'
import type { VerifiedHeader } from './verifier.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const identityOf = (number: bigint) => new Uint8Array(32).fill(Number(number))
const factsOf = (number: bigint) =>
  ({
    number,
    rank: number,
    timestamp: number,
    identity: identityOf(number),
    parentSelector: identityOf(number - 1n),
  }) as unknown as HeaderFacts
const headerOf = (number: bigint): VerifiedHeader => ({ bytes: new Uint8Array(), facts: factsOf(number), signers: [] })

/** Ends a run as soon as the follower takes the state of a frame. */
class Taken extends Error {}

function partsWith(more: Partial<FollowerParts>): FollowerParts {
  const never = () => {
    throw new Error('nobody asks for this here')
  }
  return {
    state: {
      kv: () => ({}),
      discard: async () => {
        throw new Taken()
      },
    },
    headers: { newest: async () => undefined, put: async () => undefined, get: never },
    verifier: { inspect: never },
    pool: { peers: () => [], onChange: () => () => undefined },
    crypto: {},
    frameIntervalMillis: 1_000_000,
    checkpoint: factsOf(4n),
    stored: undefined,
    onFrame: never,
    onHeaders: never,
    onProgress: never,
    onStuck: never,
    ...more,
  } as unknown as FollowerParts
}

test('a frame that is heard between the look at what was heard and the rest is taken at once', async () => {
  const parts = partsWith({})
  let offer: (() => void) | undefined
  Object.defineProperty(parts, 'checkpoint', {
    // Looked at when all that was heard before is taken, and nothing is to be done.
    get: () => {
      offer?.()
      return factsOf(4n)
    },
  })
  const follower = new Follower(parts)
  offer = () => {
    offer = undefined
    follower.offer(headerOf(5n))
  }
  let ended: unknown
  follower.run(new AbortController().signal).catch((error: unknown) => {
    ended = error
  })
  // Far less than the rest takes.
  await vi.advanceTimersByTimeAsync(10)
  expect(ended).toBeInstanceOf(Taken)
})

test('each poll asks other peers, of those that answer best: the first few may all be behind', async () => {
  const asked: string[] = []
  const peers = Array.from({ length: 9 }, (_, number) => ({
    id: `${number}`,
    failures: number < 8 ? 0 : 1,
    ask: async () => {
      asked.push(`${number}`)
      throw new PeerError('notFound', 'nothing here')
    },
  }))
  const pool = { peers: () => peers, onChange: () => () => undefined, failed: () => undefined }
  const stopping = new AbortController()
  const follower = new Follower(partsWith({ pool: pool as unknown as FollowerParts['pool'] }))
  const running = follower.run(stopping.signal)
  await vi.advanceTimersByTimeAsync(10)
  expect(asked).toEqual(['0', '1', '2'])
  await vi.advanceTimersByTimeAsync(2_000_000)
  expect(new Set(asked)).toEqual(new Set(['0', '1', '2', '3', '4', '5', '6', '7']))
  stopping.abort()
  await running
})

test('what a failed round itself stirs does not end its rest', async () => {
  const stuck: number[] = []
  const follower: Follower = new Follower(
    partsWith({
      headers: {
        newest: async () => undefined,
        put: async () => {
          // A bounded number of times: rounds without a rest would never end.
          if (stuck.length < 20) follower.offer(headerOf(BigInt(100 + stuck.length)))
          throw new FollowError('unavailable', 'nobody answers')
        },
      } as unknown as FollowerParts['headers'],
      onStuck: () => stuck.push(performance.now()),
    }),
  )
  const stopping = new AbortController()
  const running = follower.run(stopping.signal)
  await vi.advanceTimersByTimeAsync(0)
  follower.offer(headerOf(50n))
  await vi.advanceTimersByTimeAsync(7 * FOLLOW_LIMITS.pauseMillis)
  const pauses = stuck.slice(1).map((at, index) => at - (stuck[index] ?? 0))
  expect(pauses.map((pause) => pause / FOLLOW_LIMITS.pauseMillis)).toEqual([1, 2, 4])
  stopping.abort()
  await running
})

test('with nothing heard it rests until something is', async () => {
  const follower = new Follower(partsWith({}))
  let ended = false
  const running = follower.run(new AbortController().signal).finally(() => {
    ended = true
  })
  running.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(10)
  expect([ended, vi.getTimerCount()]).toEqual([false, 1])
  follower.offer(headerOf(5n))
  await expect(running).rejects.toBeInstanceOf(Taken)
  expect(vi.getTimerCount()).toBe(0)
})
