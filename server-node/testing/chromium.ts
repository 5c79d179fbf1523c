/** Chromium with a page that can dial: for tests of what only a browser can do. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { build, type Rolldown } from 'vite'

const FOUND = fileURLToPath(new URL('../../.petal/chromium', import.meta.url))

export interface Dialler extends AsyncDisposable {
  /** See `browser-dialler.ts`. */
  talk(address: string, heads: number): Promise<readonly string[] | { readonly error: string }>
}

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
  return {
    talk: (address, heads) =>
      page.evaluate(([to, count]) => (globalThis as unknown as { talk: Dialler['talk'] }).talk(to, count), [
        address,
        heads,
      ] as const),
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
