/** What interrupts a tab: the device sleeps for an hour, its worker dies. What it reads, what the API answers, that nothing is lost. */
import { serving, startBridge } from './bridge.ts'
import { expect, expectProved, head, openVerified, test } from './page.ts'
import { SLEEP_PRELUDE, wakeAfter } from './sleep.ts'
import { type NetworkDescription, serveBuiltPage } from './static-server.ts'
import { frames, newest } from './vectors.ts'

const HOUR = 3_600_000
const LAST = BigInt(newest.header.frame_number)
const BEFORE = LAST - 12n

test.describe('an hour of sleep', () => {
  test.use({ serviceWorkers: 'block' })
  for (const dies of [false, true]) {
    const what = dies ? 'the connection died meanwhile' : 'the connection still stands'
    test(`${what}: the tab asks again at once, says so, and goes on`, async ({ page, node }) => {
      const { network, profile } = (await (await fetch(`${node.url}/network.json`)).json()) as NetworkDescription
      const headers = new Map(
        frames.map(({ header, header_pb }) => [
          BigInt(header.frame_number),
          new Uint8Array(Buffer.from(header_pb, 'hex')),
        ]),
      )
      let newestServed = BEFORE
      // It announces nothing by itself: a tab that wakes up has to ask.
      await using bridge = await startBridge(serving({ network, profile, headers }, () => newestServed))
      const server = await serveBuiltPage({
        networkFrom: node.url,
        prelude: SLEEP_PRELUDE,
        network: (description) => ({ ...description, addresses: [bridge.address] }),
      })
      try {
        await page.goto(server.url)
        await expectProved(page, BEFORE)
        await expect(head(page)).toHaveAttribute('data-phase', 'ready')
        const held = await page.evaluate(async () => (await window.petal?.recent(20))?.map(({ root }) => root))
        newestServed = LAST
        const asked = bridge.asked.length
        if (dies) bridge.hangUp()
        const woken = Date.now()
        await wakeAfter(page, HOUR)
        await expect(head(page)).toHaveAttribute('data-frame', String(LAST), { timeout: 10_000 })
        // Without noticing the sleep it would have asked again after three frame intervals.
        expect(Date.now() - woken).toBeLessThan(10_000)
        expect(bridge.asked.slice(asked)).toContain('hello')
        await expectProved(page, LAST)
        await expect(head(page)).toHaveAttribute('data-phase', 'ready')
        const state = await page.evaluate(() => window.petal?.state.health)
        expect(state).toBe('ok')
        const now = await page.evaluate(async () => (await window.petal?.recent(24))?.map(({ root }) => root))
        expect(now).toEqual(expect.arrayContaining(held ?? ['none']))
      } finally {
        await server.close()
      }
    })
  }
})

test('a client worker that dies is noticed: the page says so, calls fail as crashed, a new load shows what was verified', async ({
  page,
  node,
}) => {
  // Only the timers of the page are moved on; the worker is really ended.
  await page.clock.install()
  await openVerified(page, node.url)
  const worker = page.workers().find((one) => one.url().includes('client-worker'))
  const waiting = page.evaluate(async () => {
    // Nobody has that frame and the worker ends before it can say so.
    const call = window.petal?.header(1n << 40n)
    return await call?.then(
      () => 'answered',
      (error) => error.code,
    )
  })
  await worker?.evaluate(() => close()).catch(() => undefined)
  await expect(async () => {
    await page.clock.fastForward(11_000)
    await expect(head(page)).toHaveAttribute('data-phase', 'halted', { timeout: 200 })
  }).toPass()
  await expect(page.locator('.phase-reason')).toContainText('does not answer')
  await expect(page.locator('.phase-next')).toContainText('what was verified is kept')
  await expect(head(page)).toHaveAttribute('data-frame', String(LAST))
  expect(['crashed', 'notFound']).toContain(await waiting)
  const code = await page.evaluate(() =>
    window.petal?.verify(new Uint8Array(3)).then(
      () => 'answered',
      (error) => error.code,
    ),
  )
  expect(code).toBe('crashed')
  await page.reload()
  await expectProved(page, LAST)
  await expect(head(page)).toHaveAttribute('data-identity', newest.identity)
})
