/** Connections that are closed for being idle, and those that are not. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import type { Stream } from '@libp2p/interface'
import { afterEach, expect, test } from 'vitest'
import { closeIdle } from './idle.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'

const open: PeerNode[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.stop()))
})

/** Nodes of different networks: they do not gossip with each other. */
async function start(networkNumber: number): Promise<PeerNode> {
  const node = await startPeerNode({
    networkNumber,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp'],
    discovery: { enoughConnections: 0 },
    limits: DEFAULT_NET_LIMITS,
  })
  open.push(node)
  return node
}

test('a connection with an open stream is used, unless the stream is of identify or ping', async () => {
  const [node, other] = [await start(98), await start(99)]
  const kademlia = '/test/kad/1.0.0'
  await other.libp2p.handle(kademlia, () => undefined)
  const connection = await node.libp2p.dial(other.libp2p.getMultiaddrs())
  const reap = () => closeIdle(node.libp2p, undefined, node.gossip, { idleConnectionMillis: 0 })
  const ping: Stream = await connection.newStream('/ipfs/ping/1.0.0')
  const used: Stream = await connection.newStream(kademlia)
  reap()
  expect(connection.status).toBe('open')
  used.abort(new Error('over'))
  await expect.poll(() => connection.streams.some(({ protocol }) => protocol === kademlia)).toBe(false)
  expect(connection.streams).toContain(ping)
  closeIdle(node.libp2p, undefined, node.gossip, DEFAULT_NET_LIMITS)
  expect(connection.status).toBe('open')
  reap()
  await expect.poll(() => connection.status, { timeout: 10_000 }).toBe('closed')
})
