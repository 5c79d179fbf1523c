import { writeFileSync } from 'node:fs'
import { DUE_FILES } from './due.ts'
import { Malformed } from './fields.ts'
import { listVectorFiles, selects } from './files.ts'
import type { FileResult, Job } from './job.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { runInOrder } from './pool.ts'
import { linesOf, reportOf } from './report.ts'
import { runnersOf } from './table.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Progress of long files, for people who watch. */
function showProgress(job: Job, index: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${job.path} ${job.engine}: case ${index + 1} of ${total}`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}

/** What of the chosen files runs, has no runner, is not due, or is due and missing. */
function plan(options: Options) {
  const paths = listVectorFiles(options.directory, options.areas)
  const chosen = options.due ? paths.filter((path) => DUE_FILES.includes(path)) : paths
  const jobs = chosen.flatMap((path) =>
    runnersOf(path).flatMap(({ backing }): Job[] => {
      const engines = backing === 'core' ? (['core'] as const) : options.engines
      const common = { directory: options.directory, path, build: options.build, start: 0 }
      return engines.map((engine) => ({ ...common, engine }))
    }),
  )
  const wanted = DUE_FILES.filter(
    (path) => options.areas.length === 0 || options.areas.some((area) => selects(area, path)),
  )
  return {
    jobs,
    noRunner: chosen.filter((path) => runnersOf(path).length === 0),
    notDue: paths.filter((path) => !chosen.includes(path)),
    missing: options.due ? wanted.filter((path) => !paths.includes(path)) : [],
  }
}

async function run(options: Options): Promise<number> {
  const { jobs, noRunner, notDue, missing } = plan(options)
  const results: FileResult[] = []
  await runInOrder(jobs, options.jobs, showProgress, (result) => {
    clearProgress()
    results.push(result)
    for (const line of linesOf(result)) print(line)
  })
  for (const path of noRunner) print(`${path}: no runner`)
  for (const path of notDue) print(`${path}: not due`)
  for (const path of missing) print(`${path}: due, but missing`)
  const report = reportOf(results, noRunner, notDue, missing)
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  print(`${report.passed} passed, ${report.failed} failed`)
  return report.exitCode
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) print(USAGE)
  process.exitCode = options === null ? 0 : await run(options)
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Malformed)) throw error
  process.stderr.write(`${error.message}\n\n${USAGE}\n`)
  process.exitCode = 2
}
