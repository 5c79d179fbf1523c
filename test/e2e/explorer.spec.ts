/** What a person sees of state on the page: values with their proofs, the registry, the map of commitments, while frames advance. */
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { type RunningNode, startNode } from './node.ts'
import { expect, head, test } from './page.ts'

let node: RunningNode
test.describe.configure({ mode: 'serial' })
test.beforeAll(async () => {
  test.setTimeout(90_000)
  node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
})
test.afterAll(() => node.stop())

/** The State section, reached as a person would, once a frame with its time proof is verified. */
async function open(page: Page): Promise<void> {
  await page.goto(node.url)
  await expect(head(page)).toHaveAttribute('data-checks', /vdf/, { timeout: 60_000 })
  await page.getByRole('link', { name: 'State', exact: true }).click()
  await expect(page.getByTestId('examples')).toBeVisible()
}

const value = (page: Page) => page.getByTestId('state-value')
const tryExample = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

/** As a person would: pressed again when a node has moved on from the frame that was asked for. */
async function pullRegistry(page: Page): Promise<void> {
  await expect(async () => {
    await page.getByRole('button', { name: /^Pull (the registry|it again)$/ }).click({ timeout: 1_000 })
    await expect(page.getByTestId('registry')).toHaveAttribute('data-verified', 'full', { timeout: 15_000 })
  }).toPass({ timeout: 60_000 })
}

for (const [name, kind, steps] of [
  ['A flower of the garden', 'vertex', 'value,shard,header'],
  ['A bouquet of three flowers', 'hyperedge', 'value,shard,header'],
  ['The garden itself', 'shard', 'shard,header'],
  ['Member 1 of the committee', 'prover', 'value,header'],
] as const) {
  test(`“${name}” is proved down to a verified header`, async ({ page }) => {
    await open(page)
    await expect(async () => {
      await tryExample(page, name)
      await expect(value(page)).toHaveAttribute('data-verified', 'full', { timeout: 5_000 })
    }).toPass({ timeout: 60_000 })
    await expect(value(page)).toHaveAttribute('data-kind', kind)
    await expect(page.getByTestId('proof-steps')).toHaveAttribute('data-steps', steps)
  })
}

test('the fields of a vertex have names, and a typed address finds the same', async ({ page }) => {
  await open(page)
  await tryExample(page, 'A flower of the garden')
  await expect(page.locator('[data-field=Name]')).toContainText('flower 0')
  const field = page.locator('[name=state-address]')
  const address = await field.inputValue()
  await field.fill(address.replace('/', '').toUpperCase())
  await field.press('Enter')
  await expect(page.getByTestId('state-lookup')).toHaveAttribute('data-status', 'answered')
  await expect(page.locator('[data-field=Name]')).toContainText('flower 0')
})

test('what no node has is absent and unproven, never green', async ({ page }) => {
  await open(page)
  await tryExample(page, 'The garden itself')
  await expect(value(page)).toBeVisible()
  const field = page.locator('[name=state-address]')
  await field.fill(`${await field.inputValue()}/${'01'.repeat(32)}`)
  await page.getByRole('button', { name: 'Look it up', exact: true }).click()
  await expect(value(page)).toHaveAttribute('data-absent', 'true')
  await expect(value(page)).toHaveAttribute('data-verified', 'false')
  await expect(value(page)).toContainText('Absent (unproven)')
  await expect(page.locator('#lookup .tone-good')).toHaveCount(0)
})

test('the registry is pulled, rebuilt and equal to the header', async ({ page }) => {
  await open(page)
  await pullRegistry(page)
  await expect(page.getByTestId('registry')).toHaveAttribute('data-count', '4')
  await expect(page.locator('.prover')).toHaveCount(4)
})

test('the map follows the frames; a followed vertex marks what changed', async ({ page }) => {
  test.setTimeout(120_000)
  await open(page)
  const map = page.getByTestId('commitments')
  await expect(map).toHaveAttribute('data-used', /^[1-9]/)
  const before = await map.getAttribute('data-frame')
  await tryExample(page, 'A flower of the garden')
  await page.getByRole('switch').check()
  // Flower 0 is written in every sixteenth frame.
  await expect(page.getByTestId('state-follow')).toHaveAttribute('data-changes', /^[1-9]/, { timeout: 90_000 })
  await expect(page.locator('[data-field=LastFrame]')).toHaveAttribute('data-changed', 'true')
  expect(Number(await map.getAttribute('data-frame'))).toBeGreaterThan(Number(before))
  await expect(map).toHaveAttribute('data-changed', /^[1-9]/)
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`the State section has no serious axe violation, ${colorScheme} at ${width} pixels`, async ({ page }) => {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await open(page)
      await tryExample(page, 'A flower of the garden')
      await expect(value(page)).toBeVisible()
      for (const summary of await page.locator('#lookup summary, #commitments summary').all()) await summary.click()
      await pullRegistry(page)
      await page.locator('.prover-line').first().click()
      const { violations } = await new AxeBuilder({ page }).analyze()
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((place) => place.html).join(' ')}`)).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, 'nothing is wider than the page').toBeLessThanOrEqual(0)
    })
  }
}

test('the keyboard alone reaches each part of the State section, always visibly', async ({ page }) => {
  await open(page)
  await page.getByRole('link', { name: 'State', exact: true }).focus()
  const reached: string[] = []
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      const ring = (at: Element | null): boolean => at !== null && getComputedStyle(at).outlineStyle !== 'none'
      const name = element.getAttribute('name') ?? element.getAttribute('aria-label') ?? element.textContent?.trim()
      return { name: name ?? '', seen: ring(element) || ring(element.nextElementSibling) }
    })
    if (focus === null) break
    expect(focus.seen, `${focus.name} shows that it has the focus`).toBe(true)
    reached.push(focus.name)
  }
  for (const part of [
    'state-address',
    'state-kind',
    'Look it up',
    'Tree ',
    'The same as a table',
    'Pull the registry',
  ]) {
    expect(
      reached.some((name) => name.includes(part)),
      `the keyboard reaches ${part}`,
    ).toBe(true)
  }
  expect(reached.filter((name) => name.startsWith('Tree ')).length, 'the map is one stop').toBe(1)
})
