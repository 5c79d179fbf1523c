/** What comes by gossip is verified like everything else; a node that floods a tab takes nothing from the page. */
import type { Page } from '@playwright/test'
import { fromProtobuf } from '../../core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '../../core/codec/tables/consensus.ts'
import { GLOBAL_TOPICS, shardTopics } from '../../core/gossip/topics.ts'
import { locateFields } from '../../core/light/header-fields.ts'
import { DEMONSTRATION_DOMAIN } from '../../p2p/gossip/index.ts'
import { newAuthor, signedMessage, startHostileNode } from '../../web/client/testing/hostile-node.ts'
import { serving, startBridge } from './bridge.ts'
import { type GossipingNode, startGossipingNode } from './gossip-nodes.ts'
import { expect, expectProved, head, test } from './page.ts'
import { type NetworkDescription, serveBuiltPage } from './static-server.ts'
import { frames, newest } from './vectors.ts'

const TOPIC = shardTopics(DEMONSTRATION_DOMAIN).frame
const LAST = BigInt(newest.header.frame_number)
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const framed = (header: Uint8Array): Uint8Array =>
  GlobalFrame.encode({ header: fromProtobuf(GlobalFrameHeader, header), requests: [] })

/** The newest header with one bit of a field changed. */
function damagedIn(name: string): Uint8Array {
  const header = bytesOf(newest.header_pb)
  const field = locateFields(header).find((one) => one.name === name)
  const at = (field?.offset ?? 0) + ((field?.length ?? 0) >> 1)
  header[at] = (header[at] ?? 0) ^ 1
  return header
}

async function takePart(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Make an identity and take part' }).click()
  return (await page.getByTestId('peer-id').getAttribute('data-peer-id')) ?? ''
}

const meshed = (node: GossipingNode, topic: Uint8Array, peerId: string) =>
  expect.poll(() => node.node.gossip.meshOf(topic)).toContain(peerId)

test('a frame that only gossip brings becomes the head when it verifies, and a damaged one does not', async ({
  page,
  node,
}) => {
  const description = (await (await fetch(`${node.url}/network.json`)).json()) as NetworkDescription
  const headers = new Map(frames.map(({ header, header_pb }) => [BigInt(header.frame_number), bytesOf(header_pb)]))
  // A node that holds the newest frame back.
  await using bridge = await startBridge(serving({ ...description, headers }, () => LAST - 1n))
  await using gossiping = await startGossipingNode([GLOBAL_TOPICS.frame])
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (known) => ({ ...known, addresses: [bridge.address, gossiping.websocket] }),
  })
  await page.goto(site.url)
  await expectProved(page, LAST - 1n)
  const peerId = await takePart(page)
  await meshed(gossiping, GLOBAL_TOPICS.frame, peerId)
  for (const name of ['signature', 'public_key', 'output'])
    await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, framed(damagedIn(name)))
  await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, new Uint8Array(20_000).fill(7))
  await page.waitForTimeout(1500)
  await expect(head(page)).toHaveAttribute('data-frame', String(LAST - 1n))
  await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, framed(bytesOf(newest.header_pb)))
  await expectProved(page, LAST)
})

test('a node that floods a tab with forgeries: nothing of it is shown, the page stays quick, others are heard', async ({
  page,
  node,
}) => {
  const flooding = await startHostileNode()
  await using gossiping = await startGossipingNode([TOPIC])
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (known) => ({ ...known, addresses: [...known.addresses, flooding.address, gossiping.websocket] }),
  })
  try {
    await page.goto(site.url)
    await expectProved(page, LAST)
    const peerId = await takePart(page)
    await meshed(gossiping, TOPIC, peerId)
    await expect.poll(() => flooding.reached()).toBe(true)
    await page.evaluate(() => {
      const longest = { millis: 0 }
      Object.assign(globalThis, { longest })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest.millis = Math.max(longest.millis, duration)
      }).observe({ entryTypes: ['longtask'] })
    })
    const honest = await signedMessage(TOPIC, new TextEncoder().encode('forged'), await newAuthor())
    const forged = (at: number) => ({ ...honest, data: new TextEncoder().encode(`forged ${at} ${'x'.repeat(1000)}`) })
    const unsigned = (at: number) => ({ ...forged(at), signature: new Uint8Array(0), key: new Uint8Array(0) })
    for (let at = 0; at < 20_000; at += 200) {
      const make = at % 400 === 0 ? forged : unsigned
      await flooding.send(Array.from({ length: 200 }, (_, index) => make(at + index)))
    }
    await gossiping.node.gossip.publish(TOPIC, new TextEncoder().encode('through the flood'))
    await expect(page.getByTestId('heard')).toContainText('through the flood')
    await expect(page.getByTestId('heard')).not.toContainText('forged')
    const status = await page.evaluate(() => window.petal?.gossip())
    expect(status?.refused).toBeLessThan(500)
    expect(status?.received).toBe(1)
    const verdict = await page.evaluate(async () => (await window.petal?.head())?.verified)
    expect(verdict).toBe('full')
    const longest = await page.evaluate(() => (globalThis as unknown as { longest: { millis: number } }).longest.millis)
    expect(longest).toBeLessThan(50 * 4)
  } finally {
    await flooding.stop()
  }
})
