/**
 * The page on a network whose description pins no committee: who may sign is read from the prover registry of a real node, checked against the root
 * that the checkpoint names (spec 11 section 8.4).
 */
import type { StateExample } from '../../core/light/anchors.ts'
import { type RunningNode, startNode } from './node.ts'
import { expect, head, test } from './page.ts'
import { type NetworkDescription, serveBuiltPage } from './static-server.ts'

let node: RunningNode
test.describe.configure({ mode: 'serial' })
test.beforeAll(async () => {
  test.setTimeout(90_000)
  node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
})
test.afterAll(() => node.stop())

/** The same network, without a committee. `registryRoot`: instead of the true one. */
const unpinned =
  (registryRoot?: string) =>
  (description: NetworkDescription): NetworkDescription => {
    const { checkpoint, rules, issuedAt } = description.anchors
    const changed = registryRoot === undefined ? checkpoint : { ...checkpoint, registryRoot }
    return { ...description, anchors: { checkpoint: changed, rules, issuedAt } }
  }

const committee = '[data-testid=committee]'

test('heads and a value are verified with the committee that the registry names, and the page says so', async ({
  page,
}) => {
  test.setTimeout(180_000)
  await using server = await serveBuiltPage({ networkFrom: node.url, network: unpinned() })
  await page.goto(server.url)
  await expect(head(page)).toHaveAttribute('data-checks', /(^|,)certificate(,.*)?,vdf(,|$)/, { timeout: 60_000 })
  await expect(page.locator(committee)).toHaveAttribute('data-origin', 'registry')
  await expect(page.locator(committee)).toHaveText(/^4 members, derived from the registry at frame [\d,]+$/)

  // it goes on: three frames further there is one with its time proof (a busy page may leave out heads)
  const first = BigInt((await head(page).getAttribute('data-frame')) ?? '')
  const newestProven = () =>
    page.evaluate(async () => {
      const frames = (await window.petal?.recent(24)) ?? []
      return Number(frames.find(({ verified }) => verified === 'full')?.frame ?? 0n)
    })
  await expect.poll(newestProven, { timeout: 90_000 }).toBeGreaterThanOrEqual(Number(first + 3n))

  const { examples } = (await (await fetch(`${node.url}/network.json`)).json()) as { examples: readonly StateExample[] }
  const address = examples.find(({ kind }) => kind === 'vertex')?.address ?? ''
  const read = await page.evaluate(async (wanted) => {
    const { verified, value, frame } = (await window.petal?.getVertex(wanted)) ?? {}
    return { verified, fields: value?.fields?.length ?? 0, frame: String(frame) }
  }, address)
  expect(read).toMatchObject({ verified: 'full' })
  expect(read.fields).toBeGreaterThan(0)
  expect(BigInt(read.frame)).toBeGreaterThanOrEqual(first)
  const provers = await page.evaluate(async () => (await window.petal?.listProvers())?.value?.length)
  expect(provers).toBe(4)
  // the explicit call works beside it
  const followed = await page.evaluate(async () => (await window.petal?.followRegistry())?.verified)
  expect(followed).toBe('full')
  expect(await page.evaluate(() => window.petal?.network?.anchors.committee)).toBeUndefined()
})

test('a registry that no node holds: nothing is shown as verified, and the page says why', async ({ page }) => {
  const wrong = 'ab'.repeat(74)
  await using server = await serveBuiltPage({ networkFrom: node.url, network: unpinned(wrong) })
  await page.goto(server.url)
  await expect(head(page)).toContainText(/The committee is not known: the registry at frame \d+.* cannot be had/, {
    timeout: 60_000,
  })
  await expect(head(page)).toHaveAttribute('data-frame', '')
  await expect(page.locator(committee)).toHaveAttribute('data-origin', 'registry')
  expect(await page.evaluate(async () => await window.petal?.head())).toBeNull()
})

test('a reload goes on with what was followed to, before any node answers', async ({ page }) => {
  test.setTimeout(180_000)
  // the very same anchors each time: a checkpoint that moves would be a new start
  const kept = unpinned()((await (await fetch(`${node.url}/network.json`)).json()) as NetworkDescription)
  let addresses = kept.addresses
  await using server = await serveBuiltPage({ networkFrom: node.url, network: () => ({ ...kept, addresses }) })
  await page.goto(server.url)
  await expect(head(page)).toHaveAttribute('data-checks', /vdf/, { timeout: 60_000 })
  const shown = BigInt((await head(page).getAttribute('data-frame')) ?? '')
  addresses = []
  await page.reload()
  await expect(head(page)).toHaveAttribute('data-checks', /certificate/, { timeout: 60_000 })
  expect(BigInt((await head(page).getAttribute('data-frame')) ?? '')).toBeGreaterThanOrEqual(shown)
  await expect(page.locator(committee)).toHaveText(/derived from the registry at frame/)
})
