/** Browsers that lack something: what still works, and what the person reads. */
import { expect, expectProved, head, openVerified, test, without } from './page.ts'
import { newest } from './vectors.ts'

test.use({ serviceWorkers: 'block' })

test('without WebTransport and WebRTC the frames come by WebSocket', async ({ page, node }) => {
  await without(page, 'delete globalThis.WebTransport; delete globalThis.RTCPeerConnection;')
  await openVerified(page, node.url)
  await expect(page.locator('.peer.tone-good')).toHaveAttribute('data-transport', 'websocket')
})

test('without WebTransport it still verifies', async ({ page, node }) => {
  await without(page, 'delete globalThis.WebTransport;')
  await openVerified(page, node.url)
})

test('without WebRTC it still verifies', async ({ page, node }) => {
  await without(page, 'delete globalThis.RTCPeerConnection;')
  await openVerified(page, node.url)
})

test('without IndexedDB it verifies, and says that nothing is kept', async ({ page, node }) => {
  await without(page, "Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });")
  await openVerified(page, node.url)
  await expect(head(page)).toContainText(/kept|store|storage|memory/i)
})

test('with storage full it verifies, and says so', async ({ page, node, context }) => {
  const session = await context.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: node.url, quotaSize: 1 })
  await page.goto(node.url)
  await expectProved(page, newest.header.frame_number)
  await expect(head(page)).toContainText(/full|space|storage|memory/i)
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
