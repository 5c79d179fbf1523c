import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import { EngineTrees } from '../crypto/engine-trees.ts'
import {
  type FollowChain,
  type FramePlan,
  weights as of,
  refusal,
  SimulatedNetwork,
  startFollower,
} from './follow-registry-simulation.ts'
import type { FollowSource } from './follow-registry-types.ts'

// real signatures on a busy machine
vi.setConfig({ testTimeout: 90_000 })

let network: SimulatedNetwork
let crypto: DirectCrypto
let trees: EngineTrees
const clock = {
  now: () => performance.now(),
  at: (time: number, callback: () => void) => {
    const timer = setTimeout(callback, time - performance.now())
    return () => clearTimeout(timer)
  },
}
beforeAll(async () => {
  const wasm = await loadWasmEngine('simd')
  const options = { now: () => performance.now(), pause: async () => {} }
  crypto = new DirectCrypto(async () => wasm, options)
  trees = new EngineTrees(wasm)
  network = new SimulatedNetwork({ crypto, trees, clock })
})
afterAll(() => crypto.close())

const signal = new AbortController().signal
const chainOf = (...plans: readonly FramePlan[]) => network.chain(...plans)
const follow = (chain: FollowChain, peers: readonly FollowSource[]) => startFollower(network, chain, peers)
const again = (count: number, plan: FramePlan) => Array.from({ length: count }, () => plan)
/** Five of 1000 each; each four frames the oldest member makes room for a new one, and signs no more. */
const drift = (frames: number): FramePlan[] =>
  Array.from({ length: frames }, (_, index) => {
    const first = Math.floor(index / 4) + 1
    return { members: of(1000n, first, first + 1, first + 2, first + 3, first + 4) }
  })

describe('an unchanged committee', () => {
  test('a frame far ahead is adopted at once by a quorum of exactly two thirds, and its time proof is checked', async () => {
    const members = of(1000n, 1, 2, 3, 4, 5, 6)
    const chain = await chainOf(...again(12, { members, signers: [1, 3, 4, 6] }))
    const follower = await follow(chain, [chain.peer('a')])
    const before = network.timeProofs
    const { point, steps, bytes } = await follower.advance(12n, { signal })
    expect(network.timeProofs - before).toBe(1)
    expect(steps).toMatchObject([
      { number: 12n, trusted: 1n, outcome: 'adopted', rule: 'sameCommittee', registry: 'unchanged', members: 6 },
    ])
    expect(steps[0]?.signed).toEqual({ weight: 4000n, of: 6000n })
    expect(point.facts.identity).toEqual(chain.tip.identity)
    expect(bytes).toBeGreaterThan(16_000)
    expect((await follower.advance(12n, { signal })).steps).toEqual([])
    expect((await refusal(follower.advance(11n, { signal }))).code).toBe('arguments')
  })

  test('three of six are refused, and so is a signer who is no member', async () => {
    const members = of(1000n, 1, 2, 3, 4, 5, 6)
    const chain = await chainOf({ members }, { members, signers: [1, 2, 3] }, { members, signers: [1, 2, 3, 4, 9] })
    const follower = await follow(chain, [chain.peer('a')])
    expect((await refusal(follower.advance(2n, { signal }))).code).toBe('quorum')
    const outsider = await refusal(follower.advance(3n, { signal }))
    expect(outsider.code).toBe('refused')
    expect(outsider.message).toMatch(/aggregate_key/)
    expect(follower.point.facts.number).toBe(1n)
  })

  test('a registry that changes beside the committee is pulled by its difference', async () => {
    const members = of(1000n, 1, 2, 3, 4)
    const chain = network.empty()
    const joined = await chain.memberLeaves(20, 5n, 0)
    await chain.grow({ members }, { members, extra: joined })
    const follower = await follow(chain, [chain.peer('a')])
    const { steps, point } = await follower.advance(2n, { signal })
    expect(steps).toMatchObject([{ registry: 'difference', rule: 'sameCommittee', members: 4 }])
    expect(point.leaves).toBe(10)
  })
})

describe('a committee that changes', () => {
  test('one member in five is replaced: skipping over it is allowed', async () => {
    const chain = await chainOf(...drift(8))
    const { steps, point } = await (await follow(chain, [chain.peer('a')])).advance(8n, { signal })
    expect(steps).toMatchObject([{ rule: 'twoThirds', overlap: { weight: 4000n, of: 5000n }, registry: 'difference' }])
    const keys = await Promise.all([2, 3, 4, 5, 6].map((number) => chain.key(number)))
    expect(point.committee.members.map(({ address }) => address)).toEqual(
      keys.toSorted((a, b) => (a.address < b.address ? -1 : 1)).map(({ at }) => at),
    )
  })

  test('all members are replaced over forty frames: skipping fails, bisecting finds the way, and registries are not pulled twice', async () => {
    const chain = await chainOf(...drift(40))
    const peer = chain.peer('a')
    const follower = await follow(chain, [peer])
    const { steps, point } = await follower.advance(40n, { signal })
    expect(point.facts.number).toBe(40n)
    expect(steps[0]).toMatchObject({ number: 40n, outcome: 'far', overlap: { weight: 0n, of: 5000n } })
    expect(steps[0]?.reason).toMatch(/less than a third/)
    const adopted = steps.filter(({ outcome }) => outcome === 'adopted')
    expect(adopted.length).toBeGreaterThan(3)
    expect(steps.length).toBeLessThan(30)
    for (const { overlap, rule } of adopted) {
      if (rule === 'twoThirds') expect(3n * (overlap?.weight ?? 0n)).toBeGreaterThan(2n * (overlap?.of ?? 0n))
    }
    expect(steps.some(({ registry }) => registry === 'held')).toBe(true)
  })

  test('where leaves may take little memory, committees are all that is kept, registries are copied again, and the way is the same', async () => {
    const chain = await chainOf(...drift(40))
    const follower = await startFollower(network, chain, [chain.peer('a')], { limits: { heldBytes: 1_000 } })
    const { steps, point } = await follower.advance(40n, { signal })
    const roomy = await (await follow(chain, [chain.peer('a')])).advance(40n, { signal })
    expect(steps.map(({ number, outcome }) => [number, outcome])).toEqual(
      roomy.steps.map(({ number, outcome }) => [number, outcome]),
    )
    expect(new Set(roomy.steps.map(({ registry }) => registry))).toEqual(new Set(['difference', 'held']))
    expect(new Set(steps.map(({ registry }) => registry))).toEqual(new Set(['copy', 'held']))
    expect(point).toMatchObject({ leaves: roomy.point.leaves, committee: roomy.point.committee })
  })

  test('weights decide, not heads: a member of most of the weight who left takes the way with him', async () => {
    const heavy = { ...of(1000n, 2, 3, 4, 5), 1: 20_000n }
    const light = of(1000n, 2, 3, 4, 5)
    const chain = await chainOf({ members: heavy }, { members: light }, { members: light })
    const failed = await refusal((await follow(chain, [chain.peer('a')])).advance(3n, { signal }))
    expect(failed.code).toBe('overlap')
    expect(failed.steps.map(({ number, outcome }) => [number, outcome])).toEqual([
      [3n, 'far'],
      [2n, 'far'],
    ])
    const eased = { ...of(1000n, 2, 3, 4, 5), 1: 1000n }
    const way = await chainOf({ members: heavy }, { members: eased }, { members: light })
    const { steps } = await (await follow(way, [way.peer('a')])).advance(3n, { signal })
    expect(steps.map(({ number, outcome }) => [number, outcome])).toEqual([
      [3n, 'far'],
      [2n, 'adopted'],
      [3n, 'adopted'],
    ])
  })

  test('exactly two thirds of the trusted weight are too few', async () => {
    const old = of(1000n, 1, 2, 3)
    const exact = { members: of(1000n, 1, 2, 4) }
    const chain = await chainOf({ members: old }, exact)
    const failed = await refusal((await follow(chain, [chain.peer('a')])).advance(2n, { signal }))
    expect(failed.steps[0]?.overlap).toEqual({ weight: 2000n, of: 3000n })
    expect(failed.code).toBe('overlap')
  })

  test('a frame below quorum is stepped over', async () => {
    const plans = drift(17).map((plan, index) =>
      index === 8 ? { ...plan, signers: Object.keys(plan.members).map(Number).slice(0, 3) } : plan,
    )
    const chain = await chainOf(...plans)
    const { steps, point } = await (await follow(chain, [chain.peer('a')])).advance(17n, { signal })
    expect(steps.find(({ number }) => number === 9n)).toMatchObject({ outcome: 'refused', code: 'quorum' })
    expect(point.facts.number).toBe(17n)
  })

  test.each([1, 2, 3])(
    'seed %i: members join, leave and change weight at random, and the end is the committee of the registry',
    async (seed) => {
      let state = seed * 7919
      const random = (below: number) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
        return (state >> 8) % below
      }
      let members: Record<number, bigint> = of(10n, 1, 2, 3, 4, 5)
      const plans: FramePlan[] = []
      for (let frame = 1; frame <= 24; frame++) {
        plans.push({ members })
        const keys = Object.keys(members).map(Number)
        const some = keys[random(keys.length)] ?? 1
        const what = random(3)
        if (what === 0 && keys.length < 7) members = { ...members, [6 + random(8)]: 10n }
        else if (what === 1 && keys.length > 4)
          members = Object.fromEntries(Object.entries(members).filter(([key]) => key !== `${some}`))
        else members = { ...members, [some]: BigInt(8 + random(5)) }
      }
      const chain = await chainOf(...plans)
      const { point, steps } = await (await follow(chain, [chain.peer('a')])).advance(24n, { signal })
      const expected = await Promise.all(
        Object.entries(plans.at(-1)?.members ?? {}).map(async ([key, weight]) => [
          (await chain.key(Number(key))).publicKey,
          weight,
        ]),
      )
      const found = point.committee.members.map(({ publicKey, weight }) => [
        Buffer.from(publicKey).toString('hex'),
        weight,
      ])
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
      expect(steps.at(-1)?.outcome).toBe('adopted')
    },
  )
})

test('with real time proofs: solved, signed, followed; another registry under the same proof is refused', async () => {
  const real = new SimulatedNetwork({ crypto, trees, clock, realTimeProofs: true })
  const chain = await real.chain({ members: of(1000n, 1, 2, 3, 4) }, { members: of(1000n, 2, 3, 4, 5) })
  const follower = await startFollower(real, chain, [chain.peer('a')])
  const { steps } = await follower.advance(2n, { signal })
  expect(steps).toMatchObject([{ outcome: 'adopted', rule: 'twoThirds' }])
  const forged = { members: { ...of(1000n, 2, 3, 4, 5), 11: 1n } }
  const fields = { ...chain.at(2).fields, proverTreeCommitment: await chain.rootOf(await chain.registry(forged)) }
  const signed = { ...forged, signers: [2, 3, 4, 5] }
  const header = await chain.sign({ fields, identity: chain.at(2).identity }, signed)
  const liar = chain.peer('liar', { header: async (number) => (number === 2n ? header : undefined) })
  const failed = await refusal((await startFollower(real, chain, [liar])).advance(2n, { signal }))
  expect(failed.code).toBe('refused')
  expect(failed.steps[0]?.signed).toEqual({ weight: 4000n, of: 4001n })
  expect(failed.message).toMatch(/proof|vdf/i)
})
