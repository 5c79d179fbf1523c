/** Messages of the network's operators in a tab: shown whichever node passes them on, put away by a person, and never in the way of frames. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { GLOBAL_TOPICS } from '../../core/gossip/topics.ts'
import { identityOfSeed, signAlert } from '../../core/identity/index.ts'
import { joinedPeer } from '../../server-node/wire/testing.ts'
import { loadNativeEngine } from '../engines/native.ts'
import { type RunningNode, replay, startNode } from './node.ts'
import { expect, head, test } from './page.ts'

const engine = loadNativeEngine()
const operator = identityOfSeed(new Uint8Array(57).fill(7), engine)
const stranger = identityOfSeed(new Uint8Array(57).fill(8), engine)
const KEY = ['--alert-key', Buffer.from(operator.publicKey).toString('hex')]
const TEXT = 'Stop proving until version 2.1.0.25 is out.\n<b>Frames after 244,300</b> would be refused.'
const SECOND = 'All is well again.'

/** A peer of the network that is no Petal node, ready to publish alerts by gossip. */
async function operatorAt(node: RunningNode) {
  const peer = await joinedPeer(tcpOf(node), GLOBAL_TOPICS.alert)
  await expect.poll(() => peer.gossip.meshOf(GLOBAL_TOPICS.alert).length).toBeGreaterThan(0)
  return {
    publish: async (...alerts: readonly Uint8Array[]): Promise<void> => {
      for (const alert of alerts) await peer.gossip.publish(GLOBAL_TOPICS.alert, alert)
    },
    [Symbol.asyncDispose]: () => peer.stop(),
  }
}
const tcpOf = (node: RunningNode): string => node.addresses.find((one) => /\/tcp\/\d+\/p2p/.test(one)) ?? ''

const banner = (page: Page) => page.getByTestId('alert')
const frameOf = async (page: Page): Promise<bigint> => BigInt((await head(page).getAttribute('data-frame')) || '0')

test('OPS-08 an alert is shown in a tab that goes on verifying; dismissed, it stays so over a reload', async ({
  page,
}) => {
  test.setTimeout(240_000)
  await using node = await startNode(replay('--replay-interval', '3000', ...KEY))
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto(node.url)
  await expect(head(page)).toHaveAttribute('data-phase', 'ready')
  await expect(banner(page)).toHaveCount(0)

  await using speaker = await operatorAt(node)
  await speaker.publish(signAlert('not by the operators', stranger, engine), signAlert(TEXT, operator, engine))
  await expect(banner(page)).toContainText('Message from the operators of this network')
  await expect(banner(page).getByTestId('alert-text')).toHaveText(TEXT, { useInnerText: true })
  await expect(banner(page)).toContainText(`${KEY[1]?.slice(0, 8)}`)
  await expect(banner(page)).toContainText('Alerts carry no date')
  await page.screenshot({ path: test.info().outputPath('alert-1280.png') })

  const before = await frameOf(page)
  await expect.poll(() => frameOf(page)).toBeGreaterThan(before + 1n)
  await expect(head(page)).toHaveAttribute('data-checks', /(^|,)certificate(,.*)?,vdf(,|$)/)
  await expect(banner(page)).toBeVisible()

  await speaker.publish(signAlert(SECOND, operator, engine))
  await expect(banner(page)).toContainText(SECOND)
  await expect(page.getByTestId('alert-count')).toHaveText('1 of 2')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight / 2))
  await expect(banner(page)).toBeInViewport({ ratio: 1 })
  await page.screenshot({ path: test.info().outputPath('alert-390.png') })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page }).include('[data-testid=alert]').include('#messages').analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((place) => place.html).join(' ')}`)).toEqual([])
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow, 'nothing is wider than the page').toBeLessThanOrEqual(0)

  await banner(page).getByRole('button', { name: 'Dismiss' }).press('Enter')
  await expect(banner(page)).toContainText('Stop proving')
  await banner(page).getByRole('button', { name: 'Dismiss' }).press('Enter')
  await expect(banner(page)).toHaveCount(0)
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
  await expect(page.getByTestId('alerts').locator('[data-dismissed=true]')).toHaveCount(2)

  await page.reload()
  await expect(head(page)).toHaveAttribute('data-phase', 'ready')
  const listed = page.getByTestId('alerts').locator('li')
  await expect(listed).toHaveCount(2)
  await expect(listed.nth(1)).toContainText('Stop proving until version')
  await expect(banner(page)).toHaveCount(0)
  await page.getByTestId('alerts').screenshot({ path: test.info().outputPath('alerts-read.png') })
})

test('OPS-08 nodes that joined serve what they heard, also after a restart, under the key of the network they trusted', async ({
  browser,
}) => {
  test.setTimeout(300_000)
  const dataDir = await mkdtemp(join(tmpdir(), 'petal-e2e-'))
  await using _removed = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) }
  const interval = ['--frame-interval', '2']
  await using first = await startNode({ args: ['--network', 'local', ...interval, '--port', '0', ...KEY] })
  const joins = ['--join', tcpOf(first)]
  await using kept = await startNode({ args: [...joins, '--port', '0'], dataDir })
  const described = await (await fetch(`${kept.url}/network.json`)).json()
  expect(described.anchors.alertKey).toBe(KEY[1])

  /** Two tabs of two browsers that know nothing yet. */
  const readsAt = async (url: string) => {
    await using context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(url)
    await expect(banner(page)).toContainText('Stop proving')
    await expect(head(page)).toHaveAttribute('data-checks', /(^|,)certificate(,|$)/)
  }
  await using speaker = await operatorAt(first)
  await speaker.publish(signAlert(TEXT, operator, engine))
  await readsAt(kept.url)
  await readsAt(first.url)
  await kept.stop()
  await using again = await startNode({ args: [...joins, '--port', '0'], dataDir })
  await readsAt(again.url)
})
