import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import type { WasmVariant } from '../../engines/wasm.ts'
import type { KitData } from '../kit.ts'
import { type Figures, mean, quantile } from '../measure.ts'
import type { PlatformResult, StepResult } from '../platforms.ts'
import { TWO_WORKERS, VERIFIER_FIRST, VERIFIER_START } from '../tab-steps.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

const STARTS = 10

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
      results.push(await (TAB_STEPS[step] ?? stepIn)(page, step, kit, variant))
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

interface WallSample {
  readonly millis: number
  readonly unitNanos: number
}

const searchWithTwo = (page: Page, _: string, kit: KitData): Promise<readonly WallSample[]> =>
  page.evaluate((challenges) => window.bench.searches(challenges), kit.challenges)

/** Each start in a worker of its own; the first one, which fills the browser's caches, does not count. */
async function starts(page: Page, step: string, kit: KitData, variant: WasmVariant): Promise<readonly WallSample[]> {
  const samples: WallSample[] = []
  for (let round = 0; round <= STARTS; round++) {
    const start = await page.evaluate(([name, traversal]) => window.bench.start(name, traversal), [
      variant,
      kit.traversal,
    ] as const)
    const { loadMillis, firstMillis, laterMillis, unitNanos } = start
    const millis = step === VERIFIER_START ? firstMillis - laterMillis : loadMillis + firstMillis
    if (round > 0) samples.push({ millis, unitNanos })
  }
  return samples
}

type TabStep = (page: Page, step: string, kit: KitData, variant: WasmVariant) => Promise<StepResult>

const summarised =
  (run: (...asked: Parameters<TabStep>) => Promise<readonly WallSample[]>): TabStep =>
  async (page, step, kit, variant) => ({
    step,
    figures: summarise(await run(page, step, kit, variant)),
    reason: null,
  })

const TAB_STEPS: Readonly<Record<string, TabStep>> = {
  [TWO_WORKERS]: summarised(searchWithTwo),
  [VERIFIER_START]: summarised(starts),
  [VERIFIER_FIRST]: summarised(starts),
}

function summarise(samples: readonly WallSample[]): Figures {
  const millis = samples.map((sample) => sample.millis)
  const units = samples.map((sample) => (sample.millis * 1e6) / sample.unitNanos)
  return {
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
}
