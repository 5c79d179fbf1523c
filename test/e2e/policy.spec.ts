/** The Content-Security-Policy holds, and the page never needs what it forbids. */
import { expect, openVerified, test } from './page.ts'

test('no violation while the page does everything it can', async ({ page, node }) => {
  const violations: string[] = []
  await page.exposeFunction('petalViolation', (text: string) => violations.push(text))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const { petalViolation } = window as unknown as { petalViolation: (text: string) => void }
      petalViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`)
    })
  })
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) violations.push(message.text())
  })
  await openVerified(page, node.url)
  await page.getByRole('button', { name: 'Change it and verify' }).click()
  await expect(page.locator('.tamper-result .verdict')).toBeVisible()
  await expect(page.locator('.chart canvas')).toBeVisible()
  expect(violations).toEqual([])
})

test('scripts come from this origin only, and nothing inline runs', async ({ page, node }) => {
  await openVerified(page, node.url)
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content')
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'")
  expect(policy).not.toContain('unsafe-inline')
  expect(policy).not.toContain("'unsafe-eval'")
  const ran = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.inlineRan = true'
    document.body.append(script)
    return 'inlineRan' in window
  })
  expect(ran).toBe(false)
})
