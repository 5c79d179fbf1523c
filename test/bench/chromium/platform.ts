import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import type { WasmVariant } from '../../engines/wasm.ts'
import type { KitData } from '../kit.ts'
import { type Figures, mean, quantile } from '../measure.ts'
import type { PlatformResult, StepResult } from '../platforms.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** Name of the step that only a page can run: the search spread over two workers. */
export const TWO_WORKERS = 'discriminant-two-workers'

/** The browser named by hand, found by the set-up or by the distribution; else Playwright's own. */
export function chromiumPath(): string | undefined {
  if (process.env.PETAL_CHROMIUM) return process.env.PETAL_CHROMIUM
  const found = `${root}.petal/chromium`
  if (existsSync(found)) return readFileSync(found, 'utf8').trim()
  return existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined
}

/** Starts Chromium, headless. */
export function launch(): Promise<Browser> {
  const executablePath = chromiumPath()
  return chromium.launch({ args: ARGUMENTS, ...(executablePath === undefined ? {} : { executablePath }) })
}

/** Serves the benchmark page and the built modules on loopback; isolated, so that the page's clock is fine. */
async function serve(): Promise<{ server: ViteDevServer; url: string }> {
  const server = await createServer({
    configFile: false,
    root,
    logLevel: 'error',
    cacheDir: `${root}.petal/bench-vite`,
    optimizeDeps: { noDiscovery: true },
    server: {
      host: '127.0.0.1',
      port: 0,
      hmr: false,
      watch: null,
      headers: {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      },
    },
  })
  await server.listen()
  const address = server.httpServer?.address()
  if (address === null || address === undefined || typeof address === 'string') throw new Error('no loopback port')
  return { server, url: `http://127.0.0.1:${address.port}/test/bench/chromium/page.html` }
}

/** Measures steps in one page of Chromium, all in one worker, and the search over two workers. */
export async function measureInChromium(
  variant: WasmVariant,
  steps: readonly string[],
  kit: KitData,
  progress: (step: string) => void,
): Promise<PlatformResult> {
  const { server, url } = await serve()
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(url)
    await page.waitForFunction(() => window.bench !== undefined)
    const engine = await page.evaluate((name) => window.bench.load(name), variant)
    const results: StepResult[] = []
    for (const step of steps) {
      results.push(step === TWO_WORKERS ? await searchWithTwo(page, kit) : await stepIn(page, step, kit))
      progress(step)
    }
    return { platform: 'chromium', engine: `${engine} ${browser.version()}`, steps: results }
  } finally {
    await browser.close()
    await server.close()
  }
}

const stepIn = (page: Page, step: string, kit: KitData): Promise<StepResult> =>
  page.evaluate(([name, data]) => window.bench.step(name, data), [step, kit] as const)

async function searchWithTwo(page: Page, kit: KitData): Promise<StepResult> {
  const samples = await page.evaluate((challenges) => window.bench.searches(challenges), kit.challenges)
  const millis = samples.map((sample) => sample.millis)
  const units = samples.map((sample) => (sample.millis * 1e6) / sample.unitNanos)
  const figures: Figures = {
    count: samples.length,
    medianMillis: quantile(millis, 0.5),
    p95Millis: quantile(millis, 0.95),
    meanMillis: mean(millis),
    medianUnits: quantile(units, 0.5),
    meanUnits: mean(units),
    unitNanos: quantile(
      samples.map((sample) => sample.unitNanos),
      0.5,
    ),
  }
  return { step: TWO_WORKERS, figures, reason: null }
}
