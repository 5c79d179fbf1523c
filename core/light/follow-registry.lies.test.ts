import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import { EngineTrees } from '../crypto/engine-trees.ts'
import type { ServedLeaf } from '../platform/state.ts'
import { record, u64Bytes } from '../registry/index.ts'
import { LeafGeneration } from '../state/leaf-generation.ts'
import {
  type FollowChain,
  type PeerChanges,
  refusal,
  SimulatedNetwork,
  startFollower,
  weights,
} from './follow-registry-simulation.ts'
import type { FollowProgress, FollowSource } from './follow-registry-types.ts'

// real signatures on a busy machine
vi.setConfig({ testTimeout: 90_000 })

let network: SimulatedNetwork
let trees: EngineTrees
beforeAll(async () => {
  const wasm = await loadWasmEngine('simd')
  trees = new EngineTrees(wasm)
  const options = { now: () => performance.now(), pause: async () => {} }
  network = new SimulatedNetwork({ crypto: new DirectCrypto(async () => wasm, options), trees, clock })
})
afterAll(() => network.crypto.close())

const clock = {
  now: () => performance.now(),
  at: (time: number, callback: () => void) => {
    const timer = setTimeout(callback, time - performance.now())
    return () => clearTimeout(timer)
  },
}
const signal = new AbortController().signal
const before = { members: weights(1000n, 1, 2, 3, 4) }
const after = { members: weights(1000n, 2, 3, 4, 5) }
const mallory = { members: weights(1000n, 11, 12, 13, 14) }

/** Starts with an honest peer, then has only these. */
async function followWith(chain: FollowChain, ...peers: readonly FollowSource[]) {
  const now: FollowSource[] = [chain.peer('start')]
  const follower = await startFollower(network, chain, now)
  now.splice(0, 1, ...peers)
  return follower
}

/** Frame 2 from that peer alone is refused; with an honest one behind it, it is adopted. */
async function lie(chain: FollowChain, changes: PeerChanges) {
  const alone = await followWith(chain, chain.peer('liar', changes))
  const failed = await refusal(alone.advance(2n, { signal }))
  expect(alone.point.facts.number).toBe(1n)
  const both = await followWith(chain, chain.peer('liar', changes), chain.peer('honest'))
  const { point, steps } = await both.advance(2n, { signal })
  expect(point.facts.identity).toEqual(chain.at(2).identity)
  expect(steps.at(-1)?.outcome).toBe('adopted')
  return failed
}

const twoFrames = () => network.chain(before, after)
const served = (leaves: readonly ServedLeaf[], root: Uint8Array) => {
  const other = new LeafGeneration(leaves, trees)
  // claims the wanted root for whatever it serves
  return {
    branch: async (...[tree, path]: Parameters<LeafGeneration['branch']>) => {
      const info = await other.branch(tree, path)
      return path.length === 0 ? { ...info, commitment: root } : info
    },
    leaves: other.leaves.bind(other),
  }
}

describe('a header that lies', () => {
  test('the registry is swapped wholesale under a real certificate: only the time proof tells, and it does', async () => {
    const chain = await twoFrames()
    const forged = { members: { ...after.members, ...weights(1_000_000n, 11) } }
    const root = await chain.rootOf(await chain.registry(forged))
    const frame = chain.at(2)
    // the outsider stands last or not: signers keep their keys, and the bitmask is made for the forged order
    const signers = Object.keys(after.members).map(Number)
    const fields = { ...frame.fields, proverTreeCommitment: root }
    const all = [...signers, 11]
    const quorum = await chain.sign({ fields, identity: frame.identity }, { ...forged, signers: all })
    const failed = await lie(chain, { header: async (number) => (number === 2n ? quorum : undefined) })
    expect(failed.code).toBe('refused')
    expect(failed.steps[0]).toMatchObject({ outcome: 'refused', overlap: { weight: 3000n, of: 4000n } })
    expect(failed.steps[0]?.reason).toMatch(/vdf/)
  })

  test('a committee of its own, with its own time proof and signatures, has none of the trusted weight', async () => {
    const chain = await twoFrames()
    const forged = await chain.make(mallory, chain.at(1))
    const header = await chain.header(forged)
    const failed = await lie(chain, { header: async (number) => (number === 2n ? header : undefined) })
    expect(failed.code).toBe('overlap')
    expect(failed.steps[0]?.reason).toMatch(/0 of the 4000 .* less than a third/)
  })

  test('a bitmask in another order names other members', async () => {
    const chain = await twoFrames()
    const header = await chain.sign(chain.at(2), { ...after, signers: [2, 3, 4] }, true)
    expect(await chain.sign(chain.at(2), { ...after, signers: [2, 3, 4] })).not.toEqual(header)
    const failed = await lie(chain, { header: async (number) => (number === 2n ? header : undefined) })
    expect(failed.code).toBe('refused')
    expect(failed.message).toMatch(/aggregate_key/)
  })

  test('fewer signers than a quorum, another frame, another parent, a rank below, no header at all', async () => {
    const chain = await network.chain(before, after, after)
    const few = await chain.sign(chain.at(2), { ...after, signers: [2, 3] })
    expect((await lie(chain, { header: async () => few })).code).toBe('quorum')
    const third = await chain.header(chain.at(3))
    expect((await lie(chain, { header: async () => third })).code).toBe('refused')
    const stranger = await chain.header(await chain.make(after, { ...chain.at(1), identity: new Uint8Array(32) }))
    expect((await lie(chain, { header: async () => stranger })).message).toMatch(/parent/)
    const low = await chain.header(await chain.make(after, chain.at(1), { rank: 2n }))
    expect((await lie(chain, { header: async () => low })).message).toMatch(/rank 2/)
    expect((await lie(chain, { header: async () => Uint8Array.of(1, 2, 3) })).code).toBe('refused')
    const odd = await chain.header(await chain.make({ ...after, root: new Uint8Array(10) }, chain.at(1)))
    expect((await lie(chain, { header: async () => odd })).message).toMatch(/10 bytes/)
  })

  test('a registry without a committee, or of members without weight, certifies nothing', async () => {
    const chain = await twoFrames()
    for (const members of [weights(0n, 11, 12), {}]) {
      const empty = await chain.make({ members }, chain.at(1))
      const header = await chain.sign(empty, { members: weights(0n, 11, 12) })
      expect((await lie(chain, { header: async () => header })).code).toBe('committee')
    }
  })

  test('members that no engine takes: a key that is no point, weights beyond 64 bits together', async () => {
    const chain = await twoFrames()
    const key = new Uint8Array(585).fill(7)
    const at = await chain.crypto.hashBytes(key)
    const fields = { PublicKey: key, Status: Uint8Array.of(1), Seniority: u64Bytes(1000n) }
    const prover = chain.leaf(at, record('prover', fields))
    const active = { Prover: at, Status: Uint8Array.of(1), ConfirmationFilter: new Uint8Array(0) }
    const extra = [prover, chain.leaf(new Uint8Array(32).fill(3), record('allocation', active))]
    const forged = [{ ...after, extra }, { members: weights((1n << 63n) + 1n, 2, 3) }]
    for (const plan of forged) {
      const header = await chain.header(await chain.make(plan, chain.at(1)))
      expect((await lie(chain, { header: async () => header })).code).toBe('committee')
    }
  })

  test('a node that lies time and again is not asked any more', async () => {
    const way = await network.chain(
      ...Array.from({ length: 12 }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4) })),
    )
    const other = way.peer('liar', { header: async () => Uint8Array.of(1) })
    await (await followWith(way, other, way.peer('honest'))).advance(12n, { signal })
    expect(other.asked.headers).toBe(3)
    const alone = await followWith(
      way,
      way.peer('liar', { header: async (number) => (number > 8n ? undefined : Uint8Array.of(1)) }),
    )
    expect((await refusal(alone.advance(12n, { signal }))).code).toBe('overlap')
  })

  test('headers without a root of the registry: only a pinned committee works', async () => {
    const bare = { members: before.members, root: new Uint8Array(0) }
    const chain = await network.chain(before, bare)
    const follower = await followWith(chain, chain.peer('a'))
    const failed = await refusal(follower.advance(2n, { signal }))
    expect(failed.code).toBe('noRoot')
    expect(failed.message).toMatch(/only a pinned committee works here/)
    const begins = await network.chain(bare)
    expect((await refusal(startFollower(network, begins, [begins.peer('a')]))).code).toBe('noRoot')
  })

  test('the header to start from needs its time proof', async () => {
    const chain = await twoFrames()
    const { fields } = chain.at(1)
    const header = await chain.crypto.buildHeader({ ...fields, timestamp: 1n })
    const start = startFollower(network, chain, [chain.peer('a')], { header })
    expect((await refusal(start)).code).toBe('refused')
  })
})

describe('a registry that lies', () => {
  const heavier = async (chain: FollowChain) => [
    ...(await chain.registry({ members: weights(1000n, 2, 3, 4) })),
    ...(await chain.memberLeaves(5, 9_000n)),
  ]
  const paused = async (chain: FollowChain) => [
    ...(await chain.registry({ members: weights(1000n, 2, 3, 4) })),
    ...(await chain.memberLeaves(5, 1000n, 2)),
  ]
  const fewer = (chain: FollowChain) => chain.registry({ members: weights(1000n, 2, 3, 4) })
  const other = (chain: FollowChain) => chain.registry(mallory)

  test.each([
    ['another seniority', heavier],
    ['another status', paused],
    ['a member left out', fewer],
    ['other members', other],
  ])('%s makes another root', async (_, made) => {
    const chain = await twoFrames()
    const { root } = chain.at(2)
    const forged = served(await made(chain), root)
    const registry = (name: string) => (name === bytesToHex(root) ? forged : undefined)
    const failed = await lie(chain, { registry })
    expect(failed.code).toBe('refused')
  })

  test('members twice or in another order', async () => {
    const chain = await twoFrames()
    const { root } = chain.at(2)
    for (const change of [
      (leaves: readonly ServedLeaf[]) => leaves.flatMap((leaf) => [leaf, leaf]),
      (leaves: readonly ServedLeaf[]) => leaves.toReversed(),
    ]) {
      const registry: PeerChanges['registry'] = (name, honest) => {
        if (name !== bytesToHex(root)) return undefined
        return {
          branch: honest.branch.bind(honest),
          leaves: async (tree, path, range) => {
            const page = await honest.leaves(tree, path, range)
            const leaves = change(page.leaves)
            return { ...page, leaves, total: BigInt(leaves.length) }
          },
        }
      }
      expect((await lie(chain, { registry })).code).toMatch(/refused|notFound/)
    }
  })

  test('bytes that are no answer, and no answer at all', async () => {
    const chain = await twoFrames()
    expect((await lie(chain, { sync: async () => Uint8Array.of(9, 9, 9) })).code).toBe('refused')
    const now: FollowSource[] = [chain.peer('start')]
    const follower = await startFollower(network, chain, now, { limits: { askMillis: 200 } })
    now.splice(0, 1, chain.peer('silent', { sync: () => new Promise(() => {}) }))
    expect((await refusal(follower.advance(2n, { signal }))).code).toBe('noPeers')
    now.splice(0, 1, chain.peer('mute', { header: () => new Promise(() => {}) }), chain.peer('honest'))
    expect((await follower.advance(2n, { signal })).point.facts.number).toBe(2n)
  })
})

describe('bounds', () => {
  const drift = () =>
    network.chain(...Array.from({ length: 12 }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4) })))

  test('headers and bytes of one call are bounded; what was adopted stays', async () => {
    const chain = await drift()
    const now = [chain.peer('a')]
    const follower = await startFollower(network, chain, now, { limits: { frames: 5 } })
    const failed = await refusal(follower.advance(12n, { signal }))
    expect(failed.code).toBe('limit')
    expect(failed.steps).toHaveLength(5)
    const reached = follower.point.facts.number
    for (let calls = 0; calls < 10 && follower.point.facts.number < 12n; calls++)
      await follower.advance(follower.point.facts.number + 1n, { signal })
    expect(follower.point.facts.number).toBe(12n)
    expect(reached).toBeLessThan(12n)
    const poor = await startFollower(network, chain, now, { limits: { bytesPerPeer: 40_000 } })
    expect((await refusal(poor.advance(12n, { signal }))).code).toBe('limit')
  })

  test('it can be called off, tells its progress, and works calls through one after the other', async () => {
    const chain = await drift()
    const follower = await startFollower(network, chain, [chain.peer('a')])
    const stop = new AbortController()
    const told: FollowProgress[] = []
    const onProgress = (progress: FollowProgress) => {
      told.push(progress)
      if (progress.frames === 3) stop.abort(new Error('enough'))
    }
    await expect(follower.advance(12n, { signal: stop.signal, onProgress })).rejects.toThrow(/enough|cancelled/)
    expect(told.length).toBeGreaterThan(2)
    expect(told.every(({ target }) => target === 12n)).toBe(true)
    const [near, far] = await Promise.all([follower.advance(6n, { signal }), follower.advance(7n, { signal })])
    expect([near.point.facts.number, far.point.facts.number]).toEqual([6n, 7n])
  })
})
