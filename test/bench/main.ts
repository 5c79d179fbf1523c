import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { sizeBudgets } from '../../scripts/check/sizes.ts'
import { measureInChromium } from './chromium/platform.ts'
import type { Figure } from './figure.ts'
import { kitData } from './inputs.ts'
import { fillFigures } from './markdown.ts'
import { NET_TITLES, netFigure } from './net/figures.ts'
import { FRAME_TO_TAB, FRAME_TO_TAB_TITLE, frameToTab } from './net/frame-to-tab.ts'
import { measureInNode } from './node-platform.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { pageFigures } from './page-figures.ts'
import { PAGE_READ, PAGE_READ_TITLE, pageRead } from './page-read.ts'
import { PLATFORM_TITLES, type Platform, type PlatformResult } from './platforms.ts'
import { STATE_TITLES, type StateFigures, stateFigures } from './state/figures.ts'
import { drawGrowth, PLOT } from './state/plot.ts'
import { STEPS } from './steps.ts'
import { TAB_TITLES } from './tab-steps.ts'
import {
  figureHeadings,
  figureRow,
  GROWTH_HEADINGS,
  growthRow,
  markdownTable,
  plainTable,
  STEP_HEADINGS,
  stepRows,
  titleOf,
} from './table.ts'

const FIGURE_TITLES: Readonly<Record<string, string>> = {
  ...STATE_TITLES,
  ...NET_TITLES,
  [PAGE_READ]: PAGE_READ_TITLE,
  [FRAME_TO_TAB]: FRAME_TO_TAB_TITLE,
}
const NAMES = [...STEPS.map((step) => step.name), ...Object.keys(TAB_TITLES), ...Object.keys(FIGURE_TITLES)]
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const note = (line: string): void => void process.stderr.write(`${line}\n`)

/** Steps that run on a platform: those asked for, or else what is measured there by default. */
function stepsOn(platform: Platform, only: readonly string[]): string[] {
  const byDefault = STEPS.filter(({ platforms }) => platforms?.includes(platform) ?? true)
  const steps = only.length === 0 ? byDefault : STEPS.filter(({ name }) => only.includes(name))
  const inTab = Object.keys(TAB_TITLES).filter((name) => only.length === 0 || only.includes(name))
  return [...steps.map(({ name }) => name), ...(platform === 'chromium' ? inTab : [])]
}

async function measurePlatform(platform: Platform, options: Options): Promise<PlatformResult> {
  const steps = stepsOn(platform, options.only)
  const kit = kitData()
  const progress = (step: string) => note(`${PLATFORM_TITLES[platform]}: ${step}`)
  if (platform !== 'chromium') return measureInNode({ platform, variant: options.variant, steps, kit }, progress)
  return measureInChromium(options.variant, steps, kit, progress).catch((cause: unknown) => ({
    platform,
    engine: '',
    steps: steps.map((step) => ({
      step,
      figures: null,
      reason: cause instanceof Error ? cause.message : String(cause),
    })),
  }))
}

interface Run {
  readonly machine: string
  readonly node: string
  readonly date: string
  /** Short hash of the measured tree, null outside a repository; `+` behind it means uncommitted changes. */
  readonly commit: string | null
  readonly platforms: readonly PlatformResult[]
  readonly state: StateFigures
  readonly net: readonly Figure[]
  readonly page: readonly Figure[]
  readonly sizes: string | null
  /** What was asked for and could not be measured, and why. */
  readonly failures: readonly string[]
}

/** Result of a group of figures; a group that fails says why and does not end the others. */
async function attempt<T>(name: string, group: () => Promise<T>, otherwise: T, failures: string[]): Promise<T> {
  try {
    return await group()
  } catch (cause) {
    failures.push(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
    return otherwise
  }
}

async function measureAll(options: Options): Promise<Run> {
  const { only } = options
  const platforms: PlatformResult[] = []
  for (const platform of options.platforms)
    if (stepsOn(platform, only).length > 0) platforms.push(await measurePlatform(platform, options))
  const failures: string[] = []
  const ofState = only.filter((name) => name in STATE_TITLES)
  const withState = options.state && (only.length === 0 || ofState.length > 0)
  const none: StateFigures = { figures: [], growth: [] }
  const state = withState
    ? await attempt('state', () => stateFigures(ofState, options.all, note), none, failures)
    : none
  const ofNet = only.filter((name) => name in NET_TITLES)
  const withNet = options.net && (only.length === 0 || ofNet.length > 0)
  const net: Figure[] = []
  for (const name of withNet ? Object.keys(NET_TITLES) : [])
    if (only.length === 0 || ofNet.includes(name))
      net.push(...(await attempt(name, async () => [await netFigure(name, note)], [], failures)))
  const withPage = options.page && only.length === 0
  const page = withPage ? [...(await attempt('page', () => pageFigures(note), [], failures))] : []
  if (options.page && (withPage || only.includes(PAGE_READ)))
    page.push(...(await attempt(PAGE_READ, async () => [await pageRead()], [], failures)))
  if (options.page && (withPage || only.includes(FRAME_TO_TAB)))
    page.push(...(await attempt(FRAME_TO_TAB, async () => [await frameToTab()], [], failures)))
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    commit: measuredCommit(),
    platforms,
    state,
    net,
    page,
    sizes: withPage ? sizeBudgets().detail : null,
    failures,
  }
}

function measuredCommit(): string | null {
  const described = spawnSync('git', ['describe', '--always', '--dirty=+', '--exclude=*'], { encoding: 'utf8' })
  return described.status === 0 ? described.stdout.trim() : null
}

function tables(run: Run, table: (rows: readonly (readonly string[])[]) => string): string {
  const engines = run.platforms.map(({ platform, engine, steps }) => {
    const unit = steps.find((result) => result.figures !== null)?.figures?.unitNanos
    return `${PLATFORM_TITLES[platform]}: ${engine}, one unit ${unit === undefined ? '-' : unit.toFixed(0)} ns`
  })
  const parts = [
    `Measured ${run.date} on ${run.machine}, Node ${run.node}${run.commit === null ? '' : `, commit ${run.commit}`}.`,
    engines.map((line) => `- ${line}`).join('\n'),
  ]
  if (run.platforms.length > 0) parts.push(table([STEP_HEADINGS, ...stepRows(run.platforms)]))
  const { figures, growth } = run.state
  if (figures.length > 0) parts.push(table([figureHeadings('state on disk'), ...figures.map(figureRow)]))
  if (growth.length > 0) parts.push(table([GROWTH_HEADINGS, ...growth.map(growthRow)]))
  if (run.net.length > 0) parts.push(table([figureHeadings('wire'), ...run.net.map(figureRow)]))
  if (run.page.length > 0) parts.push(table([figureHeadings('page'), ...run.page.map(figureRow)]))
  if (run.sizes !== null) parts.push(`Sizes (gzip -9): ${run.sizes}`)
  if (run.failures.length > 0) parts.push(`Not measured: ${run.failures.join('; ')}`)
  return parts.filter((part) => part !== '').join('\n\n')
}

async function bench(options: Options): Promise<number> {
  if (options.list) {
    for (const name of NAMES) print(`${name.padEnd(26)} ${FIGURE_TITLES[name] ?? titleOf(name)}`)
    return 0
  }
  const run = await measureAll(options)
  print(tables(run, plainTable))
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(run, null, 2)}\n`)
  if (options.markdown !== null) {
    fillFigures(options.markdown, tables(run, markdownTable))
    if (drawGrowth(run.state.growth)) note(`drew ${PLOT}`)
  }
  return run.failures.length === 0 ? 0 : 1
}

try {
  const options = parseOptions(process.argv.slice(2), NAMES)
  if (options === null) print(USAGE)
  process.exitCode = options === null ? 0 : await bench(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  note(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}
