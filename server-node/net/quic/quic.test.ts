/** Nodes reach each other over QUIC with host keys of any type, and browsers on the same port (docs/protocol/50-p2p.md section 2; P2P-01, P2P-03). */
import { isEd448 } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { drained } from '@petal/p2p/drained.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { addressOf, hostKey, type KeyKind, type QuicNode, type QuicNodeOptions, quicNode } from './testing.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

async function node(options?: QuicNodeOptions): Promise<QuicNode> {
  const made = await quicNode(options)
  stack.defer(() => made.stop())
  return made
}

function udpPort(node: Libp2p): string[] {
  return node.getMultiaddrs().flatMap((address) => /\/udp\/(\d+)/.exec(String(address))?.[1] ?? [])
}

describe('P2P-03: identify and ping over QUIC', () => {
  const pairs: [KeyKind, KeyKind][] = [
    ['Ed448', 'Ed448'],
    ['Ed448', 'Ed25519'],
    ['Ed25519', 'Ed448'],
    ['Ed448', 'secp256k1'],
    ['Ed448', 'RSA'],
  ]
  test.each(pairs)('from %s to %s', async (dialling, listening) => {
    const [from, to] = [await node({ key: dialling }), await node({ key: listening })]
    const connection = await from.dial(multiaddr(addressOf(to)))
    expect(connection.remotePeer.equals(to.peerId)).toBe(true)
    expect(connection.remoteAddr.toString()).toBe(addressOf(to))
    expect(connection.encryption).toBe('native')
    expect(await from.services.ping.ping(to.peerId)).toBeGreaterThanOrEqual(0)
    const identified = await from.services.identify.identify(connection)
    expect(identified.peerId.equals(to.peerId)).toBe(true)
    const back = to.getConnections(from.peerId)[0]
    if (back === undefined) throw new Error('no connection at the other side')
    expect(back.remotePeer.equals(from.peerId)).toBe(true)
    // It came from the port that the other one listens on.
    expect(isEd448(back.remotePeer.publicKey)).toBe(dialling === 'Ed448')
    expect(back.remoteAddr.toString()).toBe(`/ip4/127.0.0.1/udp/${udpPort(from)[0]}/quic-v1/p2p/${from.peerId}`)
  })
})

test('a node that does not listen dials; an IPv6 node is reached; a name is looked up', async () => {
  const dialler = await node({ listen: [] })
  const six = await node({ listen: ['/ip6/::1/udp/0/quic-v1'] })
  const four = await node()
  await dialler.dial(multiaddr(addressOf(six)))
  await dialler.dial(multiaddr(addressOf(four).replace('/ip4/127.0.0.1/', '/dns4/localhost/')))
  expect(dialler.getConnections()).toHaveLength(2)
})

test('QUIC and WebTransport share one port, which is free again when the node has stopped', async () => {
  const listen = ['/ip4/127.0.0.1/udp/0/quic-v1', '/ip4/127.0.0.1/udp/0/quic-v1/webtransport']
  const first = await node({ listen })
  const ports = new Set(udpPort(first))
  expect(first.getMultiaddrs()).toHaveLength(2)
  expect(ports.size).toBe(1)
  const peer = await node()
  await peer.dial(multiaddr(addressOf(first)))
  await first.stop()
  const again = listen.map((address) => address.replace('/0/', `/${[...ports][0]}/`))
  expect(new Set(udpPort(await node({ listen: again })))).toEqual(ports)
})

test('a port that another program has is an error', async () => {
  const port = udpPort(await node())[0]
  await expect(quicNode({ listen: [`/ip4/127.0.0.1/udp/${port}/quic-v1`] })).rejects.toThrow(/cannot bind/)
})

test('P2P-01: whoever answers for another peer id is refused', async () => {
  const [from, to] = [await node(), await node()]
  for (const kind of ['Ed448', 'Ed25519'] as const) {
    const wanted = peerIdFromPublicKey((await hostKey(kind)).publicKey)
    const wrong = addressOf(to).replace(/\/p2p\/.*/, `/p2p/${wanted}`)
    await expect(from.dial(multiaddr(wrong))).rejects.toThrow(/answered/)
  }
  await expect.poll(() => to.getConnections()).toHaveLength(0)
  // Without an id in the address, whoever answers is welcome.
  const connection = await from.dial(multiaddr(addressOf(to).replace(/\/p2p\/.*/, '')))
  expect(connection.remotePeer.equals(to.peerId)).toBe(true)
})

/** Everything that comes, until the other side ends. */
async function collect(stream: Stream): Promise<number> {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.byteLength
  return bytes
}

async function send(stream: Stream, bytes: number): Promise<void> {
  const chunk = new Uint8Array(64 << 10)
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!stream.send(chunk)) await drained(stream, AbortSignal.timeout(60_000))
  }
}

test('32 MB in one stream arrive; a reader that pauses holds the sender up', async () => {
  const [from, to] = [await node(), await node()]
  const served = Promise.withResolvers<Stream>()
  await to.handle('/test/1', (stream) => served.resolve(stream))
  const stream = await from.dialProtocol(multiaddr(addressOf(to)), '/test/1')
  const received = await served.promise
  received.pause()
  const sending = send(stream, 32 << 20).then(() => 'sent')
  expect(await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 500, 'waiting'))])).toBe('waiting')
  // What a paused reader holds here; the rest waits in windows.
  expect(received.readBufferLength).toBeLessThanOrEqual(128 << 10)
  const arriving = collect(received)
  received.resume()
  await sending
  await stream.close()
  expect(await arriving).toBe(32 << 20)
})

test('an end, a stop and a reset of a stream are told to the other side', async () => {
  const [from, to] = [await node(), await node()]
  const streams: Stream[] = []
  await to.handle('/test/1', (stream) => void streams.push(stream))
  const open = () => from.dialProtocol(multiaddr(addressOf(to)), '/test/1')
  const next = async () => {
    await expect.poll(() => streams.length).toBe(1)
    return streams.shift() as Stream
  }
  const ended = await open()
  const theirs = await next()
  const reading = collect(theirs)
  ended.send(new Uint8Array(10))
  await ended.close()
  expect(await reading).toBe(10)
  await theirs.close()
  await expect.poll(() => ended.status).toBe('closed')
  await expect.poll(() => theirs.status).toBe('closed')

  const reset = await open()
  reset.abort(new Error('changed my mind'))
  const other = await next()
  await expect.poll(() => other.status).toBe('reset')
  expect(from.getConnections()).toHaveLength(1)
})
