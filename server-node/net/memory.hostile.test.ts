/**
 * Memory of a node while peers do their worst on loopback: what it grows by stays below a bound that follows from the limits, and an
 * honest peer is served. The node runs in a process of its own, with the limits that it has by default.
 */
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { WIRE_LIMITS } from '@petal/core/light/wire.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEFAULT_RPC_LIMITS } from '../rpc/limits.ts'
import { type TlsMaterial, tlsMaterial } from '../rpc/own-certificate.ts'
import { dialTest, engine, identityOf, SERVER } from '../rpc/testing.ts'
import { openDialler } from '../testing/chromium.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type MeasuredNode, startMeasuredNode } from './measured-node.testing.ts'
import { misuse, UNREAD } from './misuse.testing.ts'
import { QUIC_STREAMS } from './quic/index.ts'
import { quicNode } from './quic/testing.ts'
import { bindingRequest, stunPeer } from './stun.testing.ts'
import { WEBTRANSPORT_PATH } from './webtransport/listener.ts'

const MIB = 1 << 20
const ELSEWHERE = '127.0.0.2'
const LONG = { timeout: 90_000 }
const PEERS = 24
/** Peers that are tabs. */
const TABS = 4
/** What a process may grow by for reasons of its own: code that is compiled late, free memory that is not given back. */
const SLACK = 64 * MIB
/** Those that have no name yet, with a message of Noise each. */
const PENDING = DEFAULT_NET_LIMITS.pendingConnections * (64 << 10)
/** Most that libp2p keeps of one stream that rests, as that of an echo that is not read. */
const ECHO = 4 * MIB
/** Unread bytes of a connection: the windows of Yamux are of 256 KiB; QUIC has 1 MiB for the connection, both ways, and what a stream is here. */
const OVER_YAMUX = DEFAULT_NET_LIMITS.webTransportStreams * (256 << 10)
const OVER_QUIC = 2 * MIB + ECHO + QUIC_STREAMS * (8 << 10)
/** Answers of the light protocol that wait until a peer takes them: one of each stream. */
const ANSWERS = DEFAULT_NET_LIMITS.streamsPerConnection * WIRE_LIMITS.messageBytes
/** A peer connection of the WebRTC library. */
const OVER_WEBRTC = MIB

let stack = new AsyncDisposableStack()
let node: MeasuredNode
beforeEach(async () => {
  node = stack.use(await startMeasuredNode())
})
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const addressOf = (part: RegExp): string => node.addresses.find((address) => part.test(address)) ?? ''
const portOf = (address: string): number => Number(/\/(?:tcp|udp)\/(\d+)/.exec(address)?.[1])

async function overYamux(): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    transports: [tcp(), webSockets(), webRTCDirect({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 20_000 })],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
}

async function expectServing(dialler: Libp2p, address: string): Promise<void> {
  const connection = await dialler.dial(multiaddr(address), { signal: AbortSignal.timeout(30_000) })
  const stream = await connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(30_000) })
  expect(stream.protocol).toBe(LIGHT_PROTOCOL)
  await dialler.stop()
}

async function grownBy(attack: () => Promise<unknown>): Promise<number> {
  const before = await node.memory()
  let most = 0
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await node.memory())
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })()
  try {
    await attack()
  } finally {
    isOver = true
    await watching
  }
  return Math.max(most, await node.memory()) - before
}

/** Sockets that say nothing, more than have places, of an address that nobody else has: Linux has all of 127.0.0.0/8. */
async function stalledSockets(port: number): Promise<void> {
  for (let number = 0; number < 4 * DEFAULT_NET_LIMITS.pendingConnections; number++) {
    const socket = connect({ host: '127.0.0.1', port, localAddress: ELSEWHERE })
    socket.on('error', () => undefined)
    stack.defer(() => void socket.destroy())
  }
}

test.each([
  ['TCP', /\/tcp\/\d+\/p2p/],
  ['WebSocket', /\/ws/],
] as const)('%s: streams, unread answers and stalled handshakes', LONG, async (_, part) => {
  const address = addressOf(part)
  await expectServing(await overYamux(), address)
  const grown = await grownBy(async () => {
    const peers = await Promise.all(Array.from({ length: PEERS }, overYamux))
    for (const peer of peers) stack.defer(() => peer.stop())
    const connections = await Promise.all(peers.map((peer) => peer.dial(multiaddr(address))))
    await stalledSockets(portOf(address))
    const misused = await Promise.all(connections.map((connection) => misuse(connection, 100)))
    expect(misused).toContainEqual(UNREAD)
  })
  expect(grown).toBeLessThan(SLACK + PENDING + PEERS * (OVER_YAMUX + ECHO + ANSWERS))
  await expectServing(await overYamux(), address)
})

test('QUIC: streams and unread answers', LONG, async () => {
  const address = addressOf(/quic-v1\/p2p/)
  await expectServing(await quicNode({ listen: [] }), address)
  const grown = await grownBy(async () => {
    const peers = await Promise.all(Array.from({ length: PEERS }, () => quicNode({ listen: [], key: 'Ed25519' })))
    for (const peer of peers) stack.defer(() => peer.stop())
    const connections = await Promise.all(peers.map((peer) => peer.dial(multiaddr(address))))
    const misused = await Promise.all(connections.map((connection) => misuse(connection, 1_000)))
    expect(misused).toContainEqual(UNREAD)
  })
  expect(grown).toBeLessThan(SLACK + PENDING + PEERS * (OVER_QUIC + ANSWERS))
  await expectServing(await quicNode({ listen: [] }), address)
})

test('WebTransport: streams and unread answers of tabs, and sessions that never authenticate', LONG, async () => {
  const address = addressOf(/webtransport/)
  await using dialler = await openDialler()
  expect(await dialler.talk(address, 0)).toHaveLength(6)
  const url = `https://127.0.0.1:${portOf(address)}${WEBTRANSPORT_PATH}`
  const session = { url, certificate: node.certificate, writes: [[0xff, 0xff, 1]], streams: 15 }
  const grown = await grownBy(async () => {
    const misused = await Promise.all(Array.from({ length: TABS }, () => dialler.misuse(address, 100)))
    expect(misused).toContainEqual(UNREAD)
    await dialler.rawSessions(Array.from({ length: 2 * DEFAULT_NET_LIMITS.pendingConnections }, () => session))
  })
  expect(grown).toBeLessThan(SLACK + DEFAULT_NET_LIMITS.pendingConnections * OVER_QUIC)
  expect(await dialler.talk(address, 0)).toHaveLength(6)
})

test('WebRTC-direct: a flood of STUN, and channels of tabs', LONG, async () => {
  const address = addressOf(/webrtc-direct/)
  await expectServing(await overYamux(), address)
  const flood = await stunPeer({ to: portOf(address), from: ELSEWHERE })
  stack.defer(() => flood.close())
  const grown = await grownBy(async () => {
    const peers = await Promise.all(Array.from({ length: TABS }, overYamux))
    for (const peer of peers) stack.defer(() => peer.stop())
    const connections = await Promise.all(peers.map((peer) => peer.dial(multiaddr(address))))
    for (let number = 0; number < 20_000; number++) await flood.send(bindingRequest(number))
    const misused = await Promise.all(connections.map((connection) => misuse(connection, 200)))
    expect(misused).toContainEqual(UNREAD)
  })
  expect(grown).toBeLessThan(2 * SLACK + DEFAULT_NET_LIMITS.pendingConnections * OVER_WEBRTC + TABS * ANSWERS)
  await expectServing(await overYamux(), address)
})

test('gRPC: calls that never end, of as many sessions as peers may have', LONG, async () => {
  const peers = [10, 11, 12, 13].map((number) => tlsMaterial(identityOf(number), engine))
  const grown = await grownBy(async () => {
    for (const material of peers) {
      for (let session = 0; session < DEFAULT_RPC_LIMITS.connectionsPerPeer; session++) await endlessCalls(material)
    }
    await stalledSockets(node.port)
  })
  const unread = peers.length * DEFAULT_RPC_LIMITS.connectionsPerPeer * DEFAULT_RPC_LIMITS.streamsPerConnection
  expect(grown).toBeLessThan(SLACK + unread * DEFAULT_RPC_LIMITS.requestBytes)
  const honest = await dialTest(node.port, SERVER)
  const answer = await honest.call((options) => honest.client(GlobalService).getWorkerInfo({}, options))
  expect(answer).toMatchObject({ workers: [] })
  honest.close()
})

/** One session; each call announces the longest message and sends half of it. */
async function endlessCalls(material: TlsMaterial): Promise<void> {
  const session = connectHttp2(`https://127.0.0.1:${node.port}`, {
    ...material,
    rejectUnauthorized: false,
    servername: 'localhost',
  })
  stack.defer(() => session.destroy())
  session.on('error', () => undefined)
  await new Promise((resolve) => session.once('remoteSettings', resolve))
  const body = Buffer.alloc(5 + DEFAULT_RPC_LIMITS.requestBytes / 2)
  body.writeUInt32BE(DEFAULT_RPC_LIMITS.requestBytes, 1)
  for (let call = 0; call < DEFAULT_RPC_LIMITS.streamsPerConnection; call++) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/quilibrium.node.global.pb.GlobalService/GetGlobalFrame',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => undefined)
    stream.pause()
    stream.write(body)
  }
  // Its pings come back when the server has read what came before them.
  await new Promise((resolve) => {
    session.once('close', resolve)
    session.ping(resolve)
  })
}
