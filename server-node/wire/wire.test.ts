/** Two whole nodes in this process: what they say of themselves, how they are asked, and what an alert does. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { NodeService } from '@petal/core/gen/node/node_service_pb.js'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { identityOfSeed, signAlert } from '@petal/core/identity/index.ts'
import { dialLightPeer } from '@petal/p2p/light-peer.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import type { NodeOptions } from '../index.ts'
import { headOf, type Started, startIn, tcpOf } from '../testing/nodes.ts'
import { joinedPeer } from './testing.ts'

const engine = loadAddon()
let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-wire-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

const start = (name: string, options: NodeOptions = {}): Promise<Started> =>
  startIn(directory, stack, name, { transports: ['tcp'], ...options })

const until = (check: () => unknown) => expect.poll(check, { timeout: 60_000, interval: 100 })
const local = ({ node }: Started) =>
  createClient(NodeService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${node.localRpcPort}` }))

test('RPC-09 the local port is off unless it is asked for; nodes hear of each other by gossip and tell the operator', async () => {
  const a = await start('a', { frameIntervalMillis: 1000, localRpcPort: 0 })
  const b = await start('b', { join: tcpOf(a) })
  const c = await start('c', { join: tcpOf(b) })
  expect(c.node.localRpcPort).toBeNull()
  await until(async () => (await local(a).getPeerInfo({})).peerInfo.length).toBe(3)
  const info = await local(a).getNodeInfo({})
  expect(tcpOf(a)[0]).toContain(info.peerId)
  const { frame } = await local(a).getLatestFrame({ frameNumber: 0n })
  expect(Number(frame?.header?.frameNumber)).toBeGreaterThanOrEqual(0)
}, 120_000)

test('OPS-08 an alert halts the node that makes frames, once, until the operator goes on; others show it', async () => {
  const operator = identityOfSeed(new Uint8Array(57).fill(7), engine)
  const alertKey = Buffer.from(operator.publicKey).toString('hex')
  const a = await start('a', { frameIntervalMillis: 1000, alertKey })
  const b = await start('b', { join: tcpOf(a) })
  expect(b.node.network().anchors.alertKey).toBe(alertKey)
  const peer = await joinedPeer(tcpOf(a)[0] ?? '', GLOBAL_TOPICS.alert)
  stack.defer(() => peer.stop())
  await until(() => peer.gossip.meshOf(GLOBAL_TOPICS.alert).length).toBeGreaterThan(0)

  const foreign = identityOfSeed(new Uint8Array(57).fill(8), engine)
  await peer.gossip.publish(GLOBAL_TOPICS.alert, signAlert('not by the operators', foreign, engine))
  await peer.gossip.publish(GLOBAL_TOPICS.alert, signAlert('stop', operator, engine))
  const alerts = ({ events }: Started) => events.filter(({ event }) => event === 'alert')
  await until(() => alerts(a)).toEqual([{ event: 'alert', message: 'stop', halt: true }])
  await until(() => alerts(b)).toEqual([{ event: 'alert', message: 'stop', halt: false }])
  await until(() => a.node.health().status).toBe('halted')
  expect(b.node.health().status).not.toBe('halted')
  const at = headOf(a)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(headOf(a)).toBeLessThanOrEqual(at + 1)

  await a.node.stop()
  const again = await start('a', { frameIntervalMillis: 1000, alertKey })
  expect(again.node.health().status).toBe('halted')
  await again.node.stop()
  const on = await start('a', { frameIntervalMillis: 1000, alertKey, overrideAlert: true })
  const from = headOf(on)
  await until(() => headOf(on)).toBeGreaterThan(from + 1)
  // The same alert again is known for ever.
  const replaying = await joinedPeer(tcpOf(on)[0] ?? '', GLOBAL_TOPICS.alert)
  stack.defer(() => replaying.stop())
  await until(() => replaying.gossip.meshOf(GLOBAL_TOPICS.alert).length).toBeGreaterThan(0)
  await replaying.gossip.publish(GLOBAL_TOPICS.alert, signAlert('stop', operator, engine))
  const later = headOf(on)
  await until(() => headOf(on)).toBeGreaterThan(later + 1)
  expect(alerts(on)).toEqual([])
}, 180_000)

/** Asks as a light client does, until the test ends: what it was told, each time. */
async function listener({ node }: Started): Promise<(readonly Uint8Array[])[]> {
  const client = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  stack.defer(() => client.stop())
  const { network, profile } = node.source
  const signal = AbortSignal.timeout(60_000)
  const address = node.addresses().find((one) => /\/tcp\/\d+\/p2p/.test(one)) ?? ''
  const peer = await dialLightPeer(client, 'tcp', address, { network, profile }, signal)
  const stop = new AbortController()
  const told: (readonly Uint8Array[])[] = []
  const subscribed = peer.subscribe(
    () => undefined,
    stop.signal,
    (alerts) => told.push(alerts),
  )
  stack.defer(async () => {
    stop.abort()
    await subscribed
  })
  return told
}

test('OPS-08 alerts are served to light clients: pushed when they come, by a replay from memory, by a joined node also after a restart, and told to one that joins later', async () => {
  const operator = identityOfSeed(new Uint8Array(57).fill(7), engine)
  const alertKey = Buffer.from(operator.publicKey).toString('hex')
  const alert = signAlert('stop', operator, engine)
  const replay = fileURLToPath(new URL('../../test/vectors/frames/global_chain.json', import.meta.url))
  const recorded = await start('r', { replay, alertKey })
  const told = await listener(recorded)
  await until(() => told).toEqual([[]])
  const first = await joinedPeer(tcpOf(recorded)[0] ?? '', GLOBAL_TOPICS.alert)
  stack.defer(() => first.stop())
  await until(() => first.gossip.meshOf(GLOBAL_TOPICS.alert).length).toBeGreaterThan(0)
  await first.gossip.publish(GLOBAL_TOPICS.alert, alert)
  await until(() => told).toEqual([[], [alert]])
  const later = await listener(recorded)
  await until(() => later).toEqual([[alert]])

  const a = await start('a', { frameIntervalMillis: 1000, alertKey })
  const b = await start('b', { join: tcpOf(a) })
  const second = await joinedPeer(tcpOf(a)[0] ?? '', GLOBAL_TOPICS.alert)
  stack.defer(() => second.stop())
  await until(() => second.gossip.meshOf(GLOBAL_TOPICS.alert).length).toBeGreaterThan(0)
  await second.gossip.publish(GLOBAL_TOPICS.alert, alert)
  await until(() => b.events.filter(({ event }) => event === 'alert')).toHaveLength(1)
  await b.node.stop()
  const again = await listener(await start('b', { join: tcpOf(a) }))
  await until(() => again).toEqual([[alert]])
  const c = await start('c', { join: tcpOf(a) })
  await until(() => c.events.filter(({ event }) => event === 'alert')).toEqual([
    { event: 'alert', message: 'stop', halt: false },
  ])
}, 180_000)
