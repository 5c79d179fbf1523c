/**
 * Five processes in a line: A makes frames, B joins A, C joins B, D joins C, and E joins D late. What a tab is told by E verifies against
 * the anchors that E's page serves.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { hexToBytes } from '@noble/hashes/utils.js'
import { LightDriver } from '@petal/core/light/driver.ts'
import type { Finding } from '@petal/core/light/events.ts'
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { parseNetworkDescription } from '@petal/core/light/network-description.ts'
import { boundLimits } from '@petal/core/light/policy.ts'
import { StateReader } from '@petal/core/light/state-reads.ts'
import { dialLightPeer } from '@petal/p2p/light-peer.ts'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { NodeProcess } from './processes.ts'

const INTERVAL_SECONDS = '2'

let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-five-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

function start(name: string, ...args: readonly string[]): NodeProcess {
  return stack.use(new NodeProcess('--port', '0', '--data-dir', join(directory, name), ...args))
}

/** A light client that knows the page of a node and nothing else: the newest verified head, and a reader of state. */
async function tabAt(url: string) {
  const text = await (await fetch(new URL('network.json', url))).text()
  const whole = parseNetworkDescription(text)
  const description = { ...whole, addresses: whole.addresses.filter((address) => address.includes('/ws/')) }
  const crypto = new NodeCrypto({ threads: 1 })
  stack.defer(() => crypto.close())
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
  })
  stack.defer(() => node.stop())
  const heads: Finding[] = []
  const driver = new LightDriver({
    config: { description, timeProofs: 'every', limits: boundLimits({}), random: Math.random },
    crypto,
    store: new MemoryStore(),
    transport: (address, signal) => dialLightPeer(node, 'websocket', address, description, signal),
    clock: {
      now: Date.now,
      at: (time, callback) => {
        const timer = setTimeout(callback, Math.max(time - Date.now(), 0))
        return () => clearTimeout(timer)
      },
    },
    listener: {
      state: () => undefined,
      head: (head) => heads.unshift(head),
      frame: () => undefined,
      refusal: () => undefined,
      evidence: () => undefined,
    },
    note: null,
  })
  stack.defer(() => driver.stop())
  await driver.start()
  const full = () => heads.find(({ verified }) => verified === 'full')
  await expect.poll(full, { timeout: 60_000 }).toBeDefined()
  const reader = new StateReader({
    crypto,
    peers: () => driver.peers(),
    heads: () => heads.filter(({ verified }) => verified === 'full'),
    header: async (number) => {
      const outcome = await driver.query({ kind: 'header', number })
      if (outcome.kind === 'failed') throw new Error(outcome.reason)
      return outcome.finding
    },
    now: () => performance.now(),
  })
  return { description, head: full() as Finding, reader }
}

test('a late node of five discovers, syncs and follows; a tab reads a proven value from it', {
  timeout: 400_000,
}, async () => {
  const a = start('a', '--frame-interval', INTERVAL_SECONDS)
  const [atA = ''] = (await a.ready()).addresses
  const b = start('b', '--join', atA)
  const [atB = ''] = (await b.ready()).addresses
  const c = start('c', '--join', atB)
  const [atC = ''] = (await c.ready()).addresses
  // By the page of the node instead of its address.
  const d = start('d', '--join', (await c.ready()).url)
  expect(atC).not.toBe('')
  const [atD = ''] = (await d.ready()).addresses
  await a.frame(a.head + 3)
  const e = start('e', '--join', atD, '--genesis', (await a.ready()).genesis)
  const { url, genesis } = await e.ready()
  expect(genesis).toBe((await a.ready()).genesis)
  // It follows: two more frames of the producer arrive.
  const later = a.head + 2
  const seen = await e.frame(later)
  expect(await a.event((event) => event.event === 'frame' && event.number === seen.number)).toMatchObject({
    identity: seen.identity,
  })
  const health = async () => (await (await fetch(new URL('healthz', url))).json()) as { connections: number }
  expect(await health()).toMatchObject({ network: 'local', status: expect.stringMatching(/^(ok|syncing)$/) })
  // It was told of D only, and finds others.
  await expect.poll(async () => (await health()).connections, { timeout: 90_000 }).toBeGreaterThan(1)

  const tab = await tabAt(url)
  expect(Number(tab.head.facts?.number)).toBeGreaterThanOrEqual(later)
  const example = tab.description.examples?.find(({ kind }) => kind === 'vertex')
  const id = hexToBytes(example?.address ?? '')
  const signal = AbortSignal.timeout(60_000)
  const found = await tab.reader.values('vertex', id.subarray(0, 32), [id.subarray(32)], null, signal)
  expect(found.values).toMatchObject([{ proven: true, removed: 'no' }])
  expect(found.steps.map(({ name, ok }) => [name, ok])).toEqual([
    ['value', true],
    ['shard', true],
    ['header', true],
  ])
  for (const node of [e, d, c, b, a]) expect(await node.end('SIGINT')).toBe(130)
})
