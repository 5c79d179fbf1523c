/** What comes by gossip is verified like everything else; a node that floods a tab takes nothing from the page. */
import { fromProtobuf } from '../../core/codec/protobuf.ts'
import { GlobalFrame, GlobalFrameHeader } from '../../core/codec/tables/consensus.ts'
import { GLOBAL_TOPICS, shardTopics } from '../../core/gossip/topics.ts'
import { locateFields } from '../../core/light/header-fields.ts'
import { DEMONSTRATION_DOMAIN } from '../../p2p/gossip/index.ts'
import { newAuthor, signedMessage, startHostileNode } from '../../web/client/testing/hostile-node.ts'
import { serving, startBridge } from './bridge.ts'
import { startGossipingNode } from './gossip-nodes.ts'
import { meshed, takePart } from './gossip-page.ts'
import { expect, expectProved, head, test } from './page.ts'
import { type NetworkDescription, serveBuiltPage } from './static-server.ts'
import { frames, newest } from './vectors.ts'

const TOPIC = shardTopics(DEMONSTRATION_DOMAIN).frame
/** Forgeries of one peer that are verified before it is not looked at any more; of 20,000. */
const MOST_LOOKED_AT = 500
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
  await page.evaluate(() => {
    const refused: string[] = []
    Object.assign(globalThis, { refused })
    window.petal?.on('refusal', ({ from, reason }) => {
      if (from === 'gossip') refused.push(reason)
    })
  })
  const refused = () => page.evaluate(() => (globalThis as unknown as { refused: readonly string[] }).refused)
  await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, new Uint8Array(20_000).fill(7))
  for (const [index, name] of ['signature', 'public_key', 'output'].entries()) {
    await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, framed(damagedIn(name)))
    await expect.poll(async () => (await refused()).length, name).toBe(index + 1)
  }
  await expect(head(page)).toHaveAttribute('data-frame', String(LAST - 1n))
  await gossiping.node.gossip.publish(GLOBAL_TOPICS.frame, framed(bytesOf(newest.header_pb)))
  await expectProved(page, LAST)
})

test('a node that floods a tab with forgeries: nothing of it is shown, the page goes on drawing, others are heard', async ({
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
    const started = performance.now()
    const honest = await signedMessage(TOPIC, new TextEncoder().encode('forged'), await newAuthor())
    const forged = (at: number) => ({ ...honest, data: new TextEncoder().encode(`forged ${at} ${'x'.repeat(1000)}`) })
    const unsigned = (at: number) => ({ ...forged(at), signature: new Uint8Array(0), key: new Uint8Array(0) })
    for (let at = 0; at < 20_000; at += 200) {
      const make = at % 400 === 0 ? forged : unsigned
      await flooding.send(Array.from({ length: 200 }, (_, index) => make(at + index)))
      // The page draws while it goes on: what never ends up in its thread cannot hold that up.
      if (at % 4000 === 0) await page.evaluate(() => new Promise(requestAnimationFrame))
    }
    await gossiping.node.gossip.publish(TOPIC, new TextEncoder().encode('through the flood'))
    await expect(page.getByTestId('heard')).toContainText('through the flood')
    await expect(page.getByTestId('heard')).not.toContainText('forged')
    const status = await page.evaluate(() => window.petal?.gossip())
    // What is looked at of a peer that forges: its first burst, what waits while that is judged, and then one a second, however long it takes.
    const seconds = Math.ceil((performance.now() - started) / 1000)
    expect(status?.refused).toBeLessThan(MOST_LOOKED_AT + seconds)
    expect(status?.topics).toMatchObject([{ received: 1 }])
    const verdict = await page.evaluate(async () => (await window.petal?.head())?.verified)
    expect(verdict).toBe('full')
  } finally {
    await flooding.stop()
  }
})
