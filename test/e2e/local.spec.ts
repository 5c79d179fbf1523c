/** The network that `npm start` runs: its frames are followed as they are made. */
import { startNode } from './node.ts'
import { expect, head, test } from './page.ts'

test('five frames of a running network are verified as they come', async ({ page }) => {
  test.setTimeout(180_000)
  await using node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
  await page.goto(node.url)
  await expect(head(page)).toHaveAttribute('data-phase', 'ready', { timeout: 60_000 })
  const seen = await page.evaluate(
    () =>
      new Promise<{ frame: string; identity: string }[]>((resolve) => {
        const proved = new Map<string, string>()
        const off = window.petal?.on('head', (next) => {
          if (next.verified === 'full') proved.set(String(next.frame), next.value.identity)
          if (proved.size < 5) return
          off?.()
          resolve([...proved].map(([frame, identity]) => ({ frame, identity })))
        })
      }),
  )
  const first = Number(seen[0]?.frame)
  expect(seen.map(({ frame }) => Number(frame))).toEqual([0, 1, 2, 3, 4].map((step) => first + step))
  expect(new Set(seen.map(({ identity }) => identity)).size).toBe(5)
  const work = await page.evaluate(() => window.petal?.work())
  expect(work?.timeProofs).toBeGreaterThanOrEqual(5)
})
