import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { GLOBAL_TOPICS } from '@petal/core/gossip/topics.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { DEFAULT_NET_LIMITS, type NetLimits } from '../limits.ts'
import { type PeerNode, type PeerNodeOptions, startPeerNode } from '../node.ts'
import { type Kademlia, namespaceCid } from './kademlia.ts'

const open: PeerNode[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.stop()))
})

async function start(options: Partial<PeerNodeOptions> = {}, limits: Partial<NetLimits> = {}): Promise<PeerNode> {
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp'],
    discovery: { roundMillis: 300 },
    ...options,
    limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 100, ...limits },
  })
  open.push(node)
  return node
}

const idOf = ({ libp2p }: PeerNode) => libp2p.peerId.toString()
const peersOf = ({ libp2p }: PeerNode) => libp2p.getPeers().map(String)
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 25_000, interval: 50 })

describe('discovery over real nodes', () => {
  test('P2P-07 nodes that know one address find each other by the network name in the DHT, and gossip', async () => {
    const first = await start()
    const bootstrap = first.addresses()
    const others: PeerNode[] = []
    for (let i = 0; i < 4; i++) others.push(await start({ bootstrap }))
    const last = others.at(-1) as PeerNode
    const wanted = [first, ...others.slice(0, -1)].map(idOf)
    await until(() => expect(peersOf(last)).toEqual(expect.arrayContaining(wanted)))
    const heard: string[] = []
    last.gossip.subscribe(GLOBAL_TOPICS.frame, {
      deliver: ({ data }) => heard.push(new TextDecoder().decode(data)),
    })
    for (const node of [first, ...others.slice(0, -1)])
      node.gossip.subscribe(GLOBAL_TOPICS.frame, { deliver: () => undefined })
    await until(() => expect(first.gossip.meshOf(GLOBAL_TOPICS.frame).length).toBeGreaterThan(0))
    await first.gossip.publish(GLOBAL_TOPICS.frame, new TextEncoder().encode('hello'))
    await until(() => expect(heard).toEqual(['hello']))
  })

  test('P2P-H9 a network number has its own namespace: no other number finds its providers or gossips with them', async () => {
    const first = await start()
    const bootstrap = first.addresses()
    const same = await start({ bootstrap })
    const other = await start({ bootstrap, networkNumber: 98 })
    const providers = async (node: PeerNode, network: number) => {
      const { kademlia } = node.libp2p.services as unknown as { kademlia: Kademlia }
      const found = new Set<string>()
      for await (const event of kademlia.findProviders(namespaceCid(network)))
        if (event.name === 'PROVIDER') for (const { id } of event.providers) found.add(id.toString())
      return found
    }
    await until(async () => expect(await providers(first, 99)).toContain(idOf(same)))
    await until(async () => expect(await providers(first, 98)).toContain(idOf(other)))
    expect(await providers(first, 99)).not.toContain(idOf(other))
    expect(await providers(first, 98)).not.toContain(idOf(same))
    expect(other.gossip.peers).toEqual([])
    expect(same.gossip.peers).toEqual([idOf(first)])
  })
})

test('P2P-07 on mainnet a node is a client of the DHT while it has no public address; elsewhere it serves', async () => {
  const modeOf = ({ libp2p }: PeerNode) => (libp2p.services as unknown as { kademlia: Kademlia }).kademlia.getMode()
  expect(modeOf(await start())).toBe('server')
  const node = await start({ networkNumber: 0 })
  expect(modeOf(node)).toBe('client')
  const { libp2p } = node
  const own = libp2p.getMultiaddrs()
  await libp2p.peerStore.patch(libp2p.peerId, { multiaddrs: [...own, multiaddr('/ip4/8.8.8.8/tcp/8336')] })
  await until(() => expect(modeOf(node)).toBe('server'))
  await libp2p.peerStore.patch(libp2p.peerId, { multiaddrs: own })
  await until(() => expect(modeOf(node)).toBe('client'))
})

test('a bootstrap address without peer id is told of, once, and not dialled', async () => {
  const first = await start()
  const [address = ''] = first.addresses()
  const bare = address.replace(/\/p2p\/.*/, '')
  const notices: string[] = []
  const node = await start({ bootstrap: [bare, address], onNotice: (message) => notices.push(message) })
  await until(() => expect(peersOf(node)).toEqual([idOf(first)]))
  expect(notices).toEqual([expect.stringContaining(bare)])
})

describe('who may connect', () => {
  test('P2P-15 the blacklisted are refused inbound and outbound', async () => {
    const identity = await generateEd448KeyPair()
    const listed = await start({ identity })
    const strict = await start({ blacklist: [peerIdFromPrivateKey(identity).toString()] })
    await expect(strict.libp2p.dial(listed.libp2p.getMultiaddrs())).rejects.toThrow()
    await listed.libp2p.dial(strict.libp2p.getMultiaddrs()).catch(() => undefined)
    await until(() => expect([peersOf(listed), peersOf(strict)]).toEqual([[], []]))
  })

  test('one peer holds two connections, all together as many as the limit says', async () => {
    const node = await start({}, { inboundConnections: 3 })
    const greedy = await start({ discovery: { enoughConnections: 0 } })
    const dial = (from: PeerNode) =>
      from.libp2p.dial(node.libp2p.getMultiaddrs(), { force: true }).catch(() => undefined)
    for (let i = 0; i < 5; i++) await dial(greedy)
    await until(() => expect(node.connections()).toBe(2))
    for (let i = 0; i < 3; i++) await dial(await start({ discovery: { enoughConnections: 0 } }))
    await until(() => expect(node.connections()).toBe(3))
  })

  test('a node opens as many connections as the limit for its own says, whoever it dials', async () => {
    const node = await start({ discovery: { enoughConnections: 0 } }, { outboundConnections: 2 })
    const dial = async () =>
      node.libp2p.dial((await start({ discovery: { enoughConnections: 0 } })).libp2p.getMultiaddrs())
    for (let i = 0; i < 2; i++) expect((await dial()).direction).toBe('outbound')
    await expect(dial()).rejects.toThrow()
    expect(node.connections()).toBe(2)
    const inbound = await start({ discovery: { enoughConnections: 0 } })
    await inbound.libp2p.dial(node.libp2p.getMultiaddrs())
    await until(() => expect(node.connections()).toBe(3))
  })

  test('two nodes with the same identity: the second is refused as oneself, nothing breaks', async () => {
    const identity = await generateEd448KeyPair()
    const [a, b] = [await start({ identity }), await start({ identity })]
    await expect(b.libp2p.dial(a.libp2p.getMultiaddrs())).rejects.toThrow()
    const third = await start()
    await third.libp2p.dial(a.libp2p.getMultiaddrs())
    expect(peersOf(third)).toEqual([idOf(a)])
  })
})
