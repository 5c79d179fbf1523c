/** `followRegistry` of the client in a page: its worker, the engine it verifies with, time proofs as on a network. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { DirectCrypto } from '@petal/core/crypto/direct.ts'
import { EngineTrees } from '@petal/core/crypto/engine-trees.ts'
import { RULES, SimulatedNetwork, weights } from '@petal/core/light/follow-registry-simulation.ts'
import { descriptionOf } from '@petal/core/light/made-up.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import type { LightTransport } from '@petal/core/platform/network.ts'
import { compileEngine, instantiateEngine } from '@petal/worker/engine.ts'
import { expect, test, vi } from 'vitest'
import { createClient, type FollowingProgress } from './index.ts'

// Real keys and time proofs, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

test('from a frame to one whose committee is another: members, steps and progress cross the worker', async () => {
  const engine = (await instantiateEngine(await compileEngine('full'))) as FullEngine
  const crypto = new DirectCrypto(async () => engine, { now: () => performance.now(), pause: async () => {} })
  const clock = { now: () => performance.now(), at: () => () => {} }
  const network = new SimulatedNetwork({ crypto, trees: new EngineTrees(engine), clock, realTimeProofs: true })
  const chain = await network.chain({ members: weights(1000n, 1, 2, 3, 4) }, { members: weights(1000n, 2, 3, 4, 5) })
  const source = chain.peer('/a')
  const transport: LightTransport = async () => ({
    ...source,
    transport: 'own',
    hello: async () => ({ network: 'simulated', profile: '2.1.0.24', head: 2n, oldest: 1n, maxHeaders: 32 }),
    head: async () => await chain.header(chain.tip),
    subscribe: (_onHead, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    traffic: () => ({ received: 0, sent: 0 }),
    close: async () => {},
  })
  const base = descriptionOf(['/a'], Date.now() - 1000)
  const keys = await Promise.all([1, 2, 3, 4].map((number) => chain.key(number)))
  const committee = { members: keys.map(({ publicKey }) => ({ publicKey, weight: '1000' })), threshold: null }
  const identity = bytesToHex(chain.at(1).identity)
  const checkpoint = { number: '1', identity, rank: '2', timestamp: '0', difficulty: 50 }
  const description = { ...base, anchors: { ...base.anchors, committee, checkpoint, rules: RULES } }
  await using client = createClient({ network: description, store: 'memory', transports: [transport] })
  await client.start()
  const told: FollowingProgress[] = []
  const from = await chain.header(chain.at(1))
  const onProgress = (progress: FollowingProgress) => void told.push(progress)
  const found = await client.followRegistry({ from, frame: 2n, onProgress })
  expect(found).toMatchObject({ frame: 2n, verified: 'full', root: bytesToHex(chain.tip.identity) })
  expect(found.value.steps).toMatchObject([{ trusted: 1n, frame: 2n, rule: 'twoThirds', registry: 'difference' }])
  expect(found.value.members).toHaveLength(4)
  await expect.poll(() => told.at(-1)?.frames).toBe(1)
  await expect(client.followRegistry({ frame: 1 as never })).rejects.toMatchObject({ code: 'arguments' })
  const gone = client.followRegistry({ from, frame: 9n })
  await expect(gone).rejects.toMatchObject({ code: 'notFound' })
})
