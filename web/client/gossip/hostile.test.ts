/** Nodes that are hostile: the tab drops what they send, and goes on. */
import type { MessageFields } from '@petal/core/gossip/index.ts'
import { expect, test } from 'vitest'
import { type HostileNode, newAuthor, signedMessage, startHostileNode } from '../testing/hostile-node.ts'
import { bytesOf, listening, node, open, status, type Tab, TOPIC, tab, textOf, until } from '../testing/tab.ts'

async function hostile(): Promise<{ readonly node: HostileNode; readonly one: Tab }> {
  const node = await startHostileNode()
  open.push(node)
  const one = tab([node.address])
  await one.ask({ kind: 'subscribe', bitmask: TOPIC, listener: 1 })
  await until(() => expect(node.reached()).toBe(true))
  return { node, one }
}

test('P2P-11, P2P-H1, P2P-H2 forged, foreign, unsigned and changed messages never reach the page', async () => {
  const { node, one } = await hostile()
  const [author, other] = [await newAuthor(), await newAuthor()]
  const say = (text: string, change?: (message: MessageFields) => MessageFields) =>
    signedMessage(TOPIC, bytesOf(text), author, change)
  const nothing = new Uint8Array(0)
  await node.send([
    await say('forged', (message) => ({ ...message, signature: message.signature.toReversed() })),
    await say('foreign', (message) => ({ ...message, from: other.peerId })),
    await say('another key', (message) => ({ ...message, key: other.key, from: other.peerId })),
    await say('unsigned', (message) => ({ ...message, signature: nothing, key: nothing })),
    await say('without key', (message) => ({ ...message, key: nothing })),
    await say('changed', (message) => ({ ...message, data: bytesOf('other text') })),
    await say('renumbered', (message) => ({ ...message, seqno: new Uint8Array(8) })),
    await say('honest'),
  ])
  await until(() => expect(one.heard.map(({ data }) => textOf(data))).toEqual(['honest']))
  expect((await status(one)).refused).toBe(4)
})

test('a message that is replayed, by itself or with another number, is heard once', async () => {
  const { node, one } = await hostile()
  const author = await newAuthor()
  const message = await signedMessage(TOPIC, bytesOf('once'), author)
  await node.send([message, message])
  await until(() => expect(one.heard.length).toBe(1))
  await node.send([message, await signedMessage(TOPIC, bytesOf('once'), author)])
  await node.send([await signedMessage(TOPIC, bytesOf('last'), author)])
  await until(() => expect(one.heard.map(({ data }) => textOf(data))).toEqual(['once', 'last']))
})

test('a flood of forgeries is mostly not looked at, and other nodes are heard through it', async () => {
  const honest = await node([TOPIC])
  const flooding = await startHostileNode()
  open.push(flooding)
  const one = tab([flooding.address, honest.address])
  await listening(one)
  await until(() => expect(flooding.reached()).toBe(true))
  await until(() => expect(honest.gossip.meshOf(TOPIC).length).toBe(1))
  const forged = await signedMessage(TOPIC, bytesOf('forged'), await newAuthor())
  const flood = Array.from({ length: 5000 }, (_, at) => ({ ...forged, data: bytesOf(`forged ${at}`) }))
  for (let at = 0; at < flood.length; at += 100) await flooding.send(flood.slice(at, at + 100))
  await honest.gossip.publish(TOPIC, bytesOf('through the flood'))
  await until(() => expect(one.heard.map(({ data }) => textOf(data))).toEqual(['through the flood']))
  // The first burst of a peer, those that wait while it is judged, and one a second.
  expect((await status(one)).refused).toBeLessThan(300)
})

test('P2P-H7 bytes that are no RPC end its stream, not the tab', async () => {
  const { node, one } = await hostile()
  await node.send(Uint8Array.of(0x81, 0x80, 0x80, 0x08))
  await until(() => expect(node.refused()).toBe(true))
  expect((await status(one)).running).toBe(true)
  expect(await one.ask({ kind: 'publish', bitmask: TOPIC, data: bytesOf('still here') })).toBe(0)
})
