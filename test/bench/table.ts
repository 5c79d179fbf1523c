import { TWO_WORKERS } from './chromium/platform.ts'
import type { PageFigure } from './page-figures.ts'
import { isNative, PLATFORM_TITLES, type Platform, type PlatformResult, type StepResult } from './platforms.ts'
import type { Step } from './step.ts'
import { STEPS } from './steps.ts'

/** A row of figures as text, for a table on the terminal or in Markdown. */
export type Row = readonly string[]

export const STEP_HEADINGS: Row = ['step', 'on', 'median ms', 'p95 ms', 'n', 'units', 'reference', 'faster']
export const PAGE_HEADINGS: Row = ['page', 'median', 'least and most', 'n', 'at least', 'aim']

const number = (value: number): string => {
  if (!Number.isFinite(value)) return '-'
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 4
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** The search is judged by its mean over the twenty challenges, as the reference is. */
const byMean = (name: string): boolean => name === 'discriminant' || name === TWO_WORKERS

export const titleOf = (name: string): string =>
  name === TWO_WORKERS
    ? 'discriminant in a tab, two workers (mean counts)'
    : (STEPS.find((step) => step.name === name)?.title ?? name)

/** Units of the reference on that kind of platform. */
function referenceOf(step: Step | undefined, platform: Platform): number | null {
  return (isNative(platform) ? step?.reference.native : step?.reference.wasm) ?? null
}

export function stepRow(result: StepResult, platform: Platform): Row {
  const title = titleOf(result.step)
  const { figures } = result
  if (figures === null) return [title, PLATFORM_TITLES[platform], '-', '-', '0', '-', '-', result.reason ?? '']
  const units = byMean(result.step) ? figures.meanUnits : figures.medianUnits
  const reference = referenceOf(
    STEPS.find((step) => step.name === result.step),
    platform,
  )
  const median = byMean(result.step)
    ? `${number(figures.medianMillis)} (mean ${number(figures.meanMillis)})`
    : number(figures.medianMillis)
  return [
    title,
    PLATFORM_TITLES[platform],
    median,
    number(figures.p95Millis),
    String(figures.count),
    number(units),
    reference === null ? 'none' : number(reference),
    reference === null ? '' : `${number(reference / units)}x`,
  ]
}

/** Rows grouped by step, platforms below each other. */
export function stepRows(results: readonly PlatformResult[]): Row[] {
  const names = [...STEPS.map((step) => step.name), TWO_WORKERS]
  return names.flatMap((name) =>
    results.flatMap(({ platform, steps }) =>
      steps.filter((result) => result.step === name).map((result) => stepRow(result, platform)),
    ),
  )
}

export const pageRow = (figure: PageFigure): Row => [
  figure.title,
  `${number(figure.median)} ${figure.unit}`,
  `${number(Math.min(...figure.values))} to ${number(Math.max(...figure.values))}`,
  String(figure.values.length),
  `${number(figure.atLeast)} ${figure.unit}`,
  `${number(figure.aim)} ${figure.unit}`,
]

/** Columns aligned with spaces. */
export function plainTable(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: Row): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

export function markdownTable(rows: readonly Row[]): string {
  const [head = [], ...rest] = rows
  const line = (row: Row): string => `| ${row.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rest.map(line)].join('\n')
}
