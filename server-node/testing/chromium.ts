/** Chromium with a page that can dial: for tests of what only a browser can do. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { build, type Rolldown } from 'vite'
import type { PageFunctions } from './browser-dialler.ts'

const FOUND = fileURLToPath(new URL('../../.petal/chromium', import.meta.url))

export type { RawSession } from './browser-dialler.ts'

/** See `browser-dialler.ts`. */
export type Dialler = PageFunctions & AsyncDisposable

/** Browser of the set-up, as in `vitest.config.ts`; without one Playwright looks for its own and fails plainly. */
function executable(): { readonly executablePath?: string } {
  if (process.env.PETAL_CHROMIUM) return { executablePath: process.env.PETAL_CHROMIUM }
  return existsSync(FOUND) ? { executablePath: readFileSync(FOUND, 'utf8').trim() } : {}
}

export async function openDialler(): Promise<Dialler> {
  await using stack = new AsyncDisposableStack()
  const script = await bundle()
  const server = createServer((request, response) => {
    const isScript = request.url === '/dialler.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="/dialler.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => void server.close().closeAllConnections())
  const browser = await chromium.launch({ ...executable(), args: ['--no-sandbox', '--disable-gpu'] })
  stack.defer(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction(() => 'talk' in globalThis)
  const open = stack.move()
  const call =
    <Name extends keyof PageFunctions>(name: Name) =>
    (...given: Parameters<PageFunctions[Name]>): ReturnType<PageFunctions[Name]> =>
      page.evaluate(
        ([called, parameters]) =>
          (globalThis as unknown as Record<string, (...all: unknown[]) => unknown>)[called]?.(...parameters),
        [name, given] as [string, unknown[]],
      ) as ReturnType<PageFunctions[Name]>
  return {
    talk: call('talk'),
    lie: call('lie'),
    openStreams: call('openStreams'),
    misuse: call('misuse'),
    rawSessions: call('rawSessions'),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('browser-dialler.ts', import.meta.url))
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: false, target: 'esnext', lib: { entry, formats: ['es'], fileName: 'dialler' } },
  })) as Rolldown.RolldownOutput[]
  return built[0]?.output[0].code ?? ''
}
