/** Nodes that join a local network, in this process, on real parts. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeOptions } from '../index.ts'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { headOf, type Started, startIn, tcpOf } from '../testing/nodes.ts'
import { FOLLOW_LIMITS } from './follower.ts'
import { serve, sourceOf } from './testing.ts'

const CHAIN = fileURLToPath(new URL('../../test/vectors/frames/global_chain.json', import.meta.url))
const LONG = { timeout: 240_000 }

let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-join-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

const start = (name: string, options: NodeOptions = {}): Promise<Started> =>
  startIn(directory, stack, name, { transports: ['tcp', 'websocket'], ...options })

const until = (check: () => unknown) => expect.poll(check, { timeout: 90_000, interval: 100 })
const network = async ({ node }: Started) =>
  (await (await fetch(new URL('network.json', node.url))).json()) as NetworkDescription
const notices = ({ events }: Started) => events.flatMap((event) => (event.event === 'notice' ? [event.message] : []))

/** A page of somebody else: this text, or 404. */
async function pageWith(text?: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(text === undefined ? 404 : 200).end(text))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('a line of three', () => {
  test(
    'the second joins by address, the third by the page of the second; both follow and serve the same anchors',
    LONG,
    async () => {
      const a = await start('a', { frameIntervalMillis: 1500 })
      await until(() => headOf(a)).toBeGreaterThan(2)
      const b = await start('b', { join: tcpOf(a) })
      expect(b.events.find(({ event }) => event === 'joining')).toMatchObject({ network: 'local', first: true })
      expect(notices(b).join()).toContain('--genesis pins it')
      const c = await start('c', { join: [b.node.url], genesis: a.node.genesis })
      expect(notices(c).join()).not.toContain('--genesis pins it')
      const at = headOf(c)
      await until(() => headOf(c)).toBeGreaterThan(at + 2)
      for (const node of [b, c]) {
        expect(node.node.source.head().identity).toEqual((await identityAt(a, node)) ?? 'none')
      }
      const [ofA, ofC] = [await network(a), await network(c)]
      expect({ ...ofC.anchors, issuedAt: 0 }).toEqual({ ...ofA.anchors, issuedAt: 0 })
      expect(ofC.addresses).toEqual(c.node.addresses())
      expect(ofC.examples).toEqual(ofA.examples)
      expect(c.node.genesis).toBe(a.node.genesis)
      const health = await (await fetch(new URL('healthz', c.node.url))).json()
      expect(health).toMatchObject({ network: 'local', status: expect.stringMatching(/^(ok|syncing)$/) })
    },
  )

  test('the producer goes and comes back: who follows serves meanwhile, and follows again', LONG, async () => {
    const options = { frameIntervalMillis: 1500 }
    const a = await start('a', options)
    await until(() => headOf(a)).toBeGreaterThan(1)
    const b = await start('b', { join: tcpOf(a) })
    await a.node.stop()
    const at = headOf(b)
    expect((await network(b)).anchors.committee).toEqual(b.node.source.anchors().committee)
    const again = await start('a', options)
    await until(() => headOf(again)).toBeGreaterThan(at + 1)
    await until(() => headOf(b)).toBeGreaterThan(at + 1)
  })
})

/** Identity of the producer's frame at the head of another node. */
async function identityAt(a: Started, { node }: Started): Promise<Uint8Array | undefined> {
  await until(() => a.node.source.head().number).toBeGreaterThanOrEqual(node.source.head().number)
  const header = await a.node.source.header(node.source.head().number)
  return header && Buffer.from(header).equals(node.source.head().header) ? node.source.head().identity : undefined
}

async function chainIn(name: string): Promise<RealChain> {
  await mkdir(join(directory, name))
  return stack.use(await openRealChain(join(directory, name)))
}

describe('over a chain that grows when it is told to', () => {
  test('far behind it takes the newest state, keeps headers of the frames between, and says so', LONG, async () => {
    const real = await chainIn('chain')
    await real.grow(3)
    let gate = Promise.resolve()
    const header = (bytes: Uint8Array) => gate.then(() => bytes)
    const served = await serve(sourceOf(real, { header }))
    stack.defer(() => served.node.stop())
    const first = await start('b', { join: [served.address] })
    expect(headOf(first)).toBe(3)
    await first.node.stop()
    await real.grow(Number(FOLLOW_LIMITS.steps) + 4)
    const held = Promise.withResolvers<void>()
    gate = held.promise
    // The address is known by now.
    const b = await start('b', { join: [served.address] })
    await until(() => b.node.health().status).toBe('syncing')
    held.resolve()
    await until(() => headOf(b)).toBe(23)
    expect(b.node.health().status).toBe('ok')
    expect(notices(b).join()).toContain('frames 4 to 22: only headers are kept here')
    for (const number of [4n, 22n]) {
      expect(await b.node.source.header(number)).toEqual(await real.chain.header(number))
      const shards = b.node.source.values?.shards(number, null)
      await expect(shards).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect((await b.node.source.values?.shards(23n, null))?.shards.length).toBeGreaterThan(0)
    // A little behind it takes every frame with its state.
    await b.node.stop()
    await real.grow(3)
    const c = await start('b', { join: [served.address] })
    await until(() => headOf(c)).toBe(26)
    for (const number of [24n, 25n, 26n]) expect(await c.node.source.values?.shards(number, null)).toBeDefined()
  })

  test(
    'another network is refused: by its digest, by what the directory holds, and beside the trusted one',
    LONG,
    async () => {
      const addresses: string[] = []
      for (const name of ['chain', 'other']) {
        const chain = await chainIn(name)
        await chain.grow(2)
        const served = await serve(sourceOf(chain))
        stack.defer(() => served.node.stop())
        addresses.push(served.address)
      }
      const [one = '', other = ''] = addresses
      const refused = (name: string, options: NodeOptions) => expect(start(name, options)).rejects
      await refused('pinned', { join: [one], genesis: 'ab'.repeat(32) }).toMatchObject({ code: 'genesis' })
      await refused('both', { join: [one, other] }).toMatchObject({ code: 'genesis' })
      const b = await start('b', { join: [one] })
      expect(JSON.parse(await readFile(join(directory, 'b', 'network.json'), 'utf8'))).toMatchObject({
        network: 'local',
      })
      await b.node.stop()
      await refused('b', { join: [other] }).toMatchObject({
        code: 'genesis',
        message: expect.stringContaining('--data-dir'),
      })
      await refused('b', { join: [one], genesis: 'ab'.repeat(32) }).toMatchObject({ code: 'genesis' })
      await refused('chain', { join: [one] }).toMatchObject({
        code: 'options',
        message: expect.stringContaining('makes frames'),
      })
      // Without any address: the directory knows its network, and serves what it has.
      const alone = await start('b')
      expect(headOf(alone)).toBe(2)
      expect(alone.node.joined).toBe(true)
      expect(alone.node.health()).toMatchObject({ status: 'ok', head: '2' })
      await alone.node.stop()
      const recorded = await start('b', { replay: CHAIN })
      expect(recorded.node.joined).toBe(false)
    },
  )

  test(
    'OPS-08 the key of alerts is said on the first join, and must be given where nodes do not agree',
    LONG,
    async () => {
      const real = await chainIn('chain')
      await real.grow(2)
      const [keyed, other] = ['11'.repeat(57), '22'.repeat(57)]
      const addresses: string[] = []
      for (const alertKey of [keyed, other]) {
        const served = await serve({ ...sourceOf(real), anchors: () => ({ ...real.chain.anchors(), alertKey }) })
        stack.defer(() => served.node.stop())
        addresses.push(served.address)
      }
      const refused = expect(start('refused', { join: addresses })).rejects
      await refused.toMatchObject({ code: 'genesis', message: expect.stringContaining('--alert-key') })
      const given = await start('given', { join: addresses, alertKey: other })
      expect(given.node.network().anchors.alertKey).toBe(other)
      expect(notices(given).join()).not.toContain('--alert-key')
      const [address = ''] = addresses
      const told = `alerts are those of key 111111111111..., as ${address} says; --alert-key pins it`
      const first = await start('b', { join: [address], genesis: given.node.genesis ?? '' })
      expect(notices(first)).toContain(told)
      await first.node.stop()
      expect(notices(await start('b', { join: [address] }))).not.toContain(told)
    },
  )

  test('addresses in a description that are none are passed over', LONG, async () => {
    const real = await chainIn('chain')
    await real.grow(2)
    const served = await serve(sourceOf(real))
    stack.defer(() => served.node.stop())
    const a = await start('a', { join: [served.address] })
    const described = await network(a)
    const bad = ['/nonsense/tcp/1/p2p/Qm', '/ip4/127.0.0.1/tcp/1/p2p/0', '/ip4/127.0.0.1/tcp/2/p2p/0']
    const page = await pageWith(JSON.stringify({ ...described, addresses: [...bad, ...described.addresses] }))
    const b = await start('b', { join: [page] })
    expect(headOf(b)).toBe(2)
  })

  test('nobody there is said; a start that takes long can be stopped', LONG, async () => {
    const page = await pageWith()
    await expect(start('b', { join: [page] })).rejects.toMatchObject({
      code: 'join',
      message: `nobody answers: ${page}network.json cannot be read: the server answered 404`,
    })
    const peer = 'QmXqRVevZZm4HFpd9p2rg8Dv5AY9CBLsanFvvqZaBXH8Lo'
    const joining = start('c', { join: [`/ip4/127.0.0.1/tcp/1/p2p/${peer}`], signal: AbortSignal.timeout(3000) })
    await expect(joining).rejects.toMatchObject({ code: 'stopped' })
  })
})

test.each([
  [{ join: ['/ip4/127.0.0.1/tcp/1'] }, /peer id/],
  [{ join: ['nonsense'] }, /cannot join "nonsense"/],
  [{ join: Array.from({ length: 17 }, () => 'http://127.0.0.1/') }, /at most 16/],
  [{ join: ['http://127.0.0.1/'], frameIntervalMillis: 1000 }, /frame interval/],
  [{ join: ['http://127.0.0.1/'], replay: 'a.json' }, /replay/],
  [{ genesis: 'AB' }, /genesis/],
])('%j has no meaning', async (options: NodeOptions, message) => {
  await expect(start('x', options)).rejects.toMatchObject({ code: 'options', message: expect.stringMatching(message) })
})
