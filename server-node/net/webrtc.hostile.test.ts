/**
 * What peers do that mean no good, over WebRTC-direct: they stop after STUN, after ICE, after DTLS, lie about the host key, send garbage.
 * After each the node still serves a tab.
 */
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTCDirect } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
import { LYING_KEYS } from './lying-keys.testing.ts'
import { type PeerNode, startPeerNode } from './node.ts'
import { bindingRequest, type StunPeer, type StunPeerOptions, stunPeer } from './stun.testing.ts'

const PENDING = 8
/** Linux has all of 127.0.0.0/8; tabs dial from 127.0.0.1. */
const ELSEWHERE = '127.0.0.2'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

async function start(limits: Partial<NetLimits>): Promise<PeerNode> {
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['webrtc-direct'],
    limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 1_000, pendingConnections: PENDING, ...limits },
  })
  stack.defer(() => node.stop())
  await node.serve(new Frames())
  return node
}

const addressOf = (node: PeerNode) => multiaddr(node.addresses()[0] ?? '')
const portOf = (node: PeerNode) => Number(/\/udp\/(\d+)/.exec(String(addressOf(node)))?.[1])

async function stranger(node: PeerNode, options: Partial<StunPeerOptions> = {}): Promise<StunPeer> {
  const made = await stunPeer({ to: portOf(node), from: ELSEWHERE, ...options })
  stack.defer(() => made.close())
  return made
}

async function tab(privateKey: PrivateKey): Promise<Libp2p> {
  const made = await createLibp2p({
    privateKey,
    transports: [webRTCDirect({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  stack.defer(() => made.stop())
  return made
}

async function expectServing(node: PeerNode): Promise<void> {
  const honest = await tab(await generateKeyPair('Ed25519'))
  const connection = await honest.dial(addressOf(node), { signal: AbortSignal.timeout(20_000) })
  const stream = await connection.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(20_000) })
  expect(stream.protocol).toBe(LIGHT_PROTOCOL)
  await honest.stop()
}

test('5,000 STUN requests with a name each: few become peer connections, a tab is served meanwhile', async () => {
  const node = await start({ handshakeMillis: 600_000 })
  const flood = await stranger(node)
  for (let number = 0; number < 5_000; number++) await flood.send(bindingRequest(number))
  // One address has half of the places.
  await expect.poll(() => flood.taken.size, { timeout: 20_000 }).toBe(PENDING / 2)
  await expectServing(node)
  expect(flood.taken.size).toBe(PENDING / 2)
})

test('peers that say nothing after STUN lose their places: they are free again', async () => {
  const node = await start({ handshakeMillis: 1_000 })
  const silent = await stranger(node)
  let number = 0
  const taken = () => silent.send(bindingRequest(number++)).then(() => silent.taken.size)
  // More than there are places for one address at one time.
  await expect.poll(taken, { timeout: 20_000, interval: 200 }).toBeGreaterThan(PENDING / 2)
  expect(node.connections()).toBe(0)
  await expectServing(node)
})

test('tabs beyond the connections that the node takes are refused, and room that is left can be taken', {
  timeout: 90_000,
}, async () => {
  const node = await start({ inboundConnections: 1 })
  const [first, second] = [await tab(await generateKeyPair('Ed25519')), await tab(await generateKeyPair('Ed25519'))]
  const dial = (from: Libp2p, millis: number) => from.dial(addressOf(node), { signal: AbortSignal.timeout(millis) })
  await dial(first, 20_000)
  expect(node.connections()).toBe(1)
  const packets = await stranger(node)
  await packets.send(bindingRequest(1))
  await expect(dial(second, 2_000)).rejects.toThrow()
  expect(node.libp2p.getConnections().map(({ remotePeer }) => remotePeer)).toEqual([first.peerId])
  // Not even heard: whoever is heard is asked back.
  expect(packets.taken.size).toBe(0)
  await first.stop()
  const connects = () =>
    dial(second, 10_000).then(
      ({ status }) => status,
      () => 'refused',
    )
  await expect.poll(connects, { timeout: 40_000 }).toBe('open')
})

test('a request that is repeated a thousand times is one peer connection', async () => {
  const node = await start({})
  const eager = await stranger(node)
  for (let round = 0; round < 1_000; round++) await eager.send(bindingRequest(1))
  await eager.send(bindingRequest(2))
  await expect.poll(() => eager.taken.size, { timeout: 20_000 }).toBe(2)
  await expectServing(node)
})

test.each([
  ['say nothing', []],
  ['send garbage', [new Uint8Array(600).fill(0x5a)]],
  // Handshake, DTLS 1.2, a record of 512 bytes.
  [
    'sends garbage that looks like DTLS',
    [Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, ...new Uint8Array(512).fill(0xa5))],
  ],
])('peers that complete ICE and then %s lose their places', async (_, packets) => {
  const node = await start({ handshakeMillis: 2_000, pendingConnections: 2 })
  for (let number = 0; number < 3; number++) {
    const stalling = await stranger(node, { answers: true })
    const ask = () => stalling.send(bindingRequest(number)).then(() => stalling.taken.size)
    // Refused while the one before has the only place of this address.
    await expect.poll(ask, { timeout: 20_000, interval: 200 }).toBe(1)
    for (const bytes of packets) for (let round = 0; round < 50; round++) await stalling.send(bytes)
  }
  expect(node.connections()).toBe(0)
  await expectServing(node)
})

test('peers that complete DTLS and never say who they are lose their places', { timeout: 90_000 }, async () => {
  const node = await start({ handshakeMillis: 10_000 })
  const honest = await tab(await generateKeyPair('Ed25519'))
  const dial = (millis: number) =>
    honest.dial(addressOf(node), { signal: AbortSignal.timeout(millis) }).then(
      () => true,
      () => false,
    )
  expect(await dial(20_000)).toBe(true)
  await honest.hangUp(node.libp2p.peerId)
  await expect.poll(() => node.connections(), { timeout: 20_000 }).toBe(0)
  const greeted = Array.from({ length: PENDING / 2 }, async () => {
    const key = await generateKeyPair('Ed25519')
    const silent = await tab(key)
    // Asked for when the node's Noise message is here; the answer waits for it, and so does the dial.
    const asked = new Promise<void>((resolve) => {
      Object.assign(key, {
        sign: () => {
          resolve()
          return new Promise(() => undefined)
        },
      })
    })
    silent.dial(addressOf(node)).catch(() => undefined)
    await asked
  })
  await Promise.all(greeted)
  // They have all the places of this address, until their time is over.
  expect(await dial(2_000)).toBe(false)
  await expect.poll(() => dial(10_000), { timeout: 40_000 }).toBe(true)
  expect(node.connections()).toBe(1)
})

test('P2P-02 whoever lies about the host key is not let in', async () => {
  const node = await start({})
  for (const [name, make] of Object.entries(LYING_KEYS)) {
    const { key, lie } = await make()
    const liar = await tab(key)
    lie()
    const connection = await liar.dial(addressOf(node), { signal: AbortSignal.timeout(20_000) }).catch(() => undefined)
    const stream = connection?.newStream(LIGHT_PROTOCOL, { signal: AbortSignal.timeout(20_000) })
    if (stream !== undefined) await expect(stream, name).rejects.toThrow()
    expect(node.connections(), name).toBe(0)
    await liar.stop()
  }
  await expectServing(node)
})

test('garbage on the UDP port, some of it like STUN, does nothing', async () => {
  const node = await start({})
  const noisy = await stranger(node)
  for (let number = 0; number < 2_000; number++) {
    const bytes = bindingRequest(number)
    // A byte of the head, of a length or of a name, changed; cut; with a name that is none.
    if (number % 4 === 0) bytes[number % bytes.length] = (bytes[number % bytes.length] ?? 0) ^ (1 + (number % 255))
    const sent = number % 4 === 1 ? bytes.subarray(0, number % bytes.length) : bytes
    await noisy.send(
      number % 4 === 2 ? Buffer.from(sent.toString('latin1').replaceAll('libp2p', '\x00\xff%s%n'), 'latin1') : sent,
    )
  }
  await expectServing(node)
})
