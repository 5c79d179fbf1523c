/** The parts of `npm test`: how each is run, and where its counts are read. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../check/process.ts'
import { type Counts, countCargo, countChecks, countClosingLine, countPlaywright, NOTHING } from './count.ts'

export interface Part {
  readonly name: string
  /** `--only` value that selects it. */
  readonly group: string
  readonly command: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly needsBrowser?: boolean
  count(output: string): Counts
}

const reports = join(root, '.petal/reports')
export const reportOf = (name: string): string => join(reports, `${name}.json`)

function fromReport(name: string, count: (report: never) => Counts): () => Counts {
  return () => (existsSync(reportOf(name)) ? count(JSON.parse(readFileSync(reportOf(name), 'utf8')) as never) : NOTHING)
}

function vitest(project: string): Part {
  const name = `vitest-${project}`
  return {
    name,
    group: 'vitest',
    command: ['vitest', 'run', '--project', project],
    env: { PETAL_REPORT: reportOf(name) },
    needsBrowser: project === 'browser',
    count: fromReport(name, (counts: Counts) => counts),
  }
}

/** Crates that hold no tests: adapters that only another language can call, and the builder. */
const WITHOUT_TESTS = ['wasm', 'native', 'xtask']

export const PARTS: readonly Part[] = [
  {
    name: 'check',
    group: 'check',
    command: ['node', 'scripts/check.ts', '--json', reportOf('check')],
    count: fromReport('check', countChecks),
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
  },
  vitest('node'),
  vitest('browser'),
  {
    name: 'conformance',
    group: 'conformance',
    command: ['node', 'test/conformance/main.ts', '--due'],
    count: countClosingLine,
  },
  {
    name: 'e2e',
    group: 'e2e',
    command: ['playwright', 'test', '--config', 'test/e2e/playwright.config.ts', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: reportOf('e2e') },
    needsBrowser: true,
    count: fromReport('e2e', countPlaywright),
  },
]

export const GROUPS = [...new Set(PARTS.map(({ group }) => group))]
