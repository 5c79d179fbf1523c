import { decodeMessage, signedPart } from '@petal/core/gossip/message.ts'
import { peerIdText } from '@petal/core/identity/peer-id.ts'
import { verifySignature } from '@petal/p2p/gossip/index.ts'
import { expect, test } from 'vitest'
import { loadNativeEngine } from '../../../test/engines/native.ts'
import { bytesOf, listening, node, status, TOPIC, tab, textOf, until } from '../testing/tab.ts'
import { TAB_LIMITS } from './limits.ts'
import type { PeerHostParts } from './peer-host.ts'

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

test('two tabs of one identity: the first is connected as it, the second shows a throw-away key; both sign as it and both hear', async () => {
  const a = await node([TOPIC])
  const [first, second] = [tab([a.address]), tab([a.address])]
  await listening(first)
  await listening(second)
  const { peerId } = await first.ask({ kind: 'identity' })
  expect((await second.ask({ kind: 'identity' })).peerId).toBe(peerId)
  expect((await status(first)).host).toBe('identity')
  expect((await status(second)).host).toBe('throwaway')
  expect(a.node.getPeers().length).toBe(2)
  expect(a.node.getPeers().map(String)).toContain(peerId)
  await until(() => expect(a.gossip.meshOf(TOPIC).length).toBe(2))
  await first.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('one') })
  await second.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('two') })
  await until(() => expect(a.heard.length).toBe(2))
  expect(a.heard.map(({ from }) => peerIdText(from))).toEqual([peerId, peerId])
  expect(new Set(a.heard.map(({ seqno }) => Buffer.from(seqno).toString('hex'))).size).toBe(2)
  await until(() => expect([first.heard[0]?.from, second.heard[0]?.from]).toEqual([peerId, peerId]))
  await a.gossip.publish(TOPIC, bytesOf('to both'))
  await until(() => expect([first.heard.length, second.heard.length]).toEqual([2, 2]))
  await first.host.stop()
  const third = tab([a.address])
  await listening(third)
  expect((await status(third)).host).toBe('identity')
})

test('what a tab publishes on one network is not told to tabs of another', async () => {
  const here = await node([TOPIC])
  const [one, other] = [tab([here.address]), tab([here.address])]
  const elsewhere = tab([], { networkNumber: 98 })
  await listening(one)
  await listening(other)
  await elsewhere.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  expect((await status(elsewhere)).running).toBe(true)
  await one.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('here') })
  await until(() => expect(other.heard.map(({ data }) => textOf(data))).toEqual(['here']))
  expect(elsewhere.heard).toEqual([])
})

test('another identity: gossip goes on as it, in every tab that listens', async () => {
  const a = await node([TOPIC])
  const [one, other] = [tab([a.address]), tab([a.address])]
  await listening(one)
  await listening(other)
  const before = await one.ask({ kind: 'identity' })
  const file = await one.ask({ kind: 'export', passphrase: 'correct horse' })
  await one.ask({ kind: 'forget', peerId: before.peerId })
  expect(await status(one)).toMatchObject({ identity: null, running: false, topics: [] })
  const fresh = await one.ask({ kind: 'identity' })
  expect(fresh.peerId).not.toBe(before.peerId)
  expect(await one.code({ kind: 'import', file, passphrase: 'wrong', replace: true })).toBe('passphrase')
  expect(await one.code({ kind: 'import', file, passphrase: 'correct horse', replace: false })).toBe('exists')
  await one.ask({ kind: 'import', file, passphrase: 'correct horse', replace: true })
  expect(await one.ask({ kind: 'identity' })).toMatchObject({ peerId: before.peerId, publicKey: before.publicKey })
  await until(async () => expect((await status(other)).topics[0]?.mesh).toBe(1))
  await other.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('as before') })
  await until(() => expect(a.heard.map(({ from }) => peerIdText(from))).toEqual([before.peerId]))
})

test('an identity that is forgotten ends gossip in every tab: none makes another one before it is asked to', async () => {
  const a = await node([TOPIC])
  const [one, other] = [tab([a.address]), tab([a.address])]
  await listening(one)
  await listening(other)
  const { peerId } = await one.ask({ kind: 'identity' })
  await one.ask({ kind: 'forget', peerId })
  await until(async () => expect((await status(other)).running).toBe(false))
  await until(() => expect(a.node.getPeers().length).toBe(0))
  for (const each of [one, other]) {
    expect(await status(each)).toMatchObject({ identity: null, forgotten: true, running: false, peers: [] })
    expect(await each.code({ kind: 'publish', bitmask: TOPIC, data: bytesOf('as whom?') })).toBe('identity')
    expect(await each.code({ kind: 'subscribe', bitmask: TOPIC, listener: 7 })).toBe('identity')
    expect(await each.code({ kind: 'export', passphrase: 'correct horse' })).toBe('identity')
    expect(await each.code({ kind: 'lock' })).toBe('identity')
    expect(await status(each)).toMatchObject({ identity: null, forgotten: true, running: false })
  }
  const fresh = await one.ask({ kind: 'identity' })
  expect(fresh.peerId).not.toBe(peerId)
  await until(async () => expect((await status(other)).topics[0]?.mesh).toBe(1))
  expect(await status(other)).toMatchObject({ identity: fresh, forgotten: false })
  expect(await one.ask({ kind: 'identity' })).toEqual(fresh)
})

test('gossip that is stopped while it starts leaves nothing that light peers would be dialled by', async () => {
  const a = await node([TOPIC])
  const { peerId } = await tab([]).ask({ kind: 'identity' })
  const loading = Promise.withResolvers<void>()
  const shared: { dial: Parameters<PeerHostParts['share']>[0] } = { dial: null }
  const one = tab([a.address], {
    engine: async () => {
      await loading.promise
      return loadNativeEngine()
    },
    share: (dialer) => Object.assign(shared, { dial: dialer }),
  })
  const listening = one.code({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  const forgetting = one.ask({ kind: 'forget', peerId })
  await until(async () => expect((await status(one)).identity).toBe(null))
  loading.resolve()
  await Promise.all([listening, forgetting])
  expect((await status(one)).running).toBe(false)
  expect(shared.dial).toBe(null)
})

test('limits: topics, the same bytes twice, and what comes after the end', async () => {
  const a = await node([TOPIC])
  const one = tab([a.address])
  await listening(one)
  for (let at = 1; at < TAB_LIMITS.topics; at++) {
    await one.ask({ kind: 'subscribe', bitmask: Uint8Array.of(1, at), listener: 1 + at })
  }
  expect(await one.code({ kind: 'subscribe', bitmask: Uint8Array.of(2, 0), listener: 99 })).toBe('gossip')
  await one.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('twice') })
  expect(await one.code({ kind: 'publish', bitmask: TOPIC, data: bytesOf('twice') })).toBe('gossip')
  for (let at = 0; at < TAB_LIMITS.topics; at++) await one.ask({ kind: 'unsubscribe', listener: 1 + at })
  await until(async () => expect((await status(one)).running).toBe(false))
  await until(() => expect(a.node.getPeers().length).toBe(0))
  await one.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  await one.ask({ kind: 'unsubscribe', listener: 1 })
  await one.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 2 })
  expect((await status(one)).host).toBe('identity')
  await one.host.stop()
  expect(await one.code({ kind: 'identity' })).toBe('stopped')
})

test('a node that goes and comes back is dialled again', async () => {
  const a = await node([TOPIC])
  const one = tab([a.address])
  await listening(one)
  await Promise.all(a.node.getConnections().map((connection) => connection.close()))
  await until(() => expect(a.gossip.meshOf(TOPIC).length).toBe(1))
  await a.gossip.publish(TOPIC, bytesOf('back'))
  await until(() => expect(one.heard.length).toBe(1))
})

test('light peers are dialled over the connection that gossip has', async () => {
  const a = await node([TOPIC])
  const shared: { dial: Parameters<PeerHostParts['share']>[0] } = { dial: null }
  const one = tab([a.address], { share: (dialer) => Object.assign(shared, { dial: dialer }) })
  await listening(one)
  const greeting = { network: 'local', profile: '2.1.0.24' }
  const peer = await shared.dial?.dial(a.address, greeting, AbortSignal.timeout(5000))
  expect(peer?.id).toBe(a.node.peerId.toString())
  expect(a.node.getConnections().length).toBe(1)
  await peer?.close()
  expect(a.node.getConnections().length).toBe(1)
  await one.host.stop()
  expect(shared.dial).toBe(null)
})
