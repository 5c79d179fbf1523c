/**
 * Two nodes with one identity, as after a copy of a data directory: they do not connect with each other, a third node knows one peer that
 * is at two places and is served by both, and nobody else is disturbed.
 */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { afterEach, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'
import { Certificates } from './webtransport/certificates.ts'

const TOPIC = GLOBAL_TOPICS.frame
const PATIENCE = { timeout: 20_000 }

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

interface Started {
  readonly node: PeerNode
  readonly heard: string[]
}

async function start(identity: PrivateKey): Promise<Started> {
  const addon = loadAddon()
  const node = await startPeerNode({
    networkNumber: 99,
    identity,
    host: '127.0.0.1',
    transports: ['tcp', 'quic'],
    limits: DEFAULT_NET_LIMITS,
    discovery: { enoughConnections: 0 },
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
  })
  stack.defer(() => node.stop())
  await node.serve(new Frames())
  const heard: string[] = []
  node.gossip.subscribe(TOPIC, { deliver: ({ data }) => void heard.push(new TextDecoder().decode(data)) })
  return { node, heard }
}

const addressOf = ({ node }: Started, transport: '/tcp/' | '/quic-v1'): Multiaddr =>
  multiaddr(node.addresses().find((address) => address.includes(transport)) ?? '')
const withoutPeer = (address: Multiaddr): Multiaddr => multiaddr(address.toString().replace(/\/p2p\/.*/, ''))

test.each(['/tcp/', '/quic-v1'] as const)('P2P-01 twins over %s', async (transport) => {
  const identity = await generateEd448KeyPair()
  const [one, two, third] = [await start(identity), await start(identity), await start(await generateEd448KeyPair())]
  const address = addressOf(two, transport)
  for (const dialled of [address, withoutPeer(address)]) {
    await expect(one.node.libp2p.dial(dialled)).rejects.toThrow(/self/i)
  }
  await expect.poll(() => [one.node.connections(), two.node.connections()], PATIENCE).toEqual([0, 0])

  // The third node is connected with both: each serves it, and to it they are one peer.
  for (const twin of [one, two]) {
    const connection = await third.node.libp2p.dial(addressOf(twin, transport), { force: true })
    const stream = await connection.newStream(LIGHT_PROTOCOL)
    expect(stream.protocol).toBe(LIGHT_PROTOCOL)
  }
  expect(third.node.libp2p.getPeers().map(String)).toEqual([one.node.libp2p.peerId.toString()])
  expect(third.node.connections()).toBe(2)

  // Their streams of gossip with the third take turns; what the third and others say to each other passes all the while.
  const fourth = await start(await generateEd448KeyPair())
  await fourth.node.libp2p.dial(addressOf(third, transport))
  await expect.poll(() => third.node.gossip.meshOf(TOPIC), PATIENCE).toContain(fourth.node.libp2p.peerId.toString())
  await third.node.gossip.publish(TOPIC, new TextEncoder().encode('to the fourth'))
  await fourth.node.gossip.publish(TOPIC, new TextEncoder().encode('to the third'))
  await expect.poll(() => [third.heard, fourth.heard], PATIENCE).toEqual([['to the third'], ['to the fourth']])

  // When one goes, the other is still there.
  await one.node.stop()
  await expect.poll(() => third.node.connections(), PATIENCE).toBe(2)
  const [left] = third.node.libp2p.getConnections(two.node.libp2p.peerId)
  expect((await left?.newStream(LIGHT_PROTOCOL))?.protocol).toBe(LIGHT_PROTOCOL)
})
