/** What two peers that know each other's kind of key do over a transport (docs/protocol/50-p2p.md sections 1 and 2). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { hexToBytes } from '@noble/hashes/utils.js'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { type InteropPeer, KEY_TYPES, type KeyKind, type Link } from '../peers/peer.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { strangerId } from './stranger.ts'

export interface Side {
  readonly name: string
  readonly key: KeyKind
  readonly peer: InteropPeer
  /** What it says of itself by identify. */
  readonly agent: RegExp
  readonly protocolVersion: string
}

const ECHO_BYTES = 1 << 20
const PROTOCOLS = ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']

export function linkCases(petal: Side, stock: Side, transport: TransportName): readonly Case[] {
  const ways = [[stock, petal] as const, [petal, stock] as const]
  return [
    // First, while neither knows the other: later their Kademlia may connect them by itself.
    ...ways.map(([dialler, listener]) => ({
      name: `${dialler.name} refuses somebody else than the peer it dialled (P2P-01)`,
      run: () => refuseStranger(dialler, listener, transport),
    })),
    ...ways.map(([dialler, listener]) => ({
      name: `${dialler.name} dials ${listener.name}: identify, ping, 1 MiB each way`,
      run: () => thenPart(petal, stock, () => speak(dialler, listener, transport)),
    })),
  ]
}

async function speak(dialler: Side, listener: Side, transport: TransportName): Promise<void> {
  const out = await dialNow(dialler.peer, listener.peer, transport)
  assert.equal(out.peer, listener.peer.peerId)
  const back = await until('the listener has the connection', () => linkOrNone(listener.peer, dialler.peer.peerId))
  if (transport === 'tcp') {
    for (const { security, muxer } of [out, back]) assert.deepEqual([security, muxer], ['/noise', '/yamux/1.0.0'])
  }
  await meet(dialler, listener)
  await meet(listener, dialler)
}

/** A connection that the dialler opened: one that is there already is closed. */
export function dialNow(dialler: InteropPeer, listener: InteropPeer, transport: TransportName): Promise<Link> {
  return until('the dialler has opened a connection', async () => {
    const link = await dialler.dial(addressOf(listener, transport))
    if (link.direction === 'outbound') return link
    await dialler.hangUp(listener.peerId)
    return undefined
  })
}

/** One side knows who the other is, reaches it and gets back what it sends. */
async function meet(one: Side, other: Side): Promise<void> {
  const { peerId } = other.peer
  const identity = await one.peer.identified(peerId)
  assert.equal(identity.keyType, KEY_TYPES[other.key])
  assert.equal(peerIdFromPublicKey(publicKeyFromProtobuf(hexToBytes(identity.key))).toString(), peerId)
  assert.equal(identity.protocolVersion, other.protocolVersion)
  assert.match(identity.agentVersion, other.agent)
  assert.ok(identity.listenAddresses.length > 0)
  for (const protocol of PROTOCOLS)
    assert.ok(identity.protocols.includes(protocol), `${protocol} in ${identity.protocols}`)
  assert.ok(identity.signedRecord, 'the addresses came in a signed record')
  assert.ok((await one.peer.ping(peerId)) >= 0)
  const sent = randomBytes(ECHO_BYTES).toString('hex')
  assert.ok((await one.peer.echo(peerId, sent)) === sent, 'what came back is what was sent')
}

async function refuseStranger(dialler: Side, listener: Side, transport: TransportName): Promise<void> {
  const foreign = await strangerId(listener.key)
  const address = addressOf(listener.peer, transport).replace(listener.peer.peerId, foreign)
  await assert.rejects(dialler.peer.dial(address))
  for (const id of [foreign, listener.peer.peerId]) assert.equal(await linkOrNone(dialler.peer, id), undefined)
  await until(
    'the listener has lost the connection',
    async () => !(await linkOrNone(listener.peer, dialler.peer.peerId)),
  )
}

/** End of an address of each transport. */
const ADDRESS_ENDS: Readonly<Record<TransportName, RegExp>> = {
  tcp: /\/tcp\/\d+\/p2p\/\w+$/,
  quic: /\/quic-v1\/p2p\/\w+$/,
  websocket: /\/ws\/p2p\/\w+$/,
  webtransport: /\/webtransport(\/certhash\/[\w-]+)+\/p2p\/\w+$/,
  'webrtc-direct': /\/webrtc-direct\/certhash\/[\w-]+\/p2p\/\w+$/,
}

/** The address for this transport. */
export function addressOf(peer: Pick<InteropPeer, 'addresses'>, transport: TransportName): string {
  const address = peer.addresses.find((each) => ADDRESS_ENDS[transport].test(each))
  if (address === undefined) throw new Error(`no address for ${transport} in ${peer.addresses.join(', ')}`)
  return address
}

export const linkOrNone = (peer: InteropPeer, other: string) => peer.link(other).catch(() => undefined)

/** Tries something, then parts the two: what failed does not spoil what comes next. */
export async function thenPart({ peer: one }: Side, { peer: other }: Side, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } finally {
    await until('both have hung up', async () => {
      // Again and again: their Kademlia may have dialled meanwhile.
      const links = [await linkOrNone(one, other.peerId), await linkOrNone(other, one.peerId)]
      if (links[0] !== undefined) await one.hangUp(other.peerId)
      return links.every((link) => link === undefined)
    })
  }
}
