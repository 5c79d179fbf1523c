/**
 * Ends a Vitest run with `N passed, N failed[, N skipped]`, after everything else, and writes the same as JSON to the
 * file that PETAL_REPORT names, with what failed. A test file that cannot be loaded and an error outside any test count
 * as failed.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import type { Counts } from './count.ts'
import type { Failure } from './failures.ts'

/** What is in the file. */
export interface VitestReport extends Counts {
  readonly failures: readonly Failure[]
}

/** Message, difference and the place in our own code of each error. */
function told(errors: readonly SerializedError[]): string {
  return errors
    .flatMap(({ message, diff, stack }) => {
      const place = stack?.split('\n').find((line) => /^\s*at /.test(line) && !line.includes('node_modules'))
      return [message, place ?? '', diff ?? '']
    })
    .join('\n')
}

export default class Closing implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const failures: Failure[] = []
    const failedOutside = (name: string, found: readonly SerializedError[]) => {
      counts.failed += found.length
      for (const error of found) failures.push({ name, detail: told([error]) })
    }
    failedOutside('outside any test', errors)
    for (const module of modules) {
      const file = module.relativeModuleId
      failedOutside(file, module.errors())
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'failed')
          failures.push({ name: `${file} > ${test.fullName}`, detail: told(result.errors) })
        if (result.state === 'passed' || result.state === 'failed') counts[result.state]++
        else counts.skipped++
      }
      for (const suite of module.children.allSuites()) failedOutside(`${file} > ${suite.fullName}`, suite.errors())
    }
    const report: VitestReport = { ...counts, failures }
    if (process.env.PETAL_REPORT) writeFileSync(process.env.PETAL_REPORT, JSON.stringify(report))
    process.once('exit', () => {
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
      console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`)
    })
  }
}
