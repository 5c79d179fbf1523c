/** WebRTC-direct of a node: for tabs only, and no danger to the process when the node stops. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTCDirect } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'
import type { TransportName } from './transports.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
})

async function start(transports: readonly TransportName[]): Promise<PeerNode> {
  const identity = await generateEd448KeyPair()
  const made = await startPeerNode({
    networkNumber: 99,
    identity,
    host: '127.0.0.1',
    transports,
    limits: DEFAULT_NET_LIMITS,
    discovery: { roundMillis: 50 },
  })
  open.push(made)
  return made
}

/** Dials WebRTC-direct as tabs do. */
async function tab(): Promise<Libp2p> {
  const made = await createLibp2p({
    transports: [webRTCDirect({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  open.push(made)
  return made
}

test('a peer that is known by a WebRTC-direct address only is not dialled by a node, as it is by a tab', async () => {
  const node = await start(['tcp', 'webrtc-direct'])
  const other = await start(['webrtc-direct'])
  const [address] = other.addresses()
  if (address === undefined) throw new Error('no address')
  expect(address).toContain('/webrtc-direct/')
  const denied = { name: 'NoValidAddressesError' }
  await expect(node.libp2p.dial(multiaddr(address))).rejects.toMatchObject(denied)
  await node.libp2p.peerStore.merge(other.libp2p.peerId, { multiaddrs: [multiaddr(address)] })
  await expect(node.libp2p.dial(other.libp2p.peerId)).rejects.toMatchObject(denied)
  const { remotePeer } = await (await tab()).dial(multiaddr(address))
  expect(remotePeer.equals(other.libp2p.peerId)).toBe(true)
  // Rounds of discovery have had time for it too.
  expect(node.connections()).toBe(0)
})

test('tabs that dial a node while it stops, and after that, do not end the process', async () => {
  const dialling = await tab()
  const nodes = await Promise.all(Array.from({ length: 8 }, () => start(['webrtc-direct'])))
  const addresses = nodes.flatMap((node) => node.addresses()).map((address) => multiaddr(address))
  expect(addresses).toHaveLength(nodes.length)
  const dialAll = () =>
    Promise.allSettled(addresses.map((address) => dialling.dial(address, { signal: AbortSignal.timeout(1_000) })))
  const during = dialAll()
  await Promise.all(nodes.map((node) => node.stop()))
  await during
  const after = await dialAll()
  expect(after.map(({ status }) => status)).toEqual(nodes.map(() => 'rejected'))
})
