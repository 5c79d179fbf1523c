#!/usr/bin/env node
/** `npm test`: every part after the other, its output as it comes, what failed, a table, and last the line `N passed, N failed`. */
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './check/process.ts'
import { type Counts, NOTHING, settle, sum } from './test/count.ts'
import { type Failure, linesOfFailures } from './test/failures.ts'
import { GROUPS, PARTS, type Part, reportOf } from './test/parts.ts'

const HELP = `usage: npm test [-- --only NAME[,NAME...]]

  --only   only these parts: ${GROUPS.join(', ')}

The output of each part is also in .petal/logs/test-PART.log. A part that ends badly without a failed test, or that runs
no test, counts as one failure. Exit code 0 when nothing failed, 1 otherwise, 2 for wrong usage.
`

interface Result extends Counts {
  readonly name: string
  readonly seconds: number
  readonly reason: string | null
  readonly failures: readonly Failure[]
}

function hasBrowser(): boolean {
  const file = join(root, '.petal/chromium')
  return existsSync(process.env.PETAL_CHROMIUM ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : ''))
}

/** Runs the program of a part; answers its output, and why it ended badly or null. */
function execute(part: Part): Promise<{ output: string; ended: string | null }> {
  const [name = '', ...args] = part.command
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  const log = createWriteStream(join(root, '.petal/logs', `test-${part.name}.log`))
  return new Promise((resolve) => {
    const child = spawn(name, args, {
      cwd: join(root, part.cwd ?? '.'),
      env: { ...process.env, PATH: path, ...part.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      log.write(chunk)
      process.stdout.write(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      log.write(chunk)
      process.stderr.write(chunk)
    })
    const end = (ended: string | null) => log.end(() => resolve({ output, ended }))
    child.once('error', (error) => end(`${name} could not be started: ${error.message}`))
    child.once('close', (code, signal) => end(code === 0 ? null : `${name} ended with ${signal ?? `code ${code}`}`))
  })
}

async function perform(part: Part): Promise<Result> {
  console.log(`\n=== ${part.name}: ${part.command.join(' ')}`)
  const start = performance.now()
  rmSync(reportOf(part.name), { force: true })
  let settled: Counts & { reason: string | null }
  let failures: readonly Failure[] = []
  if (part.needsBrowser && !hasBrowser()) {
    settled = settle(NOTHING, 'not run: no Chromium was found (PETAL_CHROMIUM names one)')
  } else {
    const { output, ended } = await execute(part)
    try {
      settled = settle(part.count(output), ended)
      failures = part.failures(output)
    } catch (error) {
      settled = settle(NOTHING, `its report cannot be read: ${error instanceof Error ? error.message : error}`)
    }
  }
  if (settled.reason !== null) console.log(`${part.name}: ${settled.reason}`)
  return { name: part.name, ...settled, failures, seconds: (performance.now() - start) / 1000 }
}

function printTable(results: readonly Result[]): void {
  const row = (name: string, cells: readonly string[], reason = '') =>
    console.log(`${name.padEnd(16)}${cells.map((cell) => cell.padStart(9)).join('')}  ${reason}`.trimEnd())
  console.log('')
  row('part', ['passed', 'failed', 'skipped', 'seconds'])
  for (const { name, passed, failed, skipped, seconds, reason } of results) {
    row(name, [String(passed), String(failed), String(skipped), seconds.toFixed(1)], reason ?? '')
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const wanted = values.only?.split(',') ?? GROUPS
  const unknown = wanted.filter((group) => !GROUPS.includes(group))
  if (unknown.length > 0) throw new TypeError(`no such part: ${unknown.join(', ')}`)
  for (const folder of ['logs', 'reports']) mkdirSync(join(root, '.petal', folder), { recursive: true })
  const results: Result[] = []
  for (const part of PARTS) if (wanted.includes(part.group)) results.push(await perform(part))
  console.log('')
  for (const { name, failures } of results) for (const line of linesOfFailures(name, failures)) console.log(line)
  printTable(results)
  const total = sum(results)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const usage = error instanceof TypeError ? `\n\n${HELP}` : ''
  console.error(`test: ${error instanceof Error ? error.message : error}${usage}`)
  process.exitCode = 2
}
