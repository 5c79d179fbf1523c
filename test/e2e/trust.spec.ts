/** Whom the page trusts: it says so, and a person can name another node or other anchors. */
import { expect, expectProved, head, openVerified, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

const trust = '[data-testid=trust]'

test('anchors of the origin are said to be trusted, with committee and age', async ({ page, node }) => {
  await openVerified(page, node.url)
  await expect(page.locator(trust)).toHaveAttribute('data-source', 'origin')
  await expect(page.locator(trust)).toContainText('7 members')
  await expect(page.locator(trust)).toContainText(/Anchors made\s*(just now|\d+ \w+ ago)/)
})

test('a pasted multiaddr is dialled', async ({ page, node }) => {
  const server = await serveBuiltPage({
    networkFrom: node.url,
    network: (description) => ({ ...description, addresses: [] }),
  })
  try {
    await page.goto(server.url)
    await expect(head(page)).toContainText(/No node is known/)
    const address = node.addresses.find((one) => one.includes('/ws')) ?? ''
    await page.getByLabel('Address of a node (multiaddr)').fill(address)
    await page.getByRole('button', { name: 'Add node' }).click()
    await expectProved(page, newest.header.frame_number)
  } finally {
    await server.close()
  }
})

test('what is no address is refused in words', async ({ page, node }) => {
  await openVerified(page, node.url)
  await page.getByLabel('Address of a node (multiaddr)').fill('over there')
  await page.getByRole('button', { name: 'Add node' }).click()
  await expect(page.locator('#trust .problem').first()).toContainText(/address/i)
})

test('pasted anchors replace those of the origin until one goes back', async ({ page, node }) => {
  // An origin that pins another committee: none of the recorded frames can be verified with it.
  const server = await serveBuiltPage({
    networkFrom: node.url,
    network: (description) => {
      const { anchors } = description
      const committee = { members: anchors.committee?.members.slice(0, 4) ?? [], threshold: null }
      return { ...description, anchors: { ...anchors, committee } }
    },
  })
  try {
    await page.goto(server.url)
    await expect(page.locator(trust)).toContainText('4 members')
    await expect(head(page)).toHaveAttribute('data-frame', '')
    const anchors = JSON.stringify((await (await fetch(`${node.url}/network.json`)).json()).anchors)
    await page.getByLabel('Anchors or a whole network.json').fill(anchors)
    await page.getByRole('button', { name: 'Trust these and restart' }).click()
    await expect(page.locator(trust)).toHaveAttribute('data-source', 'pasted')
    await expect(page.locator(trust)).toContainText('7 members')
    await expectProved(page, newest.header.frame_number)
    await page.getByRole('button', { name: /Back to this site/ }).click()
    await expect(page.locator(trust)).toHaveAttribute('data-source', 'origin')
    // What was kept under other anchors is not shown under these.
    await expect(head(page)).toContainText(/does not verify|delivered a frame|No node is connected/)
    await expect(head(page)).toHaveAttribute('data-frame', '')
  } finally {
    await server.close()
  }
})
