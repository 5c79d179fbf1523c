/** Browsers that lack something: what still works, and what the person reads. */
import type { Page } from '@playwright/test'
import type { RunningNode } from './node.ts'
import { expect, expectProved, head, openVerified, test } from './page.ts'
import { serveBuiltPage } from './static-server.ts'
import { newest } from './vectors.ts'

test.use({ serviceWorkers: 'block' })

/** Opens the page with `prelude` run first everywhere, and waits for the newest frame. */
async function openWithout(page: Page, node: RunningNode, prelude: string, check: () => Promise<void>): Promise<void> {
  const server = await serveBuiltPage({ networkFrom: node.url, prelude })
  try {
    await openVerified(page, server.url)
    await check()
  } finally {
    await server.close()
  }
}

const connected = (page: Page) => page.locator('.peer.tone-good').first()

test('without WebTransport and WebRTC the frames come by WebSocket', async ({ page, node }) => {
  await openWithout(page, node, 'delete globalThis.WebTransport; delete globalThis.RTCPeerConnection;', async () => {
    await expect(connected(page)).toHaveAttribute('data-transport', 'websocket')
  })
})

test('without WebTransport and WebSocket the frames come by WebRTC', async ({ page, node }) => {
  await openWithout(page, node, 'delete globalThis.WebTransport; delete globalThis.WebSocket;', async () => {
    await expect(connected(page)).toHaveAttribute('data-transport', 'webrtc-direct')
  })
})

test('without WebRTC and WebSocket the frames come by WebTransport', async ({ page, node }) => {
  await openWithout(page, node, 'delete globalThis.RTCPeerConnection; delete globalThis.WebSocket;', async () => {
    await expect(connected(page)).toHaveAttribute('data-transport', 'webtransport')
  })
})

test('without IndexedDB it verifies, and says that nothing is kept', async ({ page, node }) => {
  const prelude = "Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });"
  await openWithout(page, node, prelude, async () => {
    await expect(page.locator('.phase-reason')).toContainText(/memory|not kept|nothing is kept|IndexedDB/i)
  })
})

test('with storage full it verifies, and says so', async ({ page, node, context }) => {
  const session = await context.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: node.url, quotaSize: 1 })
  await page.goto(node.url)
  await expectProved(page, newest.header.frame_number)
  await expect(page.locator('.phase-reason')).toContainText(/full|space|storage/i)
})

test('with WASM blocked nothing is called verified, and the reason and the remedy are said', async ({ page, node }) => {
  await page.route('**/*', async (route) => {
    const response = await route.fetch()
    const headers = Object.fromEntries(
      Object.entries(response.headers()).map(([name, value]) => [name, value.replaceAll("'wasm-unsafe-eval'", '')]),
    )
    const isPage = (headers['content-type'] ?? '').startsWith('text/html')
    const body = isPage
      ? (await response.text()).replaceAll(/&#39;wasm-unsafe-eval&#39;|'wasm-unsafe-eval'/g, '')
      : undefined
    await route.fulfill({ response, headers, ...(body === undefined ? {} : { body }) })
  })
  await page.goto(node.url)
  await expect(head(page)).toHaveAttribute('data-phase', 'halted')
  await expect(head(page)).toHaveAttribute('data-frame', '')
  await expect(head(page)).toContainText(/WebAssembly|WASM/)
  const refusal = await page.evaluate(async () => {
    try {
      await window.petal?.ready({ timeoutMillis: 5000 })
      return null
    } catch (error) {
      return (error as { code: string }).code
    }
  })
  expect(refusal).toBe('engine')
})
