/** What peers do that mean no good, over QUIC. After each the node still serves others (docs/protocol/50-p2p.md section 2; P2P-01, P2P-15). */
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { loadAddon } from '../../crypto/addon.ts'
import type { QuicEndpoint, QuicIdentity, QuicLimits, QuicSession } from './addon.ts'
import { signIdentity } from './host-key.ts'
import { QUIC_STREAMS } from './index.ts'
import { addressOf, hostKey, type QuicNode, type QuicNodeOptions, quicNode } from './testing.ts'

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

const GENEROUS: QuicLimits = {
  inbound: 10_000,
  outbound: 10_000,
  handshakes: 10_000,
  backlog: 1_000,
  streams: 10_000,
  webStreams: 10_000,
  handshakeMillis: 2_000,
  idleMillis: 30_000,
}

/** A peer that does as it likes. */
async function stranger(identity?: QuicIdentity): Promise<QuicEndpoint> {
  const addon = loadAddon()
  const own = identity ?? (await signIdentity(addon, await hostKey('Ed448')))
  const endpoint = await addon.QuicEndpoint.bind('127.0.0.1', 0, own, GENEROUS)
  stack.defer(() => endpoint.close())
  return endpoint
}

/** A certificate that names one key and is signed by another. */
async function forged(named: PrivateKey, signer: PrivateKey): Promise<QuicIdentity> {
  const draft = new (loadAddon().QuicDraft)()
  return draft.sign(publicKeyToProtobuf(named.publicKey), await signer.sign(draft.message))
}

function portOf(node: QuicNode): number {
  return Number(/\/udp\/(\d+)/.exec(addressOf(node))?.[1])
}

async function expectServing(busy: QuicNode): Promise<void> {
  const honest = await node({ listen: [] })
  const { remotePeer } = await honest.dial(multiaddr(addressOf(busy)))
  expect(await honest.services.ping.ping(remotePeer)).toBeGreaterThanOrEqual(0)
}

const ecdsaKey = generateKeyPair('ECDSA')
const liars: [string, () => Promise<QuicIdentity>][] = [
  ['an Ed448 key that another key signed for', async () => forged(await hostKey('Ed448'), await hostKey('Ed448'))],
  [
    'an Ed25519 key that another key signed for',
    async () => forged(await hostKey('Ed25519'), await hostKey('Ed25519')),
  ],
  [
    'an Ed448 key with the signature of an Ed25519 key',
    async () => forged(await hostKey('Ed448'), await hostKey('Ed25519')),
  ],
  // Well-formed, and its signature holds: but no peer id is made of such a key.
  ['an ECDSA key', async () => ecdsaKey.then((key) => forged(key, key))],
  ['no key', async () => new (loadAddon().QuicDraft)().sign(new Uint8Array(), new Uint8Array())],
  [
    'a key of no type',
    async () => new (loadAddon().QuicDraft)().sign(Uint8Array.of(8, 9, 18, 1, 1), new Uint8Array(64)),
  ],
  [
    'an RSA key of no meaning',
    async () => new (loadAddon().QuicDraft)().sign(Uint8Array.of(8, 0, 18, 2, 48, 0), new Uint8Array(256)),
  ],
]

test.each(liars)('P2P-01: a peer that shows %s is thrown out, dialled or dialling', async (_, identity) => {
  const honest = await node()
  const liar = await stranger(await identity())
  const session = await liar.dial('127.0.0.1', portOf(honest))
  expect(await session.closed()).toContain('handshake failed')
  expect(honest.getConnections()).toHaveLength(0)

  liar.serveLibp2P(true)
  const dialling = honest.dial(multiaddr(`/ip4/127.0.0.1/udp/${liar.port}/quic-v1`))
  await expect(dialling).rejects.toThrow(/host key/)
  expect(honest.getConnections()).toHaveLength(0)
  await expectServing(honest)
})

test('P2P-15: connections above the limit are refused, and room that is left can be taken', async () => {
  const busy = await node({ limits: { inboundConnections: 8, pendingConnections: 64 } })
  const flood = await stranger()
  const sessions: QuicSession[] = []
  for (let round = 0; round < 100; round++) {
    await flood.dial('127.0.0.1', portOf(busy)).then(
      (session) => sessions.push(session),
      () => undefined,
    )
  }
  expect(busy.getConnections().length).toBeLessThanOrEqual(8)
  expect(sessions.length).toBeLessThanOrEqual(8)
  for (const session of sessions) session.close(0, '')
  await expect.poll(() => busy.getConnections().length, { timeout: 10_000 }).toBe(0)
  await expectServing(busy)
})

test('10,000 streams of one peer wait for room; others are served meanwhile', async () => {
  const busy = await node()
  const greedy = await (await stranger()).dial('127.0.0.1', portOf(busy))
  const before = process.memoryUsage().rss
  let opened = 0
  const opening = Array.from({ length: 10_000 }, async () => {
    const stream = await greedy.openStream()
    opened++
    // Never says which protocol it wants.
    await stream.write(new Uint8Array(1))
  })
  const all = Promise.allSettled(opening)
  // On a slow machine the first are given up for their silence meanwhile, and others come.
  await expect.poll(() => opened, { timeout: 20_000 }).toBeGreaterThanOrEqual(QUIC_STREAMS)
  await expectServing(busy)
  const theirs = busy.getConnections().find(({ streams }) => streams.length > 10)
  expect(theirs?.streams.length ?? 0).toBeLessThanOrEqual(QUIC_STREAMS + 2)
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20)
  greedy.close(0, '')
  await all
})

test('a node that stops in the midst of handshakes stops', async () => {
  const stopping = await node()
  const crowd = await stranger()
  const dials = Promise.allSettled(Array.from({ length: 50 }, () => crowd.dial('127.0.0.1', portOf(stopping))))
  await new Promise((resolve) => setTimeout(resolve, 5))
  await stopping.stop()
  await dials
  expect(stopping.getConnections()).toHaveLength(0)
})

test('a dial that is given up does not leave a connection behind', async () => {
  const [from, to] = [await node(), await node()]
  for (let round = 0; round < 20; round++) {
    const signal = AbortSignal.timeout(round % 5)
    await from.dial(multiaddr(addressOf(to)), { signal }).catch(() => undefined)
    await from.hangUp(to.peerId)
  }
  await expect.poll(() => to.getConnections().length, { timeout: 10_000 }).toBe(0)
  await expectServing(to)
})
