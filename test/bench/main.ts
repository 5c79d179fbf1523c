import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { sizeBudgets } from '../../scripts/check/sizes.ts'
import { measureInChromium } from './chromium/platform.ts'
import { kitData } from './inputs.ts'
import { fillFigures } from './markdown.ts'
import { measureInNode } from './node-platform.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { type PageFigure, pageFigures } from './page-figures.ts'
import { PLATFORM_TITLES, type Platform, type PlatformResult } from './platforms.ts'
import { STEPS } from './steps.ts'
import { TAB_TITLES } from './tab-steps.ts'
import { markdownTable, PAGE_HEADINGS, pageRow, plainTable, STEP_HEADINGS, stepRows, titleOf } from './table.ts'

const NAMES = [...STEPS.map((step) => step.name), ...Object.keys(TAB_TITLES)]
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
  readonly page: readonly PageFigure[]
  readonly sizes: string | null
}

async function measureAll(options: Options): Promise<Run> {
  const platforms: PlatformResult[] = []
  for (const platform of options.platforms)
    if (stepsOn(platform, options.only).length > 0) platforms.push(await measurePlatform(platform, options))
  const withPage = options.page && options.only.length === 0
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    commit: measuredCommit(),
    platforms,
    page: withPage ? await pageFigures(note) : [],
    sizes: withPage ? sizeBudgets().detail : null,
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
  if (run.page.length > 0) parts.push(table([PAGE_HEADINGS, ...run.page.map(pageRow)]))
  if (run.sizes !== null) parts.push(`Sizes (gzip -9): ${run.sizes}`)
  return parts.filter((part) => part !== '').join('\n\n')
}

async function bench(options: Options): Promise<number> {
  if (options.list) {
    for (const name of NAMES) print(`${name.padEnd(26)} ${titleOf(name)}`)
    return 0
  }
  const run = await measureAll(options)
  print(tables(run, plainTable))
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(run, null, 2)}\n`)
  if (options.markdown !== null) fillFigures(options.markdown, tables(run, markdownTable))
  return 0
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
