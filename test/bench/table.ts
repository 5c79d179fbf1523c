import { type Figure, reached } from './figure.ts'
import { byMean, counted, judge, referenceUnits } from './goals.ts'
import { PLATFORM_TITLES, type Platform, type PlatformResult, type StepResult } from './platforms.ts'
import type { GrowthRow } from './state/figures.ts'
import { STEPS } from './steps.ts'
import { TAB_TITLES } from './tab-steps.ts'

/** A row of figures as text, for a table on the terminal or in Markdown. */
export type Row = readonly string[]

export const STEP_HEADINGS: Row = [
  'step',
  'on',
  'median ms',
  'p95 ms',
  'n',
  'units',
  'reference',
  'faster',
  'at least / aim',
  'reached',
]
export const figureHeadings = (what: string): Row => [
  what,
  'median',
  'least and most',
  'n',
  'at least',
  'aim',
  'reached',
]
export const GROWTH_HEADINGS: Row = ['leaves', 'commit per changed leaf, CPU', 'proof of one key, CPU']

const number = (value: number): string => {
  if (!Number.isFinite(value)) return '-'
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 4
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export const titleOf = (name: string): string =>
  TAB_TITLES[name] ?? STEPS.find((step) => step.name === name)?.title ?? name

export function stepRow(result: StepResult, platform: Platform): Row {
  const { step, figures } = result
  const where = [titleOf(step), PLATFORM_TITLES[platform]]
  if (figures === null) return [...where, '-', '-', '0', '-', '-', '', '', result.reason ?? '']
  const mean = byMean(step) ? ` (mean ${number(figures.meanMillis)})` : ''
  const { units } = counted(step, figures)
  const reference = referenceUnits(step, platform)
  const judgement = judge(step, platform, figures)
  return [
    ...where,
    number(figures.medianMillis) + mean,
    number(figures.p95Millis),
    String(figures.count),
    number(units),
    reference === null ? 'none' : number(reference),
    reference === null ? '' : `${number(reference / units)}x`,
    judgement?.goal ?? '',
    judgement?.reached ?? '',
  ]
}

/** Rows grouped by step, platforms below each other. */
export function stepRows(results: readonly PlatformResult[]): Row[] {
  const names = [...STEPS.map((step) => step.name), ...Object.keys(TAB_TITLES)]
  return names.flatMap((name) =>
    results.flatMap(({ platform, steps }) =>
      steps.filter((result) => result.step === name).map((result) => stepRow(result, platform)),
    ),
  )
}

export const figureRow = (figure: Figure): Row => [
  figure.title,
  `${number(figure.median)} ${figure.unit}`,
  `${number(Math.min(...figure.values))} to ${number(Math.max(...figure.values))}`,
  String(figure.values.length),
  `${number(figure.atLeast)} ${figure.unit}`,
  `${number(figure.aim)} ${figure.unit}`,
  reached(figure),
]

export const growthRow = (row: GrowthRow): Row => [
  row.leaves.toLocaleString('en-US'),
  `${number(row.commitMicrosPerLeaf)} µs`,
  `${number(row.proofMillis)} ms`,
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
