/** The tamper panel and the file panel: what a person hands in is verified like what a node sends. */
import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect, head, openVerified, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { frames, newest } from './vectors.ts'

const verdict = (page: Page) => page.locator('.tamper-result .verdict')
const submit = (page: Page) => page.getByRole('button', { name: 'Change it and verify' }).click()

test.beforeEach(async ({ page, node }) => openVerified(page, node.url))

for (const [field, check] of [
  ['Frame number', 'vdf'],
  ['Rank', 'signature'],
  ['Time', 'vdf'],
  ['Time proof (output)', 'vdf'],
  ['Link to the parent', 'vdf'],
  ['Address of the leader', 'prover'],
  ['Signature', 'signature'],
  ['Combined key', 'aggregate_key'],
] as const) {
  test(`tampering with "${field}" is refused by ${check}`, async ({ page }) => {
    await page.locator('.tamper select').selectOption({ label: field })
    await submit(page)
    await expect(verdict(page)).toHaveAttribute('data-verdict', 'refused')
    await expect(verdict(page)).toHaveAttribute('data-failed', new RegExp(`(^|,)${check}(,|$)`))
    await expect(verdict(page)).toContainText('Refused by')
  })
}

test('a signer taken from the list, or added to it, is seen', async ({ page }) => {
  await page.getByLabel('A signer').check()
  const member = page.locator('.tamper select')
  for (const wish of [/signed, take away/, /did not sign, add/]) {
    const labels = await member.locator('option').allTextContents()
    await member.selectOption({ label: labels.find((label) => wish.test(label)) ?? '' })
    await submit(page)
    await expect(verdict(page)).toHaveAttribute('data-verdict', 'refused')
    await expect(verdict(page)).toHaveAttribute('data-failed', /aggregate_key|bitmask/)
  }
})

test('a byte in the middle is refused, and the change is told exactly', async ({ page }) => {
  await page.getByLabel('A byte').check()
  await submit(page)
  await expect(verdict(page)).toHaveAttribute('data-verdict', 'refused')
  await expect(verdict(page)).toContainText(/Byte \d+ went from [0-9a-f]{2} to [0-9a-f]{2}/)
})

test('an exported head verifies from its file; a damaged, a foreign and a huge file do not', async ({ page }) => {
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export head' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toBe(`petal-frame-${newest.header.frame_number}.header`)
  const header = await readFile(await download.path())
  expect(header.toString('hex')).toBe(newest.header_pb)

  const picker = page.locator('#verify-file input[type=file]')
  const results = page.locator('.file-results .verdict')
  const damaged = Buffer.from(header)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1
  const file = (name: string, buffer: Buffer) => ({ name, buffer, mimeType: 'application/octet-stream' })
  await picker.setInputFiles([
    file('good.header', header),
    file('damaged.header', damaged),
    file('other.header', Buffer.from(frames[4]?.header_pb ?? '', 'hex')),
    file('notes.txt', Buffer.from('not a header at all')),
    file('empty', Buffer.alloc(0)),
    file('huge.header', Buffer.alloc(100_000)),
  ])
  await expect(results).toHaveCount(6)
  const verdicts = await results.evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset.verdict))
  expect(verdicts).toEqual(['full', 'refused', 'full', 'refused', 'refused', 'refused'])
})

test('an exported checkpoint starts another tab without a node, a damaged one does not', async ({
  page,
  browser,
  node,
}) => {
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export checkpoint' }).click()
  const download = await saved
  const checkpoint = await readFile(await download.path())
  expect(checkpoint.length).toBeLessThanOrEqual(65_536)
  const damaged = Buffer.from(checkpoint)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1

  const server = await serveBuiltPage({
    networkFrom: node.url,
    network: (description) => ({ ...description, addresses: [] }),
  })
  const context = await browser.newContext()
  try {
    const other = await context.newPage()
    await other.goto(server.url)
    await expect(head(other)).toContainText('No node is known')
    const picker = other.locator('#verify-file input[type=file]')
    const result = other.locator('.file-results .verdict')
    const mimeType = 'application/octet-stream'
    await picker.setInputFiles({ name: 'damaged.checkpoint', buffer: damaged, mimeType })
    await expect(result).toHaveAttribute('data-verdict', 'refused')
    await expect(head(other)).toHaveAttribute('data-frame', '')
    await picker.setInputFiles({ name: download.suggestedFilename(), buffer: checkpoint, mimeType })
    await expect(result).toContainText(`frame ${newest.header.frame_number}`)
    await expect(head(other)).toHaveAttribute('data-identity', newest.identity)
  } finally {
    await context.close()
    await server.close()
  }
})
