/** Gossip over WebTransport alone, and where a browser has none. */
import { multiaddr } from '@multiformats/multiaddr'
import type { Page } from '@playwright/test'
import { shardTopics } from '../../core/gossip/topics.ts'
import { peerIdText } from '../../core/identity/peer-id.ts'
import { DEMONSTRATION_DOMAIN } from '../../p2p/gossip/index.ts'
import { heardText, isSignedByAuthor, startGossipingNode } from './gossip-nodes.ts'
import { meshed, say, takePart } from './gossip-page.ts'
import { expect, expectProved, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

const TOPIC = shardTopics(DEMONSTRATION_DOMAIN).frame
/** Of a message that is longer than nodes pass on of the demonstration. */
const LONG_DOMAIN = new Uint8Array(32).fill(5)
const LONG = shardTopics(LONG_DOMAIN).frame
const byWebTransport = (address: string) => address.includes('/webtransport')

test.use({ serviceWorkers: 'block' })

/** Addresses of the connections that gossip has in that tab. */
const addressesOf = (page: Page) =>
  page.evaluate(async () => (await window.petal?.gossip())?.peers.map(({ address }) => address) ?? [])

test('P2P-05 a tab that is connected by WebTransport alone is heard beyond its node with its own signature, and hears', async ({
  page,
  node,
}) => {
  await using nodes = new AsyncDisposableStack()
  const a = nodes.use(await startGossipingNode([TOPIC, LONG]))
  const b = nodes.use(await startGossipingNode([TOPIC]))
  await b.node.libp2p.dial(multiaddr(a.tcp))
  expect(a.webtransport).toMatch(/\/certhash\/u/)
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (known) => ({ ...known, addresses: [...known.addresses.filter(byWebTransport), a.webtransport] }),
  })
  await page.goto(site.url)
  await expectProved(page, newest.header.frame_number)
  const peerId = await takePart(page)
  await meshed(a, TOPIC, peerId)
  await say(page, 'by WebTransport')
  await expect.poll(() => heardText(b, 'by WebTransport')).toBeDefined()
  const [atA, atB] = [heardText(a, 'by WebTransport'), heardText(b, 'by WebTransport')]
  if (atA === undefined || atB === undefined) throw new Error('nothing was heard')
  expect(peerIdText(atB.from)).toBe(peerId)
  expect(Buffer.compare(atA.bytes, atB.bytes)).toBe(0)
  expect(await isSignedByAuthor(atB)).toBe(true)

  await b.node.gossip.publish(TOPIC, new TextEncoder().encode('back by WebTransport'))
  const heard = page.getByTestId('heard').locator(`[data-from="${b.node.libp2p.peerId.toString()}"]`)
  await expect(heard).toContainText('back by WebTransport')
  await expect(heard).toContainText('Signature verified')

  const long = 'x'.repeat(200_000)
  const domain = Array.from(LONG_DOMAIN)
  await page.evaluate(async (bytes) => {
    await window.petal?.subscribe({ domain: Uint8Array.from(bytes) }, () => {})
  }, domain)
  await meshed(a, LONG, peerId)
  const publishing = { bytes: domain, text: long }
  const publish = () =>
    page.evaluate(
      async ({ bytes, text }) =>
        await window.petal?.publish({ domain: Uint8Array.from(bytes) }, new TextEncoder().encode(text)),
      publishing,
    )
  expect(await publish(), 'a message of many packets goes out too').toBeGreaterThanOrEqual(1)
  await expect.poll(() => heardText(a, long) !== undefined).toBe(true)
  const addresses = await addressesOf(page)
  expect(addresses.length).toBe(2)
  expect(addresses.every(byWebTransport)).toBe(true)
})

test('without WebTransport gossip goes by WebSocket, and nodes that have WebTransport alone are not dialled', async ({
  page,
  node,
}) => {
  await using a = await startGossipingNode([TOPIC])
  await using b = await startGossipingNode([TOPIC])
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (known) => ({ ...known, addresses: [...known.addresses, a.webtransport, b.websocket] }),
    prelude: 'delete globalThis.WebTransport;',
  })
  await page.goto(site.url)
  const peerId = await takePart(page)
  await meshed(b, TOPIC, peerId)
  await say(page, 'by WebSocket')
  await expect.poll(() => heardText(b, 'by WebSocket')).toBeDefined()
  const addresses = await addressesOf(page)
  expect(addresses.length).toBe(2)
  expect(addresses.every((address) => address.includes('/ws'))).toBe(true)
  expect(a.node.connections()).toBe(0)
})

test('where no address can be dialled for gossip, the tab says so; the frames still come by WebRTC', async ({
  page,
  node,
}) => {
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    prelude: 'delete globalThis.WebTransport; delete globalThis.WebSocket;',
  })
  await page.goto(site.url)
  await expectProved(page, newest.header.frame_number)
  await takePart(page)
  await expect(page.getByTestId('peer-host')).toContainText('no address that gossip can be spoken over')
  expect(await page.evaluate(() => window.petal?.publish('00', Uint8Array.of(1)))).toBe(0)
})
