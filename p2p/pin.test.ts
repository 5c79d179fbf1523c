import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import { pinPeerIds } from './pin.ts'

const open: Libp2p[] = []
afterEach(async () => {
  for (const node of open.splice(0)) await node.stop()
})

async function host(privateKey: PrivateKey, listen: readonly string[] = []) {
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: [...listen] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
  })
  open.push(node)
  return node
}

describe.each([
  ['tcp', '/ip4/127.0.0.1/tcp/0'],
  ['websocket', '/ip4/127.0.0.1/tcp/0/ws'],
])('P2P-01 by %s', (_, address) => {
  test('peers with Ed448 keys reach each other and say who they are', async () => {
    const a = await host(await generateEd448KeyPair(), [address])
    const b = await host(await generateEd448KeyPair())
    const connection = await b.dial(a.getMultiaddrs())
    expect(connection.remotePeer.toString()).toBe(a.peerId.toString())
    expect(connection.remotePeer.toString()).toMatch(/^Qm/)
    const { ping: pings } = b.services as { ping: { ping(peer: typeof a.peerId): Promise<number> } }
    expect(await pings.ping(a.peerId)).toBeGreaterThanOrEqual(0)
  })

  test('a stock peer with an Ed25519 key is taken', async () => {
    const a = await host(await generateEd448KeyPair(), [address])
    const b = await host(await generateKeyPair('Ed25519'), [address])
    const connection = await a.dial(b.getMultiaddrs())
    expect(connection.remotePeer.toString()).toBe(b.peerId.toString())
  })

  test('somebody else than the peer that was dialled is refused', async () => {
    const a = await host(await generateEd448KeyPair(), [address])
    const b = await host(await generateEd448KeyPair())
    const other = peerIdFromPrivateKey(await generateEd448KeyPair()).toString()
    const [own] = a.getMultiaddrs()
    const foreign = multiaddr(String(own).replace(a.peerId.toString(), other))
    await expect(b.dial(foreign)).rejects.toThrow()
    expect(b.getConnections()).toEqual([])
  })
})
