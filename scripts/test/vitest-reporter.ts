/**
 * Ends a Vitest run with `N passed, N failed[, N skipped]`, after everything else, and writes the same as JSON to the
 * file that PETAL_REPORT names. A test file that cannot be loaded and an error outside any test count as failed.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export default class Closing implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed') counts[state]++
        else counts.skipped++
      }
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    }
    if (process.env.PETAL_REPORT) writeFileSync(process.env.PETAL_REPORT, JSON.stringify(counts))
    process.once('exit', () => {
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
      console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`)
    })
  }
}
