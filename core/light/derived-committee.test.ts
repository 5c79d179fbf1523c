/** The client's normal life without a pinned committee (spec 11 section 8.4). */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import { DirectCrypto } from '../crypto/direct.ts'
import { EngineTrees } from '../crypto/engine-trees.ts'
import { anchorsAt as anchorsFrom, DerivedClient, ServingNode } from './derived-committee-simulation.ts'
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
  network = new SimulatedNetwork({
    crypto: new DirectCrypto(async () => wasm, options),
    trees: new EngineTrees(wasm),
    clock,
  })
})
afterAll(() => network.crypto.close())

const polled = { timeout: 60_000, interval: 20 }
const anchorsAt = (chain: FollowChain, number: number) => anchorsFrom(chain, number, Date.now() - 1000)
const members = weights(1000n, 1, 2, 3, 4)
const same = (count: number): FramePlan[] => Array.from({ length: count }, () => ({ members }))
/** Five of 1000 each; with each frame the oldest member makes room for a new one. */
const drift = (frames: number): FramePlan[] =>
  Array.from({ length: frames }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4, n + 5) }))

describe('without a pinned committee', () => {
  test('the registry at the checkpoint names it: heads are verified, and it is said where it is from', async () => {
    const chain = await network.chain(...same(4))
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [new ServingNode(chain, '/a')])
    await client.driver.start()
    await expect.poll(() => client.driver.head()?.verified, polled).toBe('full')
    expect(client.at).toBe(4)
    await expect.poll(() => client.driver.recent(9).map(({ facts }) => facts?.number), polled).toEqual([4n, 3n, 2n])
    await expect.poll(() => client.state?.phase, polled).toBe('ready')
    expect(client.state?.committee).toEqual({
      origin: 'registry',
      frame: 1n,
      members: 4,
      pending: null,
      reason: null,
    })
    expect(client.refusals).toEqual([])
  })

  test('it follows by itself when the registry changes; a head is pending until then, and never shown', async () => {
    const chain = await network.chain(...drift(6))
    let height = 2
    const node = new ServingNode(chain, '/a', { height: () => height })
    await using client = new DerivedClient(network, anchorsAt(chain, 1), [node])
    await client.driver.start()
    await expect.poll(() => client.at, polled).toBe(2)
    for (height = 3; height <= 6; height++) {
      await node.announce()
      await expect.poll(() => client.at, polled).toBe(height)
      expect(client.state?.committee?.origin).toBe('registry')
    }
    await expect.poll(() => client.state?.committee, polled).toMatchObject({ frame: 6n, members: 5, pending: null })
    expect(client.heads.map(({ verified }) => verified)).not.toContain(false)
    expect(client.driver.head()?.verified).toBe('full')
    expect(client.refusals).toEqual([])
  })
})
