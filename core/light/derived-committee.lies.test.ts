/** A client without a pinned committee among nodes that lie, withhold and forget, and over restarts. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import { EngineTrees } from '../crypto/engine-trees.ts'
import { StateError } from '../platform/state.ts'
import {
  anchorsAt as anchorsFrom,
  DerivedClient,
  type ServingChanges,
  ServingNode,
} from './derived-committee-simulation.ts'
import { type FollowChain, type FramePlan, SimulatedNetwork, weights } from './follow-registry-simulation.ts'

// real signatures on a busy machine
vi.setConfig({ testTimeout: 90_000 })

let network: SimulatedNetwork
const clock = {
  now: () => Date.now(),
  at: (time: number, callback: () => void) => {
    const timer = setTimeout(callback, Math.max(0, time - Date.now()))
    return () => clearTimeout(timer)
  },
}
beforeAll(async () => {
  const wasm = await loadWasmEngine('simd')
  const options = { now: () => performance.now(), pause: async () => {} }
  const crypto = new DirectCrypto(async () => wasm, options)
  network = new SimulatedNetwork({ crypto, trees: new EngineTrees(wasm), clock })
})
afterAll(() => network.crypto.close())

const polled = { timeout: 60_000, interval: 20 }
const anchorsAt = (chain: FollowChain, number: number) => anchorsFrom(chain, number, Date.now() - 1000)
/** Five of 1000 each; with each frame the oldest member makes room for a new one. */
const drift = (frames: number): FramePlan[] =>
  Array.from({ length: frames }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4, n + 5) }))
const mallory = { members: weights(1000n, 31, 32, 33, 34) }
/** Answers no question about these registries. */
const without = (...roots: readonly Uint8Array[]): ServingChanges => ({
  registry: (root, honest) => {
    if (roots.some((gone) => bytesToHex(gone) === root)) throw new StateError('unavailable', 'no longer held')
    return honest
  },
})

describe('a node that lies', () => {
  test('a head of a committee of its own, with its own registry and time proofs, is never shown; the true one is, and the node is left at last', async () => {
    const chain = await network.chain(...drift(5))
    let height = 3
    const honest = new ServingNode(chain, '/honest', { height: () => height })
    const forged = await chain.make(mallory, chain.at(3), { number: 9n, rank: 18n })
    const header = await chain.header(forged)
    const liar = new ServingNode(chain, '/liar', {
      height: () => height,
      head: async () => header,
      header: async (number) => (number === 9n ? header : undefined),
    })
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [liar, honest])
    await client.driver.start()
    await expect.poll(() => client.at, polled).toBe(3)
    await expect.poll(() => client.state?.committee, polled).toMatchObject({ frame: 3n, pending: 9n })
    for (const next of [4, 5]) {
      height = next
      await honest.announce()
      await expect.poll(() => client.at, polled).toBe(next)
    }
    expect(client.heads.some(({ facts }) => facts?.number === 9n)).toBe(false)
    const outcome = await client.driver.query({ kind: 'check', header, timeProof: true })
    expect(outcome).toMatchObject({ kind: 'finding', finding: { verified: false } })
    expect(JSON.stringify(outcome, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).toMatch(/is not known here/)
    await expect.poll(() => client.refusals, polled).toMatchObject([{ frame: 9n, from: '/liar' }])
    await expect
      .poll(() => client.state, polled)
      .toMatchObject({ phase: 'ready', at: 5n, committee: { pending: null } })
  })

  test('another registry under a true certificate is told by the time proof: the node is left', async () => {
    const chain = await network.chain(...drift(3))
    const frame = chain.at(3)
    const plan = { members: { ...frame.plan.members, ...weights(1n, 31) } }
    const fields = { ...frame.fields, proverTreeCommitment: await chain.rootOf(await chain.registry(plan)) }
    const signers = Object.keys(frame.plan.members).map(Number)
    const forged = await chain.sign({ fields, identity: frame.identity }, { ...plan, signers })
    const changes = { head: async () => forged, header: async (n: bigint) => (n === 3n ? forged : undefined) }
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [
      new ServingNode(chain, '/liar', changes),
      new ServingNode(chain, '/honest'),
    ])
    await client.driver.start()
    await expect.poll(() => client.at, polled).toBe(3)
    await expect.poll(() => client.refusals, polled).toMatchObject([{ from: '/liar', frame: 3n }])
    expect(client.driver.head()?.bytes).toEqual(await chain.header(frame))
    expect(client.state?.peers.find(({ address }) => address === '/liar')?.status).toBe('failed')
  })

  test('another header at the checkpoint, and none: the next node is asked', async () => {
    const chain = await network.chain(...drift(2))
    const other = await chain.header(await chain.make(mallory, null))
    // the identity of the true one, and another registry
    const fields = { ...chain.at(1).fields, proverTreeCommitment: await chain.rootOf(await chain.registry(mallory)) }
    const swapped = await chain.sign({ fields, identity: chain.at(1).identity }, mallory)
    const sending = (header: Uint8Array): ServingChanges => ({ header: async (n) => (n === 1n ? header : undefined) })
    const nodes = [other, swapped, new Uint8Array(9)].map(
      (header, i) => new ServingNode(chain, `/${i}`, sending(header)),
    )
    await using client = new DerivedClient(network, anchorsAt(chain, 1), nodes)
    await client.driver.start()
    await expect.poll(() => client.state?.committee?.reason, polled).toMatch(/cannot be had/)
    expect(client.state?.committee).toMatchObject({ origin: 'registry', frame: null, members: null })
    expect(client.state?.committee?.reason).toMatch(/another identity/)
    expect(client.at).toBeNull()
    await using helped = new DerivedClient(network, anchorsAt(chain, 1), [
      ...nodes.slice(0, 2),
      new ServingNode(chain, '/a'),
    ])
    await helped.driver.start()
    await expect.poll(() => helped.at, polled).toBe(2)
  })
})

describe('a registry that nobody holds', () => {
  test('at the checkpoint: nothing is shown, the state says why, and a node that holds it is enough later on', async () => {
    const chain = await network.chain(...drift(2))
    let held = false
    const gone = without(chain.at(1).root)
    const node = new ServingNode(chain, '/a', {
      registry: (root, honest) => (held ? honest : gone.registry?.(root, honest)),
    })
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [
      node,
      new ServingNode(chain, '/b', { stateless: true }),
    ])
    await client.driver.start()
    await expect
      .poll(() => client.state?.reason, polled)
      .toMatch(/The committee is not known.*no generation with that root/)
    expect(client.state).toMatchObject({ phase: 'anchoring', at: null })
    const asked = await client.driver.query({
      kind: 'check',
      header: await chain.header(chain.at(2)),
      timeProof: false,
    })
    expect(asked).toMatchObject({ finding: { verified: false } })
    expect(client.heads).toEqual([])
    held = true
    await expect.poll(() => client.at, polled).toBe(2)
  })

  test('above it: the head is pending until someone serves the registry; older frames stay verified', async () => {
    const chain = await network.chain(...drift(3))
    let held = false
    const gone = without(chain.at(3).root)
    let height = 2
    const node = new ServingNode(chain, '/a', {
      height: () => height,
      registry: (root, honest) => (held ? honest : gone.registry?.(root, honest)),
    })
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [node])
    await client.driver.start()
    await expect.poll(() => client.at, polled).toBe(2)
    height = 3
    await node.announce()
    await expect.poll(() => client.state?.committee, polled).toMatchObject({ frame: 2n, pending: 3n })
    await expect
      .poll(() => client.state?.reason, polled)
      .toMatch(/Verified up to frame 2\. Frame 3 is pending: nothing leads/)
    expect(client.at).toBe(2)
    held = true
    await expect.poll(() => client.at, polled).toBe(3)
    await expect.poll(() => client.state?.committee, polled).toMatchObject({ frame: 3n, pending: null, reason: null })
  })
})

describe('over a restart', () => {
  test('what was followed to is kept: the registry of the checkpoint is not needed any more', async () => {
    const chain = await network.chain(...drift(5))
    let height = 3
    const first = new DerivedClient(network, anchorsAt(chain, 1), [
      new ServingNode(chain, '/a', { height: () => height }),
    ])
    await first.driver.start()
    await expect.poll(() => first.at, polled).toBe(3)
    await first.driver.stop()
    height = 5
    const forgetful = new ServingNode(chain, '/a', without(chain.at(1).root, chain.at(2).root, chain.at(3).root))
    await using again = new DerivedClient(network, anchorsAt(chain, 1), [forgetful], first.store)
    await again.driver.start()
    await expect.poll(() => again.at, polled).toBe(5)
    expect(again.heads[0]?.facts?.number).toBe(3n)
    expect(again.heads[0]?.from).toBeNull()
    expect(again.state?.committee).toMatchObject({ origin: 'registry', members: 5 })

    // other anchors: what was followed from these says nothing
    await using other = new DerivedClient(network, anchorsAt(chain, 2), [forgetful], first.store)
    await other.driver.start()
    await expect.poll(() => other.state?.committee?.reason, polled).toMatch(/cannot be had/)
    expect(other.at).toBeNull()
  })
})

test('a checkpoint that names the root of its registry needs no header of it', async () => {
  const chain = await network.chain(...drift(2))
  const anchors = anchorsAt(chain, 1)
  const named = { ...anchors, checkpoint: { ...anchors.checkpoint, registryRoot: bytesToHex(chain.at(1).root) } }
  const other = await chain.header(await chain.make(mallory, null))
  const node = new ServingNode(chain, '/a', { header: async (number) => (number === 1n ? other : undefined) })
  await using client = new DerivedClient(network, named, [node])
  await client.driver.start()
  await expect.poll(() => client.at, polled).toBe(2)
  await client.driver.stop()
  // the same checkpoint with another root, for instance the genesis of another network: what is in the store says nothing
  const wrong = { ...anchors, checkpoint: { ...anchors.checkpoint, registryRoot: 'ab'.repeat(74) } }
  await using lost = new DerivedClient(network, wrong, [node], client.store)
  await lost.driver.start()
  await expect.poll(() => lost.state?.committee?.reason, polled).toMatch(/cannot be had/)
  expect(lost.at).toBeNull()
})

test('a frame that was adopted on the way to one that leads nowhere is verified, and shown', async () => {
  const chain = await network.chain(...drift(4))
  const header = await chain.header(await chain.make(mallory, chain.at(4), { number: 9n, rank: 18n }))
  const node = new ServingNode(chain, '/a', {
    head: async () => header,
    header: async (n) => (n === 9n ? header : undefined),
  })
  await using client = new DerivedClient(network, anchorsAt(chain, 1), [node])
  await client.driver.start()
  await expect.poll(() => client.at, polled).toBe(4)
  expect(client.driver.head()).toMatchObject({ verified: 'full', from: '/a' })
  await expect.poll(() => client.state?.committee, polled).toMatchObject({ frame: 4n, pending: 9n })
})
