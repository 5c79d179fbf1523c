/** Real peers on loopback, and ports behind which there is none: P2P-02, P2P-07, spec 50 sections 1 to 3 and 5. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { kademliaProtocol } from '@petal/core/identity/index.ts'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { stockJsSide } from '../../test/interop/peers/stock-js.ts'
import { isLoopback } from '../net/reachability.ts'
import { PROVIDER_LIMITS } from './providers.ts'
import {
  askPeer,
  closedPort,
  HOST,
  IMPATIENT_MILLIS,
  NETWORK,
  NOBODY,
  passed,
  startPeer,
  tcpServer,
  udpServer,
  versionNegotiation,
} from './testing.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const impatient = { timeoutMillis: IMPATIENT_MILLIS }
const withoutId = (address: string) => address.replace(/\/p2p\/.*/, '')
const TRANSPORTS: readonly (readonly [string, readonly string[]])[] = [
  ['/quic-v1/', ['connect']],
  ['/tcp/\\d+/p2p/', ['connect']],
  ['/ws/', ['connect', 'websocket']],
]

/** A js-libp2p host that is no Petal node, on TCP. */
async function otherPeer(options: Partial<Libp2pOptions> = {}) {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: [`/ip4/${HOST}/tcp/0`] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify() },
    ...options,
  } as Libp2pOptions)
  stack.defer(async () => node.stop())
  return { node, address: String(node.getMultiaddrs()[0]), peerId: node.peerId.toString() }
}

describe('a node that answers', () => {
  test.each(TRANSPORTS)('by %s: every stage, with who it is and what it says', async (form, first) => {
    const node = await startPeer(stack)
    const peerId = node.libp2p.peerId.toString()
    const address = node.addresses().find((one) => new RegExp(form).test(one)) ?? ''
    const report = await askPeer(address)
    expect(report.failure).toBeNull()
    expect(passed(report)).toEqual([...first, 'secure', 'multiplex', 'identify', 'network', 'discover'])
    expect(report).toMatchObject({
      target: address,
      address: withoutId(address),
      peerId,
      keyType: 'Ed448',
      pinned: true,
    })
    expect(report).toMatchObject({ gossip: true, kademlia: true, resolved: [] })
    expect(report.agent).toMatch(/^petal\/\d/)
    expect(report.observed).toMatch(/^\/ip4\/127\.0\.0\.1\/(tcp|udp)\/\d+/)
    expect(report.protocols).toContain('/blossomsub/2.1.0-network-99')
    await vi.waitFor(() => expect(node.connections()).toBe(0), { timeout: 20_000 })
  })

  test('P2P-07 it names the nodes that provide the namespace of the network; none of them is dialled', async () => {
    const first = await startPeer(stack)
    const second = await startPeer(stack, { bootstrap: first.addresses().slice(0, 1) })
    const third = await startPeer(stack, { networkNumber: 98, bootstrap: first.addresses().slice(0, 1) })
    const idOf = (node: typeof first) => node.libp2p.peerId.toString()
    await vi.waitFor(
      async () => {
        const { learned, ownPeerId } = await askPeer(first.addresses()[0] ?? '')
        const providers = learned?.first.filter(({ provider }) => provider) ?? []
        expect(providers.map(({ peerId }) => peerId)).toContain(idOf(second))
        expect(providers.map(({ peerId }) => peerId)).not.toContain(idOf(third))
        const { addresses = [] } = providers.find(({ peerId }) => peerId === idOf(second)) ?? {}
        expect(addresses).toEqual(expect.arrayContaining([withoutId(second.addresses()[0] ?? '')]))
        expect(learned?.providers).toBeGreaterThanOrEqual(1)
        expect(second.libp2p.getPeers().map(String)).not.toContain(ownPeerId)
      },
      { timeout: 30_000, interval: 300 },
    )
  })

  test('it is asked nothing more with discovery off, by name, and without a peer id', async () => {
    const node = await startPeer(stack)
    const address = (node.addresses()[0] ?? '').replace(`/ip4/${HOST}/`, '/dns4/localhost/')
    const report = await askPeer(withoutId(address), { discover: false })
    expect(report.failure).toBeNull()
    expect(passed(report)).toEqual(['resolve', 'connect', 'secure', 'multiplex', 'identify', 'network'])
    expect(report.resolved.every(isLoopback)).toBe(true)
    expect(report).toMatchObject({ learned: null, pinned: false, peerId: node.libp2p.peerId.toString() })
    expect(report.stages.find(({ stage }) => stage === 'secure')?.text).toContain('no peer id was given')
  })

  test('a name with several addresses: one after the other, until one answers', async () => {
    const node = await startPeer(stack)
    const address = (node.addresses()[0] ?? '').replace(`/ip4/${HOST}/`, '/dns/peer.invalid/')
    const report = await askPeer(address, { resolver: async () => ['127.0.0.2', HOST] })
    expect(report).toMatchObject({ failure: null, resolved: ['127.0.0.2', HOST] })
    expect(report.address).toContain(`/ip4/${HOST}/`)
    const connects = report.stages.filter(({ stage }) => stage === 'connect')
    expect(connects.map(({ ok }) => ok)).toEqual([false, true])
  })

  test('of several silent addresses each has its share of the time', async () => {
    const resolver = async () => [HOST, HOST, HOST]
    const port = await udpServer(stack, () => undefined)
    const report = await askPeer(`/dns/peer.invalid/udp/${port}/quic-v1`, { ...impatient, resolver })
    expect(report.stages.map(({ stage }) => stage)).toEqual(['resolve', 'connect', 'connect', 'connect'])
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'timeout' })
    const nobody = await askPeer(`/dns/peer.invalid/udp/${port}/quic-v1`, { resolver: async () => [] })
    expect(nobody.failure).toMatchObject({ code: 'dns' })
  })

  test('P2P-03 the protocols of mainnet, by QUIC', async () => {
    const node = await startPeer(stack, { networkNumber: 0 })
    const report = await askPeer(node.addresses().find((one) => /quic-v1/.test(one)) ?? '', { network: 0 })
    // On loopback it has no public address, so it is a client of the DHT only (spec 50 section 3).
    expect(report).toMatchObject({ failure: null, keyType: 'Ed448', gossip: true, kademlia: false, learned: null })
    expect(report.protocols).toContain('/blossomsub/2.1.0')
    expect(report.stages.at(-1)?.text).toContain('Kademlia (/ipfs/kad/1.0.0): no, or only as a client')
  })

  test('each target is asked by another identity, so one node can be asked by all its transports', async () => {
    const node = await startPeer(stack)
    const reports = await Promise.all(node.addresses().map((address) => askPeer(address)))
    expect(reports.map(({ failure }) => failure)).toEqual([null, null, null])
    expect(new Set(reports.map(({ ownPeerId }) => ownPeerId)).size).toBe(3)
  })
})

describe('a peer that is another than the one wanted, or of another network', () => {
  test.each(TRANSPORTS)('P2P-01 wrong peer by %s: said who answers, and nothing is said to it', async (form, first) => {
    const node = await startPeer(stack)
    const peerId = node.libp2p.peerId.toString()
    const address = node.addresses().find((one) => new RegExp(form).test(one)) ?? ''
    const report = await askPeer(address.replace(peerId, NOBODY))
    expect(report).toMatchObject({ peerId, pinned: false, agent: null })
    expect(report.failure).toMatchObject({ stage: 'secure', code: 'wrongPeer' })
    expect(report.failure?.message).toContain(`${peerId} answers, ${NOBODY} was wanted`)
    expect(passed(report)).toEqual(first)
  })

  test('another network number: it does not speak the gossip of the one asked for', async () => {
    const node = await startPeer(stack)
    const report = await askPeer(node.addresses()[0] ?? '', { network: 98 })
    expect(report.failure).toMatchObject({ stage: 'network', code: 'otherNetwork' })
    expect(report.failure?.message).toContain('does not speak the gossip of network 98 (/blossomsub/2.1.0-network-98)')
    expect(report.failure?.message).toContain('that of network 99 instead')
    expect(report).toMatchObject({ gossip: false, learned: null })
  })

  test('a stock js-libp2p peer does not know our Ed448 key: who it is, and where it ends the connection', async () => {
    const { peer } = await stockJsSide(kademliaProtocol(NETWORK))
    stack.defer(() => peer.stop())
    const report = await askPeer(peer.addresses[0] ?? '')
    expect(report).toMatchObject({ peerId: peer.peerId, keyType: 'Ed25519', pinned: true, agent: null })
    expect(['multiplex', 'identify']).toContain(report.failure?.stage)
    expect(report.failure?.code).toBe('closed')
    expect(report.failure?.message).toContain('do not know Ed448 keys')
  })

  test('a libp2p peer with an Ed25519 key that is no node: identified, and refused as no node', async () => {
    const { address, peerId } = await otherPeer({ nodeInfo: { userAgent: 'evil\u001b[31m\nagent' } })
    const report = await askPeer(address)
    expect(report).toMatchObject({ keyType: 'Ed25519', peerId, pinned: true, gossip: false, kademlia: false })
    expect(report.agent).toBe('evil\ufffd[31m\ufffdagent')
    expect(report.failure).toMatchObject({ stage: 'network', code: 'otherNetwork' })
  })
})

describe('ports behind which there is no peer: each failure names its stage', () => {
  test.each([
    ['', 'secure'],
    ['/ws', 'websocket'],
  ])('a TCP port that is silent (%j)', async (tail, stage) => {
    const port = await tcpServer(stack, () => undefined)
    const report = await askPeer(`/ip4/${HOST}/tcp/${port}${tail}`, impatient)
    expect(report.failure).toMatchObject({ stage, code: 'timeout' })
    expect(report.peerId).toBeNull()
  })

  test('a UDP port that is silent', async () => {
    const report = await askPeer(
      `/ip4/${HOST}/udp/${await udpServer(stack, () => undefined)}/quic-v1/p2p/${NOBODY}`,
      impatient,
    )
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'timeout' })
    expect(report.failure?.message).toContain('look the same over UDP')
  })

  test('a UDP port that sends garbage', async () => {
    const port = await udpServer(stack, () => new Uint8Array(100).fill(255))
    const report = await askPeer(`/ip4/${HOST}/udp/${port}/quic-v1`, impatient)
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'timeout' })
  })

  test('a QUIC server of another version', async () => {
    const port = await udpServer(stack, versionNegotiation)
    const report = await askPeer(`/ip4/${HOST}/udp/${port}/quic-v1`, impatient)
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'version' })
  })

  test('a QUIC server that is there for browsers only', async () => {
    const node = await startPeer(stack, { transports: ['webtransport'] })
    const [, port] = /\/udp\/(\d+)/.exec(node.addresses()[0] ?? '') ?? []
    const report = await askPeer(`/ip4/${HOST}/udp/${port}/quic-v1`, impatient)
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'noCommonProtocol' })
  })

  test.each(['', '/ws'])('a closed port (%j)', async (tail) => {
    const report = await askPeer(`/ip4/${HOST}/tcp/${await closedPort()}${tail}`)
    expect(report.failure).toMatchObject({ stage: 'connect', code: 'refused' })
  })

  test.each([
    ['a greeting of SMTP', '220 mail.example ESMTP\r\n', ''],
    ['zeros', '\0'.repeat(4_096), ''],
    ['bytes of 255', Buffer.alloc(4_096, 255), ''],
    ['an answer of HTTP', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n', ''],
    ['an answer of HTTP to WebSocket', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n', '/ws'],
    ['garbage to WebSocket', Buffer.alloc(4_096, 255), '/ws'],
  ])('a server that sends %s', async (_, bytes, tail) => {
    const port = await tcpServer(stack, (socket) => void socket.end(bytes))
    const { failure } = await askPeer(`/ip4/${HOST}/tcp/${port}${tail}`)
    expect(failure?.stage).toBe(tail === '' ? 'secure' : 'websocket')
    expect(['noCommonProtocol', 'protocol', 'closed']).toContain(failure?.code)
  })

  test('a name that does not resolve', async () => {
    const report = await askPeer(`/dns4/nobody.invalid/udp/8336/quic-v1/p2p/${NOBODY}`)
    expect(report.failure).toMatchObject({ stage: 'resolve', code: 'dns' })
    expect(report.failure?.message).toContain('nobody.invalid')
  })

  test('no security protocol in common, no multiplexer in common', async () => {
    const otherNoise = await otherPeer({
      connectionEncrypters: [(components) => Object.assign(noise()(components as never), { protocol: '/other/1.0.0' })],
    })
    expect((await askPeer(otherNoise.address)).failure).toMatchObject({ stage: 'secure', code: 'noCommonProtocol' })
    const otherYamux = await otherPeer({
      streamMuxers: [() => Object.assign(yamux()(), { protocol: '/other/1.0.0' })],
    })
    const { failure } = await askPeer(otherYamux.address)
    expect(['secure', 'multiplex']).toContain(failure?.stage)
    expect(['noCommonProtocol', 'protocol', 'closed']).toContain(failure?.code)
  })
})

describe('a peer that stalls or lies later', () => {
  test('it lacks identify, or never answers it', async () => {
    const mute = await otherPeer({ services: {} })
    expect((await askPeer(mute.address)).failure).toMatchObject({ stage: 'identify', code: 'noCommonProtocol' })
    await mute.node.handle('/ipfs/id/1.0.0', () => undefined)
    expect((await askPeer(mute.address, impatient)).failure).toMatchObject({ stage: 'identify', code: 'timeout' })
  })

  test.each([
    ['never answers', () => undefined, 'timeout'],
    ['resets', (stream: Stream) => stream.abort(new Error('no')), 'closed'],
    ['declares more than is read', (stream: Stream) => stream.send(varint(PROVIDER_LIMITS.bytes + 1)), 'protocol'],
    ['sends garbage', (stream: Stream) => stream.send(Uint8Array.of(4, 255, 255, 255, 255)), 'protocol'],
    ['answers another question', (stream: Stream) => stream.send(Uint8Array.of(2, 0x08, 0x04)), 'protocol'],
  ])('GET_PROVIDERS: it %s', async (_, answer: (stream: Stream) => unknown, code) => {
    const { node, address } = await otherPeer()
    await node.handle('/testnet/kad/1.0.0', (stream) => void answer(stream))
    const report = await askPeer(address, code === 'timeout' ? impatient : {})
    expect(report.failure).toMatchObject({ stage: 'discover', code })
    expect(passed(report)).toContain('network')
  })

  test('a peer with Kademlia of the network and no gossip at all may be a bootstrap host: it counts', async () => {
    const { node, address } = await otherPeer()
    await node.handle('/testnet/kad/1.0.0', (stream) => void stream.send(Uint8Array.of(2, 0x08, 0x03)))
    const report = await askPeer(address)
    expect(report.failure).toBeNull()
    expect(report).toMatchObject({ gossip: false, kademlia: true, learned: { providers: 0, closer: 0 } })
  })

  test('whoever asked gives up: said as such, at the stage where it was', async () => {
    const giveUp = new AbortController()
    const port = await tcpServer(stack, () => giveUp.abort())
    const report = await askPeer(`/ip4/${HOST}/tcp/${port}`, { network: NETWORK, signal: giveUp.signal })
    expect(report.failure?.code).toBe('interrupted')
  })
})

const varint = (value: number): Uint8Array =>
  Uint8Array.of((value & 127) | 128, ((value >> 7) & 127) | 128, (value >> 14) & 127)
