/** For every person: axe in both themes and widths, the keyboard alone, less motion. */
import AxeBuilder from '@axe-core/playwright'
import { expect, openVerified, test } from './page.ts'

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`no serious axe violation, ${colorScheme} at ${width} pixels`, async ({ page, node }) => {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await openVerified(page, node.url)
      await page.getByRole('button', { name: 'Change it and verify' }).click()
      await expect(page.locator('.tamper-result .verdict')).toBeVisible()
      await page.locator('.frame-line').first().click()
      const { violations } = await new AxeBuilder({ page }).analyze()
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((place) => place.html).join(' ')}`)).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, 'nothing is wider than the page').toBeLessThanOrEqual(0)
    })
  }
}

test('the keyboard reaches everything, always visibly, and tampers', async ({ page, node }) => {
  await openVerified(page, node.url)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the newest frame' })).toBeFocused()
  await expect(page.getByRole('link', { name: 'Skip to the newest frame' })).toBeInViewport()
  await page.keyboard.press('Enter')
  await expect(page.locator('main')).toBeFocused()

  const reached: string[] = []
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      // Inputs that lie invisibly over their label show the ring on the label.
      const ring = (at: Element | null): boolean => at !== null && getComputedStyle(at).outlineStyle !== 'none'
      const seen = ring(element) || ring(element.nextElementSibling) || ring(element.closest('.drop'))
      const name = element.getAttribute('name') ?? element.getAttribute('aria-controls') ?? element.textContent?.trim()
      return { name: `${element.tagName.toLowerCase()} ${name ?? ''}`, seen }
    })
    if (focus === null) break
    expect(focus.seen, `${focus.name} shows that it has the focus`).toBe(true)
    reached.push(focus.name)
    if (focus.name.includes('Change it and verify')) await page.keyboard.press('Enter')
  }
  for (const part of [
    'Export head',
    'frame-244220',
    'tamper-kind',
    'Change it and verify',
    'input ',
    'Add node',
    'textarea',
  ]) {
    expect(
      reached.some((name) => name.includes(part)),
      `the keyboard reaches ${part}`,
    ).toBe(true)
  }
  await expect(page.locator('.tamper-result .verdict')).toHaveAttribute('data-verdict', 'refused')
})

test('the theme button goes through automatic, light and dark, and is remembered', async ({ page, node }) => {
  await openVerified(page, node.url)
  const button = page.getByRole('button', { name: /^Colours:/ })
  await button.click()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
  await button.click()
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('a reader is told of phases, not of every frame', async ({ page, node }) => {
  await page.addInitScript(() => {
    const spoken: string[] = []
    Object.assign(window, { spoken })
    new MutationObserver(() => {
      const text = document.querySelector('main > [aria-live=polite]')?.textContent ?? ''
      if (text !== '' && spoken.at(-1) !== text) spoken.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
  await openVerified(page, node.url)
  const spoken = await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken)
  expect(spoken.length).toBeGreaterThan(0)
  expect(spoken.length).toBeLessThanOrEqual(5)
})
