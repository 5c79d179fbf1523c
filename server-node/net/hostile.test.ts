/** What strangers send to the ports of a node before they are peers. After each the node still serves. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'
import { TRANSPORTS } from './transports.ts'
import { Certificates } from './webtransport/certificates.ts'

let node: PeerNode
beforeAll(async () => {
  const addon = loadAddon()
  node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: TRANSPORTS,
    limits: { ...DEFAULT_NET_LIMITS, handshakeMillis: 500 },
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
  })
  await node.serve(new Frames())
})
afterAll(() => node?.stop())

function portOf(transport: string): number {
  const address = node.addresses().find((one) => one.includes(`/${transport}`)) ?? ''
  return Number(/\/(?:tcp|udp)\/(\d+)/.exec(address)?.[1])
}

/** The listener answers a WebSocket handshake. */
async function expectServing(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf('ws')}`)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  socket.close()
}

/** Resolves with what came when the other side ends the connection. */
function untilClosed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
  })
}

const UPGRADE =
  'GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

test('a WebSocket message beyond all measure closes the connection', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf('ws')}`)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)))
  socket.send(new Uint8Array(1 << 20))
  expect(await closed).toBe(1009)
  await expectServing()
})

test.each([
  ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['reserved bits', Buffer.from([0xf2, 0x80, 0, 0, 0, 0])],
  ['no mask', Buffer.from([0x82, 0x01, 0])],
  ['a length of 2^63', Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff])],
  ['a close frame of one byte', Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1])],
])('a malformed WebSocket frame (%s) ends its connection only', async (_, bytes) => {
  const socket = connect(portOf('ws'), '127.0.0.1')
  const closed = untilClosed(socket)
  socket.write(UPGRADE)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.write(bytes)
  await closed
  await expectServing()
})

test('bytes of no meaning end their connection only', async () => {
  for (let round = 0; round < 50; round++) {
    const socket = connect(portOf('ws'), '127.0.0.1')
    const closed = untilClosed(socket)
    socket.write(round % 2 === 0 ? randomBytes(300) : Buffer.concat([Buffer.from(UPGRADE), randomBytes(300)]))
    socket.end()
    await closed
  }
  await expectServing()
})

test('a connection that says nothing, or only half a request, is closed', async () => {
  const sockets = [connect(portOf('ws'), '127.0.0.1'), connect(portOf('ws'), '127.0.0.1')]
  sockets[1]?.write('GET / HTT')
  const closed = Promise.all(sockets.map(untilClosed))
  expect(await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000, 'open'))])).not.toBe('open')
})

test('an authenticated stranger is not needed: a WebSocket that never speaks noise is closed', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf('ws')}`)
  const closed = new Promise((resolve) => socket.addEventListener('close', () => resolve('closed')))
  expect(await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000, 'open'))])).toBe('closed')
})

test('random datagrams do nothing', async () => {
  const socket = createSocket('udp4')
  for (const port of [portOf('webrtc-direct'), portOf('quic-v1')]) {
    for (let round = 0; round < 300; round++) {
      const bytes = randomBytes(1 + ((round * 7) % 1400))
      // Every third looks like the start of a QUIC or STUN packet.
      if (round % 3 === 0) bytes[0] = port === portOf('quic-v1') ? 0xc3 : 0
      await new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', resolve))
    }
  }
  await new Promise((resolve) => socket.close(() => resolve(undefined)))
  await expectServing()
  expect(node.addresses().map((address) => multiaddr(address))).toHaveLength(TRANSPORTS.length)
})

test('a WebSocket peer that is refused loses its socket, not only its place among the peers', async () => {
  const identity = await generateEd448KeyPair()
  const strict = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['websocket'],
    limits: DEFAULT_NET_LIMITS,
    blacklist: [peerIdFromPrivateKey(identity).toString()],
  })
  const stranger = await createLibp2p({
    privateKey: identity,
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
  })
  const port = Number(/\/tcp\/(\d+)/.exec(strict.addresses()[0] ?? '')?.[1])
  const ended = Promise.withResolvers<void>()
  // In between, so that nothing but the node itself can end the node's socket: a close frame of the stranger (0x88) does not arrive.
  const between = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    far.on('data', (bytes) => near.write(bytes)).on('close', () => ended.resolve())
    near.on('data', (bytes) => bytes[0] !== 0x88 && far.write(bytes))
    for (const socket of [near, far]) socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  try {
    const { port: own } = between.address() as { port: number }
    // The refusal follows the last message of the handshake: to the stranger the dial may seem to succeed.
    await stranger.dial(multiaddr(`/ip4/127.0.0.1/tcp/${own}/ws`)).catch(() => undefined)
    await ended.promise
    expect(strict.connections()).toBe(0)
  } finally {
    between.close()
    await stranger.stop()
    await strict.stop()
  }
})
