import 'fake-indexeddb/auto'
import { decodeMessage, signedPart } from '@petal/core/gossip/message.ts'
import { shardTopics } from '@petal/core/gossip/topics.ts'
import { peerIdText } from '@petal/core/identity/peer-id.ts'
import { verifySignature } from '@petal/p2p/gossip/index.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { loadNativeEngine } from '../../../test/engines/native.ts'
import { browserIdentityStore } from '../identity/identity-store.ts'
import { type GossipNode, startGossipNode } from '../testing/gossip-node.ts'
import { PeerHost, type PeerHostParts } from './peer-host.ts'
import type { GossipStatus, PeerMessage } from './peer-types.ts'
import type { PeerAnswers, PeerWish } from './wishes.ts'

const TOPIC = shardTopics(new Uint8Array(32).fill(9)).frame
const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
  indexedDB.deleteDatabase('petal-identity')
})

interface Tab {
  readonly host: PeerHost
  readonly heard: PeerMessage[]
  ask<K extends PeerWish['kind']>(wish: Extract<PeerWish, { kind: K }>): Promise<PeerAnswers[K]>
  code(wish: PeerWish): Promise<string>
}

function tab(addresses: readonly string[], parts: Partial<PeerHostParts> = {}): Tab {
  const heard: PeerMessage[] = []
  const host = new PeerHost({
    store: browserIdentityStore(),
    engine: async () => loadNativeEngine(),
    networkNumber: 99,
    addresses: () => addresses,
    head: () => null,
    verify: async () => {},
    deliver: (deliveries) => void heard.push(...deliveries.map(({ message }) => message)),
    share: () => {},
    onError: (error) => {
      throw error
    },
    log2N: 10,
    ...parts,
  })
  open.push(host)
  return {
    host,
    heard,
    ask: async (wish) => {
      const outcome = await host.ask(wish)
      if (outcome.kind === 'failed') throw new Error(`${outcome.code}: ${outcome.reason}`)
      return outcome.answer as never
    },
    code: async (wish) => {
      const outcome = await host.ask(wish)
      return outcome.kind === 'failed' ? outcome.code : 'done'
    },
  }
}

async function node(topics: readonly Uint8Array[]): Promise<GossipNode> {
  const started = await startGossipNode(topics)
  open.push(started)
  return started
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 20 })
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const status = (one: Tab): Promise<GossipStatus> => one.ask({ kind: 'status' })

async function listening(one: Tab): Promise<void> {
  await one.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  await until(async () => expect((await status(one)).topics[0]?.mesh).toBeGreaterThan(0))
}

test('P2P-05 a tab publishes through node A and is heard at node B with its own signature, byte for byte', async () => {
  const [a, b] = [await node([TOPIC]), await node([TOPIC])]
  await b.node.dial(a.node.getMultiaddrs())
  const one = tab([a.address])
  const { peerId, publicKey } = await one.ask({ kind: 'identity' })
  await listening(one)
  await until(() => expect(b.gossip.meshOf(TOPIC).length).toBe(1))
  expect(await one.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('from the tab') })).toBe(1)
  await until(() => expect([a.heard.length, b.heard.length]).toEqual([1, 1]))
  const [atA, atB] = [a.heard[0], b.heard[0]]
  if (atA === undefined || atB === undefined) throw new Error('nothing was heard')
  expect(peerIdText(atB.from)).toBe(peerId)
  expect(Buffer.from(atB.key.subarray(4)).toString('hex')).toBe(publicKey)
  expect(atB.bytes).toEqual(atA.bytes)
  expect(await verifySignature(atB.key, signedPart(decodeMessage(atB.bytes)), atB.signature)).toBe(true)
  expect(a.node.getPeers().map(String)).toContain(peerId)
  await b.gossip.publish(TOPIC, bytesOf('to the tab'))
  await until(() => expect(one.heard.map(({ data }) => textOf(data))).toEqual(['to the tab']))
  expect(one.heard[0]).toMatchObject({ from: b.node.peerId.toString(), topic: TOPIC, verified: true })
  expect(await status(one)).toMatchObject({ running: true, host: 'identity', published: 1, received: 1, dropped: 0 })
})
