/** The network that `npm start` runs: its frames are followed as they are made. */
import { startNode } from './node.ts'
import { expect, head, test } from './page.ts'

test('five frames of a running network are verified as they come', async ({ page }) => {
  test.setTimeout(180_000)
  await using node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
  await page.goto(node.url)
  await expect(head(page)).toHaveAttribute('data-phase', 'ready', { timeout: 60_000 })
  const first = BigInt((await head(page).getAttribute('data-frame')) ?? '')
  // Frame by frame without a gap, each with its time proof, whatever the order in which they were verified.
  const wanted = [1n, 2n, 3n, 4n, 5n].map((step) => String(first + step))
  await expect
    .poll(
      () =>
        page.evaluate(async (numbers) => {
          const recent = (await window.petal?.recent(20)) ?? []
          return numbers.filter((number) =>
            recent.some((one) => String(one.frame) === number && one.verified === 'full'),
          )
        }, wanted),
      { timeout: 90_000, intervals: [1000] },
    )
    .toEqual(wanted)
  const identities = await page.evaluate(async () => (await window.petal?.recent(5))?.map((one) => one.root))
  expect(new Set(identities).size).toBe(5)
  const work = await page.evaluate(() => window.petal?.work())
  expect(work?.timeProofs).toBeGreaterThanOrEqual(5)
})
