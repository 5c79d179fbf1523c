/** The parts of `npm test`: how each is run, and where its counts and its failures are read. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../check/process.ts'
import { type Counts, countCargo, countChecks, countClosingLine, countPlaywright, NOTHING } from './count.ts'
import { type Failure, failedCargo, failedChecks, failedPlaywright, failedVectors } from './failures.ts'
import type { VitestReport } from './vitest-reporter.ts'

export interface Part {
  readonly name: string
  /** `--only` value that selects it. */
  readonly group: string
  readonly command: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly needsBrowser?: boolean
  count(output: string): Counts
  /** Those of its tests that failed. */
  failures(output: string): readonly Failure[]
}

const reports = join(root, '.petal/reports')
export const reportOf = (name: string): string => join(reports, `${name}.json`)

/** Reads what it wants from the report that the part wrote, or answers `none` when it wrote none. */
function fromReport<T>(name: string, none: T, read: (report: never) => T): () => T {
  return () => (existsSync(reportOf(name)) ? read(JSON.parse(readFileSync(reportOf(name), 'utf8')) as never) : none)
}

function vitest(project: string): Part {
  const name = `vitest-${project}`
  return {
    name,
    group: 'vitest',
    command: ['vitest', 'run', '--project', project],
    env: { PETAL_REPORT: reportOf(name) },
    needsBrowser: project === 'browser',
    count: fromReport(name, NOTHING, ({ passed, failed, skipped }: VitestReport) => ({ passed, failed, skipped })),
    failures: fromReport(name, [], ({ failures }: VitestReport) => failures),
  }
}

/** Crates that hold no tests: adapters that only another language can call, and the builder. */
const WITHOUT_TESTS = ['wasm', 'native', 'xtask']

export const PARTS: readonly Part[] = [
  {
    name: 'check',
    group: 'check',
    command: ['node', 'scripts/check.ts', '--json', reportOf('check')],
    count: fromReport('check', NOTHING, countChecks),
    failures: fromReport('check', [], failedChecks),
  },
  {
    name: 'cargo',
    group: 'cargo',
    command: [
      'cargo',
      'test',
      '--workspace',
      ...WITHOUT_TESTS.flatMap((crate) => ['--exclude', crate]),
      '--locked',
      '--no-fail-fast',
    ],
    cwd: 'wasm-crates',
    count: countCargo,
    failures: failedCargo,
  },
  vitest('node'),
  vitest('browser'),
  {
    name: 'conformance',
    group: 'conformance',
    command: ['node', 'test/conformance/main.ts', '--due'],
    count: countClosingLine,
    failures: failedVectors,
  },
  {
    name: 'e2e',
    group: 'e2e',
    command: ['playwright', 'test', '--config', 'test/e2e/playwright.config.ts', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: reportOf('e2e') },
    needsBrowser: true,
    count: fromReport('e2e', NOTHING, countPlaywright),
    failures: fromReport('e2e', [], failedPlaywright),
  },
]

export const GROUPS = [...new Set(PARTS.map(({ group }) => group))]
