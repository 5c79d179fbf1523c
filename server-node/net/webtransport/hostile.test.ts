/**
 * What browsers do that mean no good, over WebTransport: sessions that never authenticate, lies about the host key, too many streams.
 * A real Chromium does it, below libp2p where that is needed. After each the node still serves others, on the same UDP port.
 */
import { createHash } from 'node:crypto'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../../crypto/addon.ts'
import { type Dialler, openDialler, type RawSession } from '../../testing/chromium.ts'
import { Frames } from '../../testing/frames.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from '../limits.ts'
import { LYING_KEYS } from '../lying-keys.testing.ts'
import { type PeerNode, startPeerNode } from '../node.ts'
import { addressOf as quicAddressOf, quicNode } from '../quic/testing.ts'
import { Certificates } from './certificates.ts'
import { WEBTRANSPORT_PATH } from './listener.ts'

const PLACES = 4
const PENDING = 4
/** From one address, which is all that a test has. */
const PENDING_OF_ADDRESS = PENDING / 2
const ALL_KINDS = ['hello', 'headers 32', 'headers 32', 'headers 32', 'headers 32', 'head']

let dialler: Dialler
beforeAll(async () => {
  dialler = await openDialler()
})
afterAll(() => dialler?.[Symbol.asyncDispose]())
let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

interface Target {
  readonly node: PeerNode
  readonly address: string
  /** A session of the browser's own with the node. */
  session(more?: Partial<RawSession>): RawSession
}

async function start(limits: Partial<NetLimits>): Promise<Target> {
  const addon = loadAddon()
  const certificates = await Certificates.open(addon, undefined, Date.now())
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['quic', 'webtransport'],
    limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 1_000, ...limits },
    udp: { addon, certificates },
  })
  stack.defer(() => node.stop())
  await node.serve(new Frames())
  const address = node.addresses().find((one) => one.includes('/webtransport')) ?? ''
  const port = /\/udp\/(\d+)/.exec(address)?.[1]
  const certificate = [...createHash('sha256').update(certificates.serving.certificate).digest()]
  return {
    node,
    address,
    session: (more) => ({ url: `https://127.0.0.1:${port}${WEBTRANSPORT_PATH}`, certificate, ...more }),
  }
}

/** A browser is answered, and so is a peer by QUIC. */
async function expectServing({ node, address }: Target): Promise<void> {
  expect(await dialler.talk(address, 0)).toEqual(ALL_KINDS)
  const honest = await quicNode({ listen: [] })
  stack.defer(() => honest.stop())
  const { remotePeer } = await honest.dial(multiaddr(quicAddressOf(node.libp2p)))
  expect(await honest.services.ping.ping(remotePeer)).toBeGreaterThanOrEqual(0)
}

const noiseMessage = (length: number, byte: number) => [
  length >> 8,
  length & 0xff,
  ...new Array<number>(length).fill(byte),
]

describe('a session that', () => {
  const steps: readonly (readonly [string, Partial<RawSession>])[] = [
    ['opens no stream', {}],
    ['opens a stream and says nothing', { writes: [] }],
    ['begins a Noise message and does not end it', { writes: [[0, 32, 1, 2, 3]] }],
    ['stops after its first Noise message', { writes: [noiseMessage(32, 7)] }],
    ['sends a third Noise message of garbage', { writes: [noiseMessage(32, 7), noiseMessage(64, 1)] }],
    ['sends an empty Noise message', { writes: [[0, 0]] }],
    ['sends garbage instead of Noise', { writes: [new Array<number>(4_096).fill(0x5a)] }],
    [
      'announces 64 KiB and sends more',
      { writes: Array.from({ length: 9 }, () => new Array<number>(8_192).fill(0xff)) },
    ],
    ['opens many streams before it is anybody', { writes: [], streams: 15 }],
  ]
  test.each(steps)('%s is ended, and its place is free again', async (_, what) => {
    const target = await start({ handshakeMillis: 1_000, inboundConnections: PLACES, pendingConnections: PENDING })
    // More than there are places for, some at a time: each would leave its place taken.
    for (let done = 0; done <= PLACES; done += PENDING_OF_ADDRESS) {
      const ended = await dialler.rawSessions(Array.from({ length: PENDING_OF_ADDRESS }, () => target.session(what)))
      expect(ended).toEqual(ended.map(() => 'closed'))
    }
    expect(target.node.connections()).toBe(0)
    await expectServing(target)
  })
})

test('sessions that are not authenticated are few: those of one address have half of the places, more are refused at once', async () => {
  const target = await start({ handshakeMillis: 600_000, inboundConnections: 64, pendingConnections: PENDING })
  let ended = 0
  const stalled = Array.from({ length: PENDING_OF_ADDRESS + 1 }, () =>
    dialler.rawSessions([target.session({ writes: [] })]).finally(() => ended++),
  )
  // Only what has no place is ended, whichever of them it is: the others have ten minutes.
  await expect.poll(() => ended, { timeout: 20_000 }).toBe(1)
  const more = await dialler.rawSessions(Array.from({ length: 12 }, () => target.session({ writes: [] })))
  expect(more).toHaveLength(12)
  expect(ended).toBe(1)
  expect(target.node.connections()).toBe(0)
  await target.node.stop()
  await Promise.all(stalled)
})

test('another path, and another certificate, are no way in', async () => {
  const target = await start({})
  const { url, certificate } = target.session()
  const wrong = [
    target.session({ url: url.replace('noise', 'none') }),
    target.session({ url: url.replace('libp2p-webtransport', 'other') }),
    target.session({ certificate: certificate.map((byte) => byte ^ 1) }),
  ]
  expect(await dialler.rawSessions(wrong)).toEqual(['refused', 'refused', 'refused'])
  await expectServing(target)
})

test('P2P-02 whoever lies about the host key is not let in', async () => {
  const target = await start({})
  for (const name of Object.keys(LYING_KEYS)) {
    expect(await dialler.lie(target.address, name), name).toBe(false)
    expect(target.node.connections(), name).toBe(0)
  }
  await expectServing(target)
})

test('10,000 streams of one browser: the limit holds, others are served meanwhile', async () => {
  const target = await start({})
  const flood = dialler.openStreams(target.address, 10_000)
  await expect.poll(() => target.node.connections(), { timeout: 10_000 }).toBe(1)
  const honest = await quicNode({ listen: [] })
  stack.defer(() => honest.stop())
  await honest.dial(multiaddr(quicAddressOf(target.node.libp2p)))
  expect(await honest.services.ping.ping(target.node.libp2p.peerId)).toBeGreaterThanOrEqual(0)
  const streams = target.node.libp2p.getConnections().map((connection) => connection.streams.length)
  for (const count of streams) expect(count).toBeLessThanOrEqual(DEFAULT_NET_LIMITS.webTransportStreams + 2)
  expect(await flood).toBeLessThanOrEqual(DEFAULT_NET_LIMITS.webTransportStreams)
  await expectServing(target)
})
