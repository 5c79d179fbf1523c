/** Gossip between Petal and a host that speaks its frames by other code (docs/protocol/50-p2p.md sections 4 to 6). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { GLOBAL_TOPICS, type GossipMessage, shardTopics, slicesOf } from '@petal/core/gossip/index.ts'
import type { LinePeer } from '../peers/line-peer.ts'
import { KEY_TYPES, type KeyKind, type TransportKind } from '../peers/peer.ts'
import type { PetalSide } from '../peers/petal-host.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { addressOf, type Side } from './links.ts'

/** A peer that was started with gossip. */
export interface GossipSide extends Side {
  readonly peer: LinePeer
}

interface Report {
  readonly subscriptions: readonly { readonly subscribe: boolean; readonly bitmask: string }[]
  readonly messages: readonly Received[]
  readonly grafts: readonly string[]
}

interface Received {
  readonly from: string
  readonly data: string
  readonly bitmask: string
  readonly bytes: string
  readonly signatureBytes: number
  /** Empty when the key is the author's and the signature holds. */
  readonly fault: string
}

const TOPIC = GLOBAL_TOPICS.frame
const SHARD = shardTopics(new Uint8Array(32).fill(7)).frame
const SIGNATURE_BYTES: Readonly<Record<KeyKind, number>> = { Ed25519: 64, Ed448: 114 }
const MOST_SUBSCRIPTIONS = 256
/** Ways to spoil a signed message that the Go peer knows. */
const FAULTS = ['signature', 'data', 'unsigned', 'foreignKey'] as const
/** Bytes that are no frame, or no RPC. */
const GARBAGE = {
  'a length above 16 MiB': '8180800800',
  'a length that does not end': 'ffffffffffffffffffffff',
  'a frame that is no RPC': '03ffffff',
}

/** `other` is a second peer of the kind of `go`; neither is connected to the other. */
export function gossipCases(
  petal: PetalSide,
  go: GossipSide,
  other: GossipSide,
  transport: TransportKind,
): readonly Case[] {
  const room = new Room(petal)
  return [
    { name: 'hello: all subscriptions of Petal, whole and by slices', run: () => room.hello(go, transport) },
    { name: 'a message that Go signs is delivered by Petal', run: () => room.deliver(go) },
    ...FAULTS.map((fault) => ({
      name: `a message with a fault (${fault}) is not delivered, the next good one is (P2P-11)`,
      run: () => room.drop(go, fault),
    })),
    { name: 'Petal grafts Go, its message verifies there', run: () => room.publish(go) },
    { name: 'IWANT by either id form is answered with the signed bytes (P2P-12)', run: () => room.answer(go) },
    { name: 'Petal passes on what Go signed to another, bytes intact', run: () => room.passOn(go, other, transport) },
    { name: 'a faulty message is not passed on (P2P-11)', run: () => room.keep(go, other) },
    ...Object.entries(GARBAGE).map(([what, hex]) => ({
      name: `${what} ends the stream, a new one works`,
      run: () => room.malformed(go, hex),
    })),
  ]
}

class Room {
  readonly #petal: PetalSide
  readonly #heard: GossipMessage[] = []

  constructor(petal: PetalSide) {
    this.#petal = petal
    for (const topic of [TOPIC, SHARD])
      petal.node.gossip.subscribe(topic, { deliver: (message) => void this.#heard.push(message) })
  }

  async hello(go: GossipSide, transport: TransportKind): Promise<void> {
    await this.#join(go, transport)
    const announced = await until('the hello has come', () => {
      const all = this.#reports(go).flatMap(({ subscriptions }) => subscriptions)
      return all.length > 0 && all
    })
    const expected = [TOPIC, SHARD, ...slicesOf(SHARD)].map(bytesToHex)
    assert.deepEqual(new Set(announced.map(({ bitmask }) => bitmask)), new Set(expected))
    assert.ok(announced.every(({ subscribe }) => subscribe))
    assert.ok(announced.length <= MOST_SUBSCRIPTIONS)
    assert.equal(announced.length, expected.length)
  }

  async deliver(go: GossipSide): Promise<void> {
    const data = await this.#send(go)
    const message = await until('the message is delivered', () => this.#find(data))
    assert.equal(message.key[1], KEY_TYPES[go.key])
    assert.equal(message.signature.length, SIGNATURE_BYTES[go.key])
    assert.deepEqual(message.bitmask, TOPIC)
  }

  async drop(go: GossipSide, fault: string): Promise<void> {
    const bad = await this.#send(go, fault)
    const good = await this.#send(go)
    await until('the good message is delivered', () => this.#find(good))
    const spoilt = this.#heard.filter(({ data }) => bytesToHex(data).startsWith(bad))
    assert.deepEqual(spoilt, [])
  }

  async publish(go: GossipSide): Promise<void> {
    const { gossip } = this.#petal.node
    await until('Go was grafted', () => this.#reports(go).some(({ grafts }) => grafts.includes(bytesToHex(TOPIC))))
    const data = randomBytes(2000)
    assert.ok((await gossip.publish(TOPIC, data)) >= 1)
    const received = await this.#received(go, bytesToHex(data))
    assert.equal(received.fault, '')
    assert.equal(received.from, this.#petal.peer.peerId)
    assert.equal(received.bitmask, bytesToHex(TOPIC))
    assert.equal(received.signatureBytes, SIGNATURE_BYTES[this.#petal.key])
  }

  async answer(go: GossipSide): Promise<void> {
    const data = randomBytes(100)
    await this.#petal.node.gossip.publish(TOPIC, data)
    const first = await this.#received(go, bytesToHex(data))
    const digest = bytesToHex(sha256(data))
    for (const [asked, id] of [digest, `01${digest}`].entries()) {
      await go.peer.call('gossipWant', { peer: this.#petal.peer.peerId, ids: [id] })
      const copies = await until('it came again', () => {
        const all = this.#copies(go, bytesToHex(data))
        return all.length > asked + 1 && all
      })
      for (const copy of copies) assert.equal(copy.bytes, first.bytes)
    }
  }

  async passOn(go: GossipSide, other: GossipSide, transport: TransportKind): Promise<void> {
    await this.#join(other, transport)
    await until('it was grafted too', () =>
      this.#reports(other).some(({ grafts }) => grafts.includes(bytesToHex(TOPIC))),
    )
    const data = await this.#send(go)
    const received = await this.#received(other, data)
    assert.equal(received.from, go.peer.peerId)
    assert.equal(received.fault, '')
    const delivered = await until('it is delivered here too', () => this.#find(data))
    assert.equal(received.bytes, bytesToHex(delivered.bytes))
  }

  async keep(go: GossipSide, other: GossipSide): Promise<void> {
    const bad = await this.#send(go, 'signature')
    const good = await this.#send(go)
    await this.#received(other, good)
    assert.deepEqual(this.#copies(other, bad), [])
  }

  async malformed(go: GossipSide, hex: string): Promise<void> {
    const closed = () => go.peer.events.filter(({ event }) => event === 'gossipClosed').length
    const before = closed()
    await go.peer.call('gossipRaw', { peer: this.#petal.peer.peerId, hex })
    await until('Petal has ended the stream', () => closed() > before)
    await this.#open(go)
    const data = await this.#send(go)
    await until('a message on the new stream is delivered', () => this.#find(data))
  }

  /** Connects, and opens the stream to Petal. */
  async #join(go: GossipSide, transport: TransportKind): Promise<void> {
    await go.peer.dial(addressOf(this.#petal.peer, transport))
    await this.#open(go)
  }

  #open(go: GossipSide): Promise<void> {
    return go.peer.call('gossipOpen', { peer: this.#petal.peer.peerId, bitmasks: [bytesToHex(TOPIC)] })
  }

  /** Data of a new message, hex. */
  async #send(go: GossipSide, fault = ''): Promise<string> {
    const data = randomBytes(64).toString('hex')
    await go.peer.call('gossipSend', { peer: this.#petal.peer.peerId, bitmask: bytesToHex(TOPIC), data, fault })
    return data
  }

  #find(data: string): GossipMessage | undefined {
    return this.#heard.find((message) => bytesToHex(message.data) === data)
  }

  #reports(go: GossipSide): readonly Report[] {
    return go.peer.events.filter(({ event }) => event === 'gossip').map(({ rpc }) => rpc as Report)
  }

  #copies(go: GossipSide, data: string): readonly Received[] {
    return this.#reports(go).flatMap(({ messages }) => messages.filter((each) => each.data === data))
  }

  #received(go: GossipSide, data: string): Promise<Received> {
    return until('the message has come', () => this.#copies(go, data)[0])
  }
}
