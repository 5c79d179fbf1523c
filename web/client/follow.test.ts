/** `followRegistry` through the whole worker: host, driver, the embedder's own transport; keys, certificates and registries are real. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { DirectCrypto } from '@petal/core/crypto/direct.ts'
import { EngineTrees } from '@petal/core/crypto/engine-trees.ts'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { type FollowChain, RULES, SimulatedNetwork, weights } from '@petal/core/light/follow-registry-simulation.ts'
import { descriptionOf } from '@petal/core/light/made-up.ts'
import { boundLimits } from '@petal/core/light/policy.ts'
import { type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import type { Remote } from 'comlink'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadWasmEngine } from '../../test/engines/wasm.ts'
import type { FollowWish } from './follow-types.ts'
import { ClientHost } from './host.ts'
import { PageServices } from './page-services.ts'

// real signatures on a busy machine
vi.setConfig({ testTimeout: 90_000 })

const NEWEST: FollowWish = { frame: null, from: null }
const hosts: ClientHost[] = []
let network: SimulatedNetwork

beforeEach(async () => {
  const wasm = await loadWasmEngine()
  const crypto = new DirectCrypto(async () => wasm, { now: () => performance.now(), pause: async () => {} })
  network = new SimulatedNetwork({
    crypto,
    trees: new EngineTrees(wasm),
    clock: { now: () => performance.now(), at: () => () => {} },
  })
})
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()))
})

function peerOf(chain: FollowChain): LightPeer {
  const { number } = chain.tip
  const source = chain.peer('/a')
  const hello = { network: 'simulated', profile: '2.1.0.24', head: number, oldest: 1n, maxHeaders: 32 }
  return {
    ...source,
    transport: 'own',
    hello: async () => hello,
    head: async () => await chain.header(chain.tip),
    headers: async (from, count, signal) => {
      if (count === 1) return await source.headers(from, 1, signal)
      const wanted = chain.frames.filter((frame) => frame.number >= from && frame.number < from + BigInt(count))
      return await Promise.all(wanted.map((frame) => chain.header(frame)))
    },
    subscribe: (_onHead, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    traffic: () => ({ received: 0, sent: 0 }),
    close: async () => {},
  }
}

/** Pinned is the committee of frame 1. */
async function start(chain: FollowChain): Promise<ClientHost> {
  const first = chain.at(1)
  const members = await Promise.all(
    Object.entries(first.plan.members).map(async ([key, weight]) => {
      const { publicKey } = await chain.key(Number(key))
      return { publicKey, weight: `${weight}` }
    }),
  )
  const base = descriptionOf(['/a'], Date.now() - 1000)
  const checkpoint = { number: '1', identity: bytesToHex(first.identity), rank: '2', timestamp: '0', difficulty: 50 }
  const anchors = { ...base.anchors, committee: { members, threshold: null }, checkpoint, rules: RULES }
  const description: NetworkDescription = { ...base, anchors }
  const services = new PageServices(async (address) => {
    if (address !== '/a') throw new PeerError('dial', 'nobody there')
    return peerOf(chain)
  }, null)
  const ignore = () => {}
  const host = new ClientHost(
    {
      network: description,
      anchors: null,
      store: 'memory',
      transports: { builtIn: [], functions: 1 },
      timeProofs: 'every',
      limits: boundLimits({}),
      workers: 1,
    },
    services as unknown as Remote<PageServices>,
    { network: ignore, state: ignore, head: ignore, frame: ignore, refusal: ignore, evidence: ignore, alert: ignore },
    { makeCrypto: () => network.crypto },
  )
  hosts.push(host)
  return host
}

test('beside the pinned committee: the committee of the newest verified frame, by the registry', async () => {
  const members = weights(1000n, 1, 2, 3, 4)
  const chain = await network.chain({ members }, { members }, { members }, { members })
  const host = await start(chain)
  await vi.waitFor(() => expect(host.recent(9).filter(({ verified }) => verified === 'full')).toHaveLength(3), 30_000)
  const outcome = await host.follow(1, NEWEST, null)
  expect(outcome).toMatchObject({
    kind: 'followed',
    answer: { frame: 4n, verified: 'full', root: bytesToHex(chain.tip.identity), value: { totalWeight: 4000n } },
  })
  if (outcome.kind === 'followed')
    expect(outcome.answer.value.steps).toMatchObject([{ trusted: 2n, frame: 4n, rule: 'sameCommittee' }])
})

test('where the pinned committee is long gone, the registry leads from a header to the newest frame', async () => {
  const chain = await network.chain(
    ...Array.from({ length: 6 }, (_, n) => ({ members: weights(1000n, n + 1, n + 2, n + 3, n + 4) })),
  )
  const host = await start(chain)
  const from = await chain.header(chain.at(1))
  // the client leaves a node whose frames the pinned committee did not sign
  await vi.waitFor(() => expect(host.work().refusals).toBeGreaterThan(0), 30_000)
  expect(await host.follow(1, { frame: 6n, from }, null)).toMatchObject({ kind: 'followed' })
  const outcome = await host.follow(2, { frame: 6n, from: null }, null)
  expect(outcome).toMatchObject({ kind: 'followed', answer: { frame: 6n, value: { leaves: 8 } } })
  expect(host.head()?.facts?.number ?? 0n).toBeLessThan(6n)
  const call = host.follow(3, { frame: 5n, from }, null)
  await Promise.resolve()
  host.cancel(3)
  expect(await call).toMatchObject({ kind: 'failed', code: 'stopped' })
})
