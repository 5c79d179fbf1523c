import type { CaseResult, FileResult } from './job.ts'
import { runnersOf } from './table.ts'

/** Longest value printed of a difference; the JSON report has it whole. */
const LONGEST = 160

const shorten = (value: string): string =>
  value.length <= LONGEST ? value : `${value.slice(0, LONGEST)}... (${value.length} characters)`

export const countOf = (result: FileResult, outcome: CaseResult['outcome']): number =>
  result.cases.filter((item) => item.outcome === outcome).length

/** `type Path: 4, type Multiproof: 4` of the cases without runner. */
function unhandledKinds(result: FileResult): string {
  const kinds = new Map<string, number>()
  for (const item of result.cases)
    if (item.outcome === 'no runner') kinds.set(item.kind, (kinds.get(item.kind) ?? 0) + 1)
  return [...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', ')
}

/** Lines for people about one file on one engine. */
export function linesOf(result: FileResult): string[] {
  const title = `${result.path} ${result.engine}`
  const lines = [`${title}: ${countOf(result, 'passed')} passed, ${countOf(result, 'failed')} failed`]
  for (const item of result.cases) {
    if (item.outcome !== 'failed') continue
    lines.push(`  case ${item.index}${item.name ? ` "${item.name}"` : ''}`)
    for (const problem of item.problems)
      lines.push(`    ${problem.field}: expected ${shorten(problem.expected)}`, `      got ${shorten(problem.got)}`)
  }
  const unhandled = countOf(result, 'no runner')
  if (unhandled > 0) lines.push(`${title}: no runner for ${unhandled} cases (${unhandledKinds(result)})`)
  const unchecked = runnersOf(result.path).flatMap((runner) => runner.unchecked ?? [])
  if (unchecked.length > 0) lines.push(`${title}: not checked yet: ${unchecked.join(', ')}`)
  return lines
}

/** A whole run, for machines. */
export interface RunReport {
  readonly passed: number
  readonly failed: number
  readonly exitCode: number
  /** Files that no runner handles. */
  readonly noRunner: readonly string[]
  /** Files that are not due, in a due run. */
  readonly notDue: readonly string[]
  /** Due files that the directory lacks, in a due run. */
  readonly missing: readonly string[]
  readonly files: readonly (FileResult & { readonly passed: number; readonly failed: number })[]
}

export function reportOf(
  results: readonly FileResult[],
  noRunner: readonly string[],
  notDue: readonly string[],
  missing: readonly string[],
): RunReport {
  const files = results.map((result) => ({
    ...result,
    passed: countOf(result, 'passed'),
    failed: countOf(result, 'failed'),
  }))
  const passed = files.reduce((sum, file) => sum + file.passed, 0)
  const failed = files.reduce((sum, file) => sum + file.failed, 0) + missing.length
  const unhandled = noRunner.length > 0 || results.some((result) => countOf(result, 'no runner') > 0)
  const exitCode = failed > 0 || unhandled || passed === 0 ? 1 : 0
  return { passed, failed, exitCode, noRunner, notDue, missing, files }
}
