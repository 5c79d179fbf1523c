#!/usr/bin/env node
/** `npm run check`: everything that can be said about the code without running it. One line each; exit code 1 on a failure. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generatedCode } from './check/generated.ts'
import { crateLicences, npmLicences } from './check/licences.ts'
import { lockFiles } from './check/locks.ts'
import { command, type Outcome, root } from './check/process.ts'
import { sizeBudgets } from './check/sizes.ts'

const crates = join(root, 'wasm-crates')
/** The rules of biome.json that say which room may know what. */
const IMPORT_RULES = ['style/noRestrictedImports', 'style/noRestrictedGlobals', 'suspicious/noImportCycles']

const CHECKS: Readonly<Record<string, () => Outcome | Promise<Outcome>>> = {
  types: () => command('tsc', ['--noEmit', '--pretty', 'false']),
  lint: () => command('biome', ['check', '--max-diagnostics=100', '.']),
  imports: () =>
    command('biome', ['lint', ...IMPORT_RULES.map((rule) => `--only=${rule}`), '--max-diagnostics=100', '.']),
  generated: generatedCode,
  locks: lockFiles,
  'licences-npm': npmLicences,
  'licences-crates': crateLicences,
  sizes: sizeBudgets,
  rustfmt: () => command('cargo', ['fmt', '--all', '--check'], crates),
  clippy,
}

/** The addon is linted without its test target: there its exports, which only JavaScript calls, look unused. */
async function clippy(): Promise<Outcome> {
  const lint = (...targets: readonly string[]) =>
    command('cargo', ['clippy', '--quiet', '--locked', ...targets, '--', '-D', 'warnings'], crates)
  const most = await lint('--workspace', '--exclude', 'native', '--all-targets')
  return most.ok ? await lint('--package', 'native') : most
}

const MOST_LINES = 80
const HELP = `usage: npm run -s check -- [--only NAME[,NAME...]] [--json FILE]

  --only   only these: ${Object.keys(CHECKS).join(', ')}
  --json   also write the results as [{name, ok, seconds, detail}]
`

interface Result extends Outcome {
  readonly name: string
  readonly seconds: number
}

async function perform(name: string, check: () => Outcome | Promise<Outcome>): Promise<Result> {
  const start = performance.now()
  let outcome: Outcome
  try {
    outcome = await check()
  } catch (error) {
    outcome = { ok: false, detail: String(error instanceof Error ? error.message : error) }
  }
  return { name, ...outcome, seconds: Math.round((performance.now() - start) / 100) / 10 }
}

/** What failed, indented; when it is long its beginning, and the whole in a file. */
function shown({ name, detail }: Result): string {
  const lines = detail.split('\n')
  const file = join('.petal/logs', `check-${name}.log`)
  mkdirSync(join(root, '.petal/logs'), { recursive: true })
  writeFileSync(join(root, file), detail)
  const more = lines.length > MOST_LINES ? [`... ${lines.length - MOST_LINES} more lines in ${file}`] : []
  return [...lines.slice(0, MOST_LINES), ...more].map((line) => `  | ${line}`).join('\n')
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const wanted = values.only?.split(',') ?? Object.keys(CHECKS)
  const unknown = wanted.filter((name) => !Object.hasOwn(CHECKS, name))
  if (unknown.length > 0) throw new TypeError(`no such check: ${unknown.join(', ')}`)
  const results: Result[] = []
  for (const [name, check] of Object.entries(CHECKS)) {
    if (!wanted.includes(name)) continue
    const result = await perform(name, check)
    results.push(result)
    const remark = result.ok ? result.detail : ''
    console.log(
      `${result.ok ? 'ok    ' : 'FAILED'} ${name.padEnd(16)}${result.seconds.toFixed(1).padStart(6)} s  ${remark}`,
    )
    if (!result.ok) console.log(shown(result))
  }
  if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 2))
  const failed = results.filter((result) => !result.ok).length
  console.log(`\n${results.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const usage = error instanceof TypeError ? `\n\n${HELP}` : ''
  console.error(`check: ${error instanceof Error ? error.message : error}${usage}`)
  process.exitCode = 2
}
