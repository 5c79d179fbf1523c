/** Child process of the conformance run: runs one file on one engine at a time, so that an abort ends only the case. */
import type { FullEngine } from '../../core/platform/engine.ts'
import { loadNativeEngine } from '../engines/native.ts'
import { loadWasmEngine } from '../engines/wasm.ts'
import { Checks, describeThrown, type Problem } from './checks.ts'
import { type Fields, Malformed } from './fields.ts'
import { loadVectorFile } from './files.ts'
import { type CaseResult, failure, type Job, type Report } from './job.ts'
import type { CaseRunner, FileRunner, VectorFile } from './runner.ts'
import { handledElsewhere, runnersOf } from './table.ts'

const say = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => process.send?.(report, (error: Error | null) => (error ? reject(error) : resolve())))

async function load({ engine, build }: Job): Promise<FullEngine> {
  if (engine === 'wasm') return loadWasmEngine(build.variant)
  const addon = loadNativeEngine()
  addon.setPortable(build.portable)
  return addon
}

/** The runner of the cases; when the file or the engine cannot be prepared, every case fails with that reason. */
const openRunner = async (runner: FileRunner, file: VectorFile, job: Job): Promise<CaseRunner> => {
  try {
    if (runner.backing === 'core') return runner.open(file)
    return runner.open(file, await load(job))
  } catch (thrown) {
    return () => {
      throw thrown
    }
  }
}

/** Runs one case; whatever goes wrong is a difference of this case. */
function runCase(run: CaseRunner, fields: Fields, index: number): readonly Problem[] {
  const check = new Checks()
  try {
    run(fields, check, index)
  } catch (thrown) {
    const got = thrown instanceof Malformed ? `malformed: ${thrown.message}` : describeThrown(thrown)
    return [...check.problems, { field: 'case', expected: 'documented fields and an answer', got }]
  }
  if (check.count === 0) return [{ field: 'case', expected: 'something to check', got: 'nothing was checked' }]
  return check.problems
}

/** Why a case is not for this runner, or null. A case whose kind cannot be told is run, and fails. */
function unhandled(runner: FileRunner, fields: Fields): string | null {
  try {
    return runner.unhandled?.(fields) ?? null
  } catch (thrown) {
    if (thrown instanceof Malformed) return null
    throw thrown
  }
}

function resultOf(runner: FileRunner, job: Job, fields: Fields, index: number, run: CaseRunner): CaseResult {
  const common = { index, name: fields.has('name') ? String(fields.raw('name')) : '' }
  const kind = unhandled(runner, fields)
  if (kind !== null) {
    const outcome = handledElsewhere(job.path, runner, fields) ? 'elsewhere' : 'no runner'
    return { ...common, outcome, problems: [], kind }
  }
  const problems = runCase(run, fields, index)
  return { ...common, outcome: problems.length === 0 ? 'passed' : 'failed', problems, kind: '' }
}

async function runJob(job: Job): Promise<void> {
  const runner = runnersOf(job.path).find(({ backing }) => (backing === 'core') === (job.engine === 'core'))
  if (runner === undefined) throw new Error(`no runner for ${job.path}`)
  const file = loadVectorFile(job.directory, job.path)
  const run = await openRunner(runner, file, job)
  for (const [index, fields] of file.cases.entries()) {
    if (index < job.start) continue
    await say({
      type: 'begin',
      index,
      name: fields.has('name') ? String(fields.raw('name')) : '',
      total: file.cases.length,
    })
    const result = resultOf(runner, job, fields, index, run)
    await say({ type: 'case', result })
    // A WASM module that trapped is in no defined state: the next case gets a new process.
    if (result.problems.some(({ got }) => got.startsWith('aborted: RuntimeError'))) process.exit(1)
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (job: Job) => {
  runJob(job)
    .catch((thrown: unknown) => {
      const got = thrown instanceof Malformed ? thrown.message : describeThrown(thrown)
      return say({ type: 'case', result: failure(job.start, '(whole file)', got) })
    })
    .then(() => say({ type: 'done' }))
    .catch(() => process.exit(1))
})
