import { bytesToHex } from '@noble/hashes/utils.js'
import { DirectCrypto } from '@petal/core/crypto/direct.ts'
import { EngineTrees } from '@petal/core/crypto/engine-trees.ts'
import type { Finding, QueryOutcome } from '@petal/core/light/events.ts'
import { type FollowChain, RULES, SimulatedNetwork, weights } from '@petal/core/light/follow-registry-simulation.ts'
import type { FollowSource } from '@petal/core/light/follow-registry-types.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { followWish } from './follow-arguments.ts'
import { FollowHost } from './follow-host.ts'
import type { FollowingProgress, FollowRegistryOptions } from './follow-types.ts'

const clock = {
  now: () => performance.now(),
  at: (time: number, callback: () => void) => {
    const timer = setTimeout(callback, time - performance.now())
    return () => clearTimeout(timer)
  },
}
const { signal } = new AbortController()
let network: SimulatedNetwork
let chain: FollowChain

beforeAll(async () => {
  const wasm = await loadWasmEngine()
  const crypto = new DirectCrypto(async () => wasm, { now: clock.now, pause: async () => {} })
  network = new SimulatedNetwork({ crypto, trees: new EngineTrees(wasm), clock })
  const plans = Array.from({ length: 6 }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4) }))
  chain = await network.chain(...plans)
})
afterAll(() => network.crypto.close())

/** What the client verified by itself. */
async function finding(number: number, verified: Finding['verified'] = 'full'): Promise<Finding> {
  const bytes = await chain.header(chain.at(number))
  const facts = await network.crypto.inspectHeader(bytes)
  return {
    bytes,
    facts,
    checks: [],
    verified,
    reason: verified ? null : 'made up',
    millis: 1,
    from: null,
    verifiedAt: 0,
  }
}

interface Setting {
  readonly recent?: readonly Finding[]
  readonly peers?: readonly FollowSource[]
  readonly query?: QueryOutcome
  readonly offered?: bigint
}

function start({ recent = [], peers = [chain.peer('/a')], ...more }: Setting = {}) {
  const queries: string[] = []
  const host = new FollowHost({
    driver: {
      followSources: () => peers,
      recent: () => recent,
      query: async (wish) => {
        queries.push(wish.kind)
        return more.query ?? { kind: 'failed', code: 'notFound', reason: 'nobody has it' }
      },
    },
    crypto: network.crypto,
    clock,
    rules: RULES,
    dial: async () => [],
    offered: () => more.offered ?? null,
  })
  const follow = async (options: FollowRegistryOptions, given = signal) => {
    const outcome = await host.follow(followWish(options), given, options.onProgress)
    if (outcome.kind === 'failed') throw Object.assign(new Error(outcome.reason), { code: outcome.code })
    return structuredClone(outcome.answer)
  }
  return { follow, queries }
}

test('from a header that the caller vouches for to the newest frame offered, as plain values', async () => {
  const told: FollowingProgress[] = []
  const from = await chain.header(chain.at(1))
  const answer = await start({ offered: 6n }).follow({ from, onProgress: (progress) => told.push(progress) })
  expect(answer).toMatchObject({ frame: 6n, verified: 'full', reason: null, root: bytesToHex(chain.tip.identity) })
  const { members, totalWeight, threshold, registryRoot, leaves, steps, bytes } = answer.value
  expect(members.map(({ address }) => address)).toEqual(members.map(({ address }) => address).toSorted())
  const keys = await Promise.all([6, 7, 8, 9].map((number) => chain.key(number)))
  expect(new Set(members.map(({ publicKey }) => publicKey))).toEqual(new Set(keys.map(({ publicKey }) => publicKey)))
  expect({ totalWeight, threshold }).toEqual({ totalWeight: 4000n, threshold: 2666n })
  // Never null: whoever calls shows it as it is.
  expect<number>(leaves).toBe(8)
  expect(registryRoot).toBe(bytesToHex(chain.tip.root))
  expect(steps[0]).toMatchObject({ frame: 6n, trusted: 1n, outcome: 'far', from: '/a' })
  expect(steps.at(-1)).toMatchObject({ frame: 6n, outcome: 'adopted', rule: 'twoThirds' })
  expect(bytes).toBeGreaterThan(100_000)
  expect(told.at(-1)?.frames).toBe(steps.length)
})

test('begins at a frame that the client verified, goes on from there, and begins anew for an older frame', async () => {
  const recent = [await finding(4), await finding(3), await finding(2, 'certificate')]
  const { follow, queries } = start({ recent, query: { kind: 'finding', finding: await finding(1, 'certificate') } })
  expect((await follow({})).value.steps).toMatchObject([{ trusted: 3n, frame: 4n, outcome: 'adopted' }])
  expect((await follow({ frame: 5n })).value.steps).toMatchObject([{ trusted: 4n, frame: 5n }])
  expect(queries).toEqual([])
  const first = await follow({ frame: 1n })
  expect(queries).toEqual(['header'])
  expect(first).toMatchObject({ frame: 1n, value: { steps: [], leaves: 8 } })
})

test('a frame that the pinned committee certified otherwise is told', async () => {
  const other = await finding(3)
  const rival = { ...other, facts: other.facts && { ...other.facts, identity: new Uint8Array(32) } }
  const { follow } = start({ recent: [rival] })
  const from = await chain.header(chain.at(1))
  await expect(follow({ from, frame: 3n })).rejects.toMatchObject({ code: 'refused', message: /certified twice/ })
})

test('what cannot be followed has its code', async () => {
  const from = await chain.header(chain.at(1))
  await expect(start().follow({ from })).rejects.toMatchObject({ code: 'notFound' })
  await expect(start({ peers: [] }).follow({ from, frame: 2n })).rejects.toMatchObject({ code: 'noPeers' })
  await expect(start().follow({ from, frame: 9n })).rejects.toMatchObject({ code: 'notFound' })
  await expect(start().follow({ frame: 2n })).rejects.toMatchObject({ code: 'notFound' })
  const refusing = start({ query: { kind: 'finding', finding: await finding(2, false) } })
  await expect(refusing.follow({ frame: 2n })).rejects.toMatchObject({ code: 'refused' })
  await expect(start().follow({ from: Uint8Array.of(1), frame: 2n })).rejects.toMatchObject({ code: 'arguments' })
  await expect(start().follow({ from, frame: 2n }, AbortSignal.abort())).rejects.toMatchObject({ code: 'stopped' })
  const later = start()
  await later.follow({ from, frame: 2n })
  await expect(later.follow({ from: await chain.header(chain.at(3)), frame: 2n })).rejects.toMatchObject({
    code: 'arguments',
  })
})

test('a wrong argument is told where it was made', () => {
  expect(() => followWish({ frame: 1 as never })).toThrow(/bigint/)
  expect(() => followWish({ frame: -1n })).toThrow(/bigint/)
  expect(() => followWish({ from: new Uint8Array(0) })).toThrow(/from/)
  expect(() => followWish({ from: new Uint8Array(70_000) })).toThrow(/from/)
  expect(() => followWish({ from: 'header' as never })).toThrow(/from/)
  expect(followWish({})).toEqual({ frame: null, from: null })
})
