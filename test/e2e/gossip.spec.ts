/** The tab as a peer: what it signs is heard beyond the node it is connected to, byte for byte, and its identity is its own. */
import AxeBuilder from '@axe-core/playwright'
import { multiaddr } from '@multiformats/multiaddr'
import { shardTopics } from '../../core/gossip/topics.ts'
import { peerIdText } from '../../core/identity/peer-id.ts'
import { DEMONSTRATION_DOMAIN } from '../../p2p/gossip/index.ts'
import { heardText, isSignedByAuthor, startGossipingNode } from './gossip-nodes.ts'
import { meshed, say, takePart } from './gossip-page.ts'
import { expect, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'

const TOPIC = shardTopics(DEMONSTRATION_DOMAIN).frame

test('P2P-05 a tab publishes through node A and is heard at node E, the fifth in a line, with its own signature intact', async ({
  page,
  node,
}) => {
  await using line = new AsyncDisposableStack()
  const a = line.use(await startGossipingNode([TOPIC]))
  let e = a
  for (let further = 0; further < 4; further++) {
    const next = line.use(await startGossipingNode([TOPIC]))
    await next.node.libp2p.dial(multiaddr(e.tcp))
    e = next
  }
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (description) => ({ ...description, addresses: [...description.addresses, a.websocket] }),
  })
  await page.goto(site.url)
  const peerId = await takePart(page)
  await expect(page.getByTestId('peer-host')).toHaveAttribute('data-host', 'identity')
  await meshed(a, TOPIC, peerId)
  await say(page, 'from the tab')
  await expect.poll(() => heardText(e, 'from the tab')).toBeDefined()
  const [atA, atE] = [heardText(a, 'from the tab'), heardText(e, 'from the tab')]
  if (atA === undefined || atE === undefined) throw new Error('nothing was heard')
  expect(peerIdText(atE.from)).toBe(peerId)
  expect(Buffer.compare(atA.bytes, atE.bytes)).toBe(0)
  expect(await isSignedByAuthor(atE)).toBe(true)

  await e.node.gossip.publish(TOPIC, new TextEncoder().encode('to the tab'))
  const heard = page.getByTestId('heard').locator(`[data-from="${e.node.libp2p.peerId.toString()}"]`)
  await expect(heard).toContainText('to the tab')
  await expect(heard).toContainText('Signature verified')
})

test('the panel of the peer is for everybody: axe with everything open on a phone, and by keyboard alone', async ({
  page,
  node,
}) => {
  await page.setViewportSize({ width: 360, height: 800 })
  await page.goto(node.url)
  await page.getByRole('button', { name: 'Make an identity and take part' }).press('Enter')
  await expect(page.getByTestId('peer-nodes')).toHaveText('1')
  await page.getByLabel('A message to everybody').fill('by keyboard')
  await page.getByLabel('A message to everybody').press('Enter')
  await expect(page.getByTestId('heard')).toContainText('by keyboard')
  await page.getByText('Keep, move or forget this identity').press('Enter')
  await page.getByRole('button', { name: 'Forget this identity' }).press('Enter')
  await expect(page.getByRole('button', { name: /for good/ })).toBeVisible()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page }).include('#peer').analyze()
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((place) => place.html).join(' ')}`)).toEqual([])
    await page.locator('#peer').screenshot({ path: test.info().outputPath(`peer-${colorScheme}.png`) })
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow, 'nothing is wider than the page').toBeLessThanOrEqual(0)
  await page.getByRole('button', { name: 'Keep it' }).press('Enter')
  await expect(page.getByRole('button', { name: 'Forget this identity' })).toBeVisible()
})

test('on a network of number 0 the page offers no demonstration topic, and says why', async ({ page, node }) => {
  await using site = await serveBuiltPage({
    networkFrom: node.url,
    network: (description) => ({ ...description, network: 'mainnet' }),
  })
  await page.goto(site.url)
  await expect(page.getByTestId('peer-nowhere')).toContainText('no topic to try gossip out on')
  await expect(page.getByRole('button', { name: /take part/ })).toHaveCount(0)
})
