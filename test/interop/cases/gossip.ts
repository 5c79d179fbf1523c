/** Gossip between Petal and a host that speaks its frames by other code (docs/protocol/50-p2p.md sections 4 to 6). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { GLOBAL_TOPICS, type GossipMessage, shardTopics, slicesOf } from '@petal/core/gossip/index.ts'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { type GossipPeer, MESSAGE_FAULTS, type MessageFault } from '../peers/gossip-peer.ts'
import { KEY_TYPES, type KeyKind } from '../peers/peer.ts'
import type { PetalSide } from '../peers/petal-host.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { addressOf, type Side } from './links.ts'

export interface GossipSide extends Side {
  readonly peer: GossipPeer
}

const TOPIC = GLOBAL_TOPICS.frame
const SHARD = shardTopics(new Uint8Array(32).fill(7)).frame
const SIGNATURE_BYTES: Readonly<Record<KeyKind, number>> = { Ed25519: 64, Ed448: 114 }
const MOST_SUBSCRIPTIONS = 256
/** Bytes that are no frame, or no RPC. */
const GARBAGE = {
  'a length above 16 MiB': '8180800800',
  'a length that does not end': 'ffffffffffffffffffffff',
  'a frame that is no RPC': '03ffffff',
}

/** `other` is a second peer of the kind of `go`; neither is connected to the other. The cases build on each other. */
export function gossipCases(
  petal: PetalSide,
  go: GossipSide,
  other: GossipSide,
  transport: TransportName,
): readonly Case[] {
  const room = new Room(petal, transport)
  return [
    { name: 'hello: all subscriptions of Petal, whole and by slices', run: () => room.hello(go) },
    { name: 'a message that Go signs is delivered by Petal', run: () => room.deliver(go) },
    ...MESSAGE_FAULTS.map((fault) => ({
      name: `a message with a fault (${fault}) is not delivered, the next good one is (P2P-11)`,
      run: () => room.drop(go, fault),
    })),
    { name: 'Petal grafts Go, its message verifies there', run: () => room.publish(go) },
    { name: 'IWANT by either id form is answered with the signed bytes (P2P-12)', run: () => room.answer(go) },
    { name: 'Petal passes on what Go signed to another, bytes intact', run: () => room.passOn(go, other) },
    { name: 'a faulty message is not passed on (P2P-11)', run: () => room.keep(go, other) },
    ...Object.entries(GARBAGE).map(([what, hex]) => ({
      name: `${what} ends the stream, a new one works`,
      run: () => room.malformed(go, hex),
    })),
    { name: 'nothing faulty was delivered meanwhile', run: async () => room.checkHeard() },
  ]
}

class Room {
  readonly #petal: PetalSide
  readonly #transport: TransportName
  readonly #heard: GossipMessage[] = []
  /** Data of messages that were spoilt; that of some is longer by a byte on the way. */
  readonly #spoilt: string[] = []

  constructor(petal: PetalSide, transport: TransportName) {
    this.#petal = petal
    this.#transport = transport
    for (const topic of [TOPIC, SHARD])
      petal.gossip.subscribe(topic, { deliver: (message) => void this.#heard.push(message) })
  }

  async hello({ peer }: GossipSide): Promise<void> {
    await this.#join(peer)
    const announced = await until('the hello has come', () => {
      const all = peer.reports().flatMap(({ subscriptions }) => subscriptions)
      return all.length > 0 && all
    })
    const expected = [TOPIC, SHARD, ...slicesOf(SHARD)].map(bytesToHex)
    assert.deepEqual(announced.map(({ bitmask }) => bitmask).toSorted(), expected.toSorted())
    assert.ok(announced.every(({ subscribe }) => subscribe))
    assert.ok(announced.length <= MOST_SUBSCRIPTIONS)
  }

  async deliver({ peer, key }: GossipSide): Promise<void> {
    const message = await this.#delivered(await peer.send(this.#petalId, TOPIC))
    assert.equal(message.key[1], KEY_TYPES[key])
    assert.equal(message.signature.length, SIGNATURE_BYTES[key])
    assert.deepEqual(message.bitmask, TOPIC)
  }

  async drop({ peer }: GossipSide, fault: MessageFault): Promise<void> {
    this.#spoilt.push(await peer.send(this.#petalId, TOPIC, fault))
    await this.#delivered(await peer.send(this.#petalId, TOPIC))
    this.checkHeard()
  }

  async publish({ peer }: GossipSide): Promise<void> {
    await peer.grafted(TOPIC)
    const data = randomBytes(2000)
    assert.ok((await this.#petal.gossip.publish(TOPIC, data)) >= 1)
    const received = await peer.received(bytesToHex(data))
    assert.equal(received.fault, '')
    assert.equal(received.from, this.#petalId)
    assert.equal(received.bitmask, bytesToHex(TOPIC))
    assert.equal(received.signatureBytes, SIGNATURE_BYTES[this.#petal.key])
  }

  async answer({ peer }: GossipSide): Promise<void> {
    const data = randomBytes(100)
    await this.#petal.gossip.publish(TOPIC, data)
    const first = await peer.received(bytesToHex(data))
    const digest = bytesToHex(sha256(data))
    for (const [asked, id] of [digest, `01${digest}`].entries()) {
      await peer.want(this.#petalId, [id])
      const copies = await until('it came again', () => {
        const all = peer.copies(bytesToHex(data))
        return all.length > asked + 1 && all
      })
      for (const copy of copies) assert.equal(copy.bytes, first.bytes)
    }
  }

  async passOn({ peer }: GossipSide, { peer: other }: GossipSide): Promise<void> {
    await this.#join(other)
    await other.grafted(TOPIC)
    const data = await peer.send(this.#petalId, TOPIC)
    const received = await other.received(data)
    assert.equal(received.from, peer.peerId)
    assert.equal(received.fault, '')
    assert.equal(received.bytes, bytesToHex((await this.#delivered(data)).bytes))
  }

  async keep({ peer }: GossipSide, { peer: other }: GossipSide): Promise<void> {
    const bad = await peer.send(this.#petalId, TOPIC, 'signature')
    this.#spoilt.push(bad)
    await other.received(await peer.send(this.#petalId, TOPIC))
    assert.deepEqual(other.copies(bad), [])
  }

  async malformed({ peer }: GossipSide, hex: string): Promise<void> {
    const before = peer.ended()
    await peer.write(this.#petalId, hex)
    await until('Petal has ended the stream', () => peer.ended() > before)
    await peer.open(this.#petalId, [TOPIC])
    await this.#delivered(await peer.send(this.#petalId, TOPIC))
  }

  checkHeard(): void {
    const all = this.#heard.map(({ data }) => bytesToHex(data))
    assert.deepEqual(
      all.filter((data) => this.#spoilt.some((bad) => data.startsWith(bad))),
      [],
    )
  }

  get #petalId(): string {
    return this.#petal.peer.peerId
  }

  async #join(peer: GossipPeer): Promise<void> {
    await peer.dial(addressOf(this.#petal.peer, this.#transport))
    await peer.open(this.#petalId, [TOPIC])
  }

  #delivered(hex: string): Promise<GossipMessage> {
    return until('the message is delivered', () => this.#heard.find(({ data }) => bytesToHex(data) === hex))
  }
}
