/** After the first visit the page opens without a network, and shows what it verified before. */
import type { Page } from '@playwright/test'
import { replay, startNode } from './node.ts'
import { expect, expectProved, head, openVerified, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

/** The shell is stored, and a next load is answered from it. */
async function shellIsStored(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
}

test('offline reload shows the stored verified head with its age', async ({ page, context }) => {
  const node = await startNode(replay())
  try {
    await openVerified(page, node.url)
    await shellIsStored(page)
  } finally {
    await node.stop()
  }
  await context.setOffline(true)
  await page.reload()
  await expectProved(page, newest.header.frame_number)
  await expect(head(page)).toHaveAttribute('data-identity', newest.identity)
  await expect(head(page)).toHaveAttribute('data-phase', /^(connecting|degraded)$/)
  await expect(head(page)).toContainText('kept in this browser')
  await expect(head(page)).toContainText(/Verified here\s*(just now|\d+ \w+ ago)/)
})

test('network.json is never kept by the service worker', async ({ page, node }) => {
  await openVerified(page, node.url)
  await shellIsStored(page)
  const kept = await page.evaluate(async () => {
    const addresses: string[] = []
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) addresses.push(new URL(request.url).pathname)
    }
    return addresses
  })
  expect(kept.length).toBeGreaterThan(5)
  expect(kept.filter((path) => path.endsWith('.json'))).toEqual([])
  expect(kept.some((path) => path.endsWith('.wasm'))).toBe(true)
})

test('a newer version is announced quietly and takes over on the next load', async ({ page, node }) => {
  const server = await serveBuiltPage({ networkFrom: node.url })
  try {
    await openVerified(page, server.url)
    await shellIsStored(page)
    await page.reload()
    await expectProved(page, newest.header.frame_number)
    server.release('second')
    await page.evaluate(async () => {
      await (await navigator.serviceWorker.ready).update()
    })
    await expect(page.getByTestId('update')).toBeVisible()
    await page.reload()
    await expect(page.locator('html')).toHaveAttribute('data-release', 'second')
  } finally {
    await server.close()
  }
})
