/** Peers that misbehave during the handshakes of TCP and WebSocket, or after them. After each the node still serves others. */
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { Frames } from '../testing/frames.ts'
import { heapInUse } from './heap.testing.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
import { LYING_KEYS } from './lying-keys.testing.ts'
import { type PeerNode, startPeerNode } from './node.ts'

/**
 * The copy of this module that libp2p has, which Node loads and not Vitest. It verifies as in the program, by the engine: which keys of small order
 * sign everything depends on who verifies.
 */
const nativeHostKeys: typeof import('@petal/p2p/host-keys.ts') = createRequire(import.meta.url)(
  '@petal/p2p/host-keys.ts',
)

const HANDSHAKE_MILLIS = 500
let node: PeerNode
beforeAll(async () => {
  nativeHostKeys.useEngineForHostKeys(loadAddon())
  node = await start(HANDSHAKE_MILLIS)
})
afterAll(() => node?.stop())

async function start(handshakeMillis: number, more: Partial<NetLimits> = {}): Promise<PeerNode> {
  const started = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp', 'websocket'],
    limits: { ...DEFAULT_NET_LIMITS, handshakeMillis, connectionsPerSecond: 1000, ...more },
    discovery: { enoughConnections: 0 },
  })
  await started.serve(new Frames())
  return started
}

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
  await expectNobody()
  await expectServing(node)
  await expectNobody()
})

const expectNobody = () => expect.poll(() => node.connections(), { timeout: 10_000 }).toBe(0)

async function peer(privateKey: PrivateKey): Promise<Libp2p> {
  const made = await createLibp2p({
    privateKey,
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 20_000 })],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  open.push({ stop: () => made.stop() })
  return made
}

type Name = 'TCP' | 'WebSocket'

/** What a browser asks a WebSocket port first. */
const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n')

function addressOf(name: Name, of = node) {
  const address = of.addresses().find((one) => one.includes('/ws/') === (name === 'WebSocket'))
  if (address === undefined) throw new Error(`no address of ${name}`)
  return multiaddr(address)
}

/** An honest peer connects by each transport and the light protocol is agreed on. */
async function expectServing(busy: PeerNode): Promise<void> {
  for (const name of ['TCP', 'WebSocket'] as const) {
    const honest = await peer(await generateKeyPair('Ed25519'))
    const connection = await honest.dial(addressOf(name, busy))
    const stream = await connection.newStream(LIGHT_PROTOCOL)
    expect(stream.protocol).toBe(LIGHT_PROTOCOL)
    await honest.stop()
  }
}

const line = (text: string) => Buffer.from([text.length + 1, ...Buffer.from(`${text}\n`)])
const MULTISTREAM = line('/multistream/1.0.0')

/** Writes below libp2p. */
interface Raw {
  write(bytes: Uint8Array<ArrayBuffer>): void
  readonly closed: Promise<void>
}

async function dialRaw(name: Name): Promise<Raw> {
  const port = Number(/\/tcp\/(\d+)/.exec(addressOf(name).toString())?.[1])
  if (name === 'WebSocket') {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()))
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    open.push({ stop: () => socket.close() })
    return { write: (bytes) => socket.send(bytes), closed }
  }
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.resume()
  open.push({ stop: () => void socket.destroy() })
  return { write: (bytes) => void socket.write(bytes), closed }
}

describe.each(['TCP', 'WebSocket'] as const)('a %s peer that', (name) => {
  const noiseFirst = Buffer.concat([Buffer.from([0, 32]), Buffer.alloc(32, 7)])
  const steps: readonly (readonly [string, readonly Buffer<ArrayBuffer>[]])[] = [
    ['says nothing', []],
    ['stops after the name of multistream', [MULTISTREAM]],
    ['stops after it chose Noise', [MULTISTREAM, line('/noise')]],
    ['stops after its first Noise message', [MULTISTREAM, line('/noise'), noiseFirst]],
    ['chooses a protocol that nobody has', [MULTISTREAM, line('/plaintext/1.0.0')]],
    ['says a line without end', [MULTISTREAM, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])]],
    ['sends garbage in place of multistream', [Buffer.alloc(4096, 0xa5)]],
    ['sends garbage in place of Noise', [MULTISTREAM, line('/noise'), Buffer.alloc(65_537, 0x5a)]],
    ['sends an empty Noise message', [MULTISTREAM, line('/noise'), Buffer.from([0, 0])]],
    ['begins a Noise message of 64 KiB and never ends it', [MULTISTREAM, line('/noise'), Buffer.from([0xff, 0xff, 1])]],
    [
      'sends a third Noise message of garbage',
      [MULTISTREAM, line('/noise'), noiseFirst, Buffer.from([0, 64, ...Buffer.alloc(64, 1)])],
    ],
  ]
  test.each(steps)('%s is disconnected', async (_, writes) => {
    const raw = await dialRaw(name)
    for (const bytes of writes) raw.write(bytes)
    await raw.closed
    expect(node.connections()).toBe(0)
  })
})

describe.each(['TCP', 'WebSocket'] as const)('P2P-02 over %s', (name) => {
  test.each(Object.entries(LYING_KEYS))('%s is refused', async (_, make) => {
    const { key, lie } = await make()
    const liar = await peer(key)
    lie()
    // Our refusal follows the last message of its handshake: the dial may seem to succeed.
    const connection = await liar.dial(addressOf(name)).catch(() => undefined)
    if (connection !== undefined) await expect(connection.newStream(LIGHT_PROTOCOL)).rejects.toThrow()
    expect(node.connections()).toBe(0)
  })
})

test.each(['TCP', 'WebSocket'] as const)(
  '10,000 streams of one %s peer: the limit holds, the memory too, others are served',
  async (name) => {
    // Both ends share a thread here, which the flood keeps busy.
    const busy = await start(DEFAULT_NET_LIMITS.handshakeMillis)
    open.push(busy)
    const greedy = await peer(await generateEd448KeyPair())
    const connection = await greedy.dial(addressOf(name, busy))
    const before = heapInUse()
    const opened = Array.from({ length: 10_000 }, () =>
      connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(15_000) }).then(
        () => 'opened',
        () => 'refused',
      ),
    )
    await expectServing(busy)
    const results = await Promise.all(opened)
    expect(results.filter((result) => result === 'opened').length).toBeLessThanOrEqual(
      DEFAULT_NET_LIMITS.webTransportStreams,
    )
    // Both ends are in this process.
    expect(heapInUse() - before).toBeLessThan(64 << 20)
  },
)

test('an address that stalls has half of the places for handshakes, until it goes: others are served all the while', async () => {
  const busy = await start(600_000, { pendingConnections: 8 })
  open.push(busy)
  const port = Number(/\/tcp\/(\d+)/.exec(addressOf('TCP', busy).toString())?.[1])
  // Linux has all of 127.0.0.0/8.
  const stall = () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' })
    socket.on('error', () => undefined)
    socket.resume()
    open.push({ stop: () => void socket.destroy() })
    return { socket, closed: new Promise<void>((resolve) => socket.once('close', () => resolve())) }
  }
  const sockets = Array.from({ length: 8 }, stall)
  let refused = 0
  for (const { closed } of sockets) void closed.then(() => refused++)
  await expect.poll(() => refused, { timeout: 10_000 }).toBe(4)
  await expectServing(busy)
  expect(refused).toBe(4)
  for (const { socket } of sockets) socket.destroy()
  await expect.poll(() => refused).toBe(8)
  // The next one is answered, as soon as the node has noticed that they went.
  const answered = async () => {
    const { socket, closed } = stall()
    socket.write(MULTISTREAM)
    const answer = new Promise<string>((resolve) => socket.once('data', () => resolve('answered')))
    return await Promise.race([answer, closed])
  }
  await expect.poll(answered, { timeout: 10_000 }).toBe('answered')
})

test('two connections of one source port, to both ports of a node, take two places and give two back', async () => {
  const busy = await start(600_000, { pendingConnections: 8 })
  open.push(busy)
  const portOf = (name: Name) => Number(/\/tcp\/(\d+)/.exec(addressOf(name, busy).toString())?.[1])
  const sockets: Socket[] = []
  const hangUp = () => {
    for (const socket of sockets.splice(0)) socket.destroy()
  }
  open.push({ stop: hangUp })
  // Linux has all of 127.0.0.0/8.
  const begin = async (name: Name, localPort = 0) => {
    const socket = connect({ host: '127.0.0.1', port: portOf(name), localAddress: '127.0.0.2', localPort })
    socket.on('error', () => undefined)
    sockets.push(socket)
    socket.write(name === 'TCP' ? MULTISTREAM : UPGRADE)
    const isAnswered = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true))
      socket.once('close', () => resolve(false))
    })
    return { socket, isAnswered }
  }
  for (let round = 0; round < 4; round++) {
    const first = await begin('TCP')
    const second = await begin('WebSocket', first.socket.localPort)
    expect([first.isAnswered, second.isAnswered]).toEqual([true, true])
    hangUp()
    // The node notices that they went.
    await expect.poll(async () => (await begin('TCP')).isAnswered, { timeout: 10_000 }).toBe(true)
    hangUp()
  }
  const four = async () => {
    const begun = await Promise.all(Array.from({ length: 4 }, () => begin('TCP')))
    const allAnswered = begun.every(({ isAnswered }) => isAnswered)
    hangUp()
    return allAnswered
  }
  await expect.poll(four, { timeout: 10_000 }).toBe(true)
})
