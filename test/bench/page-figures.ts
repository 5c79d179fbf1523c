/** Loading the built page from a replaying node on loopback: times, longest task, memory. */
import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright'
import { replay, startNode } from '../e2e/node.ts'
import { frames } from '../e2e/vectors.ts'
import { launch } from './chromium/platform.ts'
import { type Figure, figureOf } from './figure.ts'

/** The browser collects what is left over once a page does nothing. */
const REST_MILLIS = 5_000
/** Of the twenty recorded frames four are signed below quorum. */
const PROVED_FRAMES = 16
const COLD_LOADS = 7
const WAIT_MILLIS = 60_000

interface Load {
  readonly headMillis: number
  readonly longestTaskMillis: number
}

/** Verdicts asked for while the main thread is watched. */
const VERIFY_ROUNDS = 5

/** Opens the page and waits for its first certified head; the page itself notes when, so that polling adds nothing. */
async function load(context: BrowserContext, url: string): Promise<Load> {
  const page = await context.newPage()
  await page.addInitScript(noteCertifiedHead)
  await page.goto(url)
  await page.waitForFunction(() => window.benchHead !== undefined, undefined, { timeout: WAIT_MILLIS })
  const result = await page.evaluate(() => ({
    headMillis: window.benchHead ?? Number.NaN,
    longestTaskMillis: window.benchLongest ?? 0,
  }))
  await demandRecordedHead(page)
  await page.close()
  return result
}

/** The head that was timed is one of the recorded chain: a page that shows anything else must not be measured. */
async function demandRecordedHead(page: Page): Promise<void> {
  const head = page.getByTestId('head')
  const [frame, identity] = [await head.getAttribute('data-frame'), await head.getAttribute('data-identity')]
  const recorded = frames.some((one) => String(one.header.frame_number) === frame && one.identity === identity)
  if (!recorded) throw new Error(`the page shows frame ${frame} with identity ${identity}, which was not recorded`)
}

/** Longest time, in milliseconds, that the main thread was away from its timers while a worker verified. */
const longestGapWhileVerifying = (page: Page): Promise<number> =>
  page.evaluate(async (rounds) => {
    const TIMER_MILLIS = 4
    let longest = 0
    let last = performance.now()
    let watching = true
    const look = (): void => {
      const now = performance.now()
      longest = Math.max(longest, now - last - TIMER_MILLIS)
      last = now
      if (watching) setTimeout(look, TIMER_MILLIS)
    }
    look()
    const head = await window.petal?.head()
    for (let round = 0; head && round < rounds; round++) await window.petal?.verify(head.value.bytes)
    watching = false
    return longest
  }, VERIFY_ROUNDS)

declare global {
  interface Window {
    /** Milliseconds from navigation to the first certified head. */
    benchHead?: number
    /** Longest task of the main thread so far, 0 when none reached 50 ms. */
    benchLongest?: number
  }
}

/** Runs in the page before its own scripts. */
function noteCertifiedHead(): void {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.benchLongest = Math.max(window.benchLongest ?? 0, entry.duration)
  }).observe({ type: 'longtask', buffered: true })
  const look = (): void => {
    const checks = document.querySelector('[data-testid=head]')?.getAttribute('data-checks') ?? ''
    if (checks.split(',').includes('certificate')) window.benchHead ??= performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** Private memory of the largest renderer, in megabytes. */
async function rendererMegabytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => privateBytes(id))
  return Math.max(...sizes) / 1e6
}

/** A person opens one tab, and its client proves every recorded frame that is certified. */
async function memoryOfOneTab(url: string): Promise<number> {
  const browser = await launch()
  try {
    const page = await (await browser.newContext()).newPage()
    await page.goto(url)
    await page.waitForFunction(provedFrames, PROVED_FRAMES, { timeout: WAIT_MILLIS })
    await page.waitForTimeout(REST_MILLIS)
    return await rendererMegabytes(browser)
  } finally {
    await browser.close()
  }
}

/** Runs in the page. */
const provedFrames = async (wanted: number): Promise<boolean> => {
  const recent = (await window.petal?.recent(20)) ?? []
  return recent.filter(({ verified }) => verified === 'full').length >= wanted
}

/** Linux only: memory that no other process shares. */
function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, match) => sum + Number(match[1]) * 1024, 0)
}

/** Cold loads each in a fresh profile, one warm load after each, then the memory of that renderer; and that of one tab. */
export async function pageFigures(progress: (step: string) => void): Promise<readonly Figure[]> {
  await using node = await startNode(replay())
  const cold: Load[] = []
  const warm: Load[] = []
  const memory: number[] = []
  const usedMemory: number[] = []
  const gaps: number[] = []
  for (let round = 0; round < COLD_LOADS; round++) {
    const browser = await launch()
    try {
      const context = await browser.newContext()
      cold.push(await load(context, node.url))
      warm.push(await load(context, node.url))
      const page = await context.newPage()
      await page.goto(node.url)
      await page.waitForSelector('[data-testid=head][data-checks*=vdf]', { state: 'attached', timeout: WAIT_MILLIS })
      gaps.push(await longestGapWhileVerifying(page))
      if (process.platform === 'linux') usedMemory.push(await rendererMegabytes(browser))
    } finally {
      await browser.close()
    }
    if (process.platform === 'linux') memory.push(await memoryOfOneTab(node.url))
    progress(`page load ${round + 1} of ${COLD_LOADS}`)
  }
  const heads = (loads: readonly Load[]) => loads.map((one) => one.headMillis)
  const tasks = [...cold, ...warm].map((one) => one.longestTaskMillis)
  return [
    figureOf('cold-load', 'cold load to first certified head, loopback', 'ms', heads(cold), 1_500, 1_000),
    figureOf('warm-load', 'warm load to first certified head, loopback', 'ms', heads(warm), 600, 400),
    figureOf('longest-gap', 'main thread while verifying: longest gap between timers', 'ms', gaps, 50, 16),
    figureOf('longest-task', 'main thread while loading: longest task (0 = none over 50 ms)', 'ms', tasks, 50, 16),
    figureOf('renderer-memory', 'renderer: one load, all frames proved, at rest', 'MB', memory, 128, 80),
    figureOf('renderer-memory-used', 'renderer after three loads and more verifications', 'MB', usedMemory, 128, 80),
  ]
}
