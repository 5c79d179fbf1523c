/** Peers that misbehave during the handshakes of TCP, or after them. After each the node still serves others. */
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Ed448PrivateKey, generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'

const HANDSHAKE_MILLIS = 500
let node: PeerNode
beforeAll(async () => {
  node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp'],
    limits: { ...DEFAULT_NET_LIMITS, handshakeMillis: HANDSHAKE_MILLIS, connectionsPerSecond: 1000 },
    discovery: { enoughConnections: 0 },
  })
  await node.serve(new Frames())
})
afterAll(() => node?.stop())

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
  await expect.poll(() => node.connections(), { timeout: 10_000 }).toBe(0)
  await expectServing()
})

async function peer(privateKey: PrivateKey): Promise<Libp2p> {
  const made = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 20_000 })],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  open.push({ stop: () => made.stop() })
  return made
}

/** An honest peer connects and the light protocol is agreed on. */
async function expectServing(): Promise<void> {
  const honest = await peer(await generateKeyPair('Ed25519'))
  const connection = await honest.dial(node.libp2p.getMultiaddrs())
  const stream = await connection.newStream(LIGHT_PROTOCOL)
  expect(stream.protocol).toBe(LIGHT_PROTOCOL)
  await honest.stop()
}

/** Bytes of the heap that are still referred to. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

const line = (text: string) => Buffer.from([text.length + 1, ...Buffer.from(`${text}\n`)])
const MULTISTREAM = line('/multistream/1.0.0')

async function dialRaw(): Promise<{ socket: Socket; closed: Promise<void> }> {
  const port = Number(/\/tcp\/(\d+)/.exec(node.addresses()[0] ?? '')?.[1])
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  open.push({ stop: () => void socket.destroy() })
  return { socket, closed }
}

describe('a TCP peer that', () => {
  const noiseFirst = Buffer.concat([Buffer.from([0, 32]), Buffer.alloc(32, 7)])
  const steps: readonly (readonly [string, readonly Buffer[]])[] = [
    ['says nothing', []],
    ['stops after the name of multistream', [MULTISTREAM]],
    ['stops after it chose Noise', [MULTISTREAM, line('/noise')]],
    ['stops after its first Noise message', [MULTISTREAM, line('/noise'), noiseFirst]],
    ['chooses a protocol that nobody has', [MULTISTREAM, line('/plaintext/1.0.0')]],
    ['says a line without end', [MULTISTREAM, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])]],
    ['sends garbage in place of multistream', [Buffer.alloc(4096, 0xa5)]],
    ['sends garbage in place of Noise', [MULTISTREAM, line('/noise'), Buffer.alloc(65_537, 0x5a)]],
    ['sends an empty Noise message', [MULTISTREAM, line('/noise'), Buffer.from([0, 0])]],
    [
      'sends a third Noise message of garbage',
      [MULTISTREAM, line('/noise'), noiseFirst, Buffer.from([0, 64, ...Buffer.alloc(64, 1)])],
    ],
  ]
  test.each(steps)('%s is disconnected', async (_, writes) => {
    const { socket, closed } = await dialRaw()
    for (const bytes of writes) socket.write(bytes)
    socket.resume()
    await closed
    expect(node.connections()).toBe(0)
  })
})

describe('P2P-02 an authenticated peer must be who it says', () => {
  /** A key pair whose signature or record is altered on its way out. */
  async function lying(alter: (key: Ed448PrivateKey) => void): Promise<PrivateKey> {
    const key = (await generateEd448KeyPair()) as unknown as Ed448PrivateKey
    alter(key)
    return key as unknown as PrivateKey
  }

  test.each<readonly [string, (key: Ed448PrivateKey) => void]>([
    ['a signature of zeros', (key) => Object.assign(key, { sign: () => new Uint8Array(114) })],
    ['a signature of one byte', (key) => Object.assign(key, { sign: () => new Uint8Array(1) })],
    [
      'a signature by another key',
      (key) => {
        const other = new Ed448PrivateKey(new Uint8Array(57).fill(9))
        Object.assign(key, { sign: (message: Uint8Array) => other.sign(message) })
      },
    ],
    ['a key of 56 bytes', (key) => Object.assign(key.publicKey, { raw: key.publicKey.raw.slice(0, 56) })],
    ['a key of no bytes', (key) => Object.assign(key.publicKey, { raw: new Uint8Array(0) })],
    [
      // The neutral element as key and as R, and S = 0: the equation holds for every message.
      'a key of small order, for which every message is signed,',
      (key) => {
        Object.assign(key.publicKey, { raw: Uint8Array.of(1, ...new Uint8Array(56)) })
        Object.assign(key, { sign: () => Uint8Array.of(1, ...new Uint8Array(113)) })
      },
    ],
  ])('%s is refused', async (_, alter) => {
    const liar = await peer(await lying(alter))
    // Our refusal follows the last message of its handshake: the dial may seem to succeed.
    const connection = await liar.dial(node.libp2p.getMultiaddrs()).catch(() => undefined)
    if (connection !== undefined) await expect(connection.newStream(LIGHT_PROTOCOL)).rejects.toThrow()
    expect(node.connections()).toBe(0)
  })
})

test('10,000 streams of one peer: the limit holds, the memory too, others are served', async () => {
  const greedy = await peer(await generateEd448KeyPair())
  const connection = await greedy.dial(node.libp2p.getMultiaddrs())
  const before = heapInUse()
  const opened = Array.from({ length: 10_000 }, () =>
    connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(15_000) }).then(
      () => 'opened',
      () => 'refused',
    ),
  )
  await expectServing()
  const results = await Promise.all(opened)
  expect(results.filter((result) => result === 'opened').length).toBeLessThanOrEqual(
    DEFAULT_NET_LIMITS.webTransportStreams,
  )
  // Both ends are in this process.
  expect(heapInUse() - before).toBeLessThan(64 << 20)
})
