/** Reads how many tests passed from what each tool says about its run. */

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 }

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    NOTHING,
  )
}

/** Adds up the `test result:` lines of `cargo test`, one per test program. */
export function countCargo(output: string): Counts {
  const lines = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm)
  return sum(
    [...lines].map(([, passed, failed, ignored]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(ignored),
    })),
  )
}

/** The closing line `N passed, N failed`, the last one of that form. */
export function countClosingLine(output: string): Counts {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/gm)].at(-1)
  return last === undefined
    ? NOTHING
    : { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) }
}

/** Playwright's JSON report: a flaky test is one that failed, errors outside tests count too. */
export function countPlaywright(report: unknown): Counts {
  const { stats, errors } = report as {
    stats: { expected: number; unexpected: number; flaky: number; skipped: number }
    errors?: readonly unknown[]
  }
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + (errors?.length ?? 0),
    skipped: stats.skipped,
  }
}

/** Results of `scripts/check.ts --json`: each check counts as one test. */
export function countChecks(results: readonly { readonly ok: boolean }[]): Counts {
  const passed = results.filter(({ ok }) => ok).length
  return { passed, failed: results.length - passed, skipped: 0 }
}

/**
 * What a part counts for in the end. One that ended badly without naming a failed test, or that ran no test at all, has
 * failed as a whole: `reason` says which of the two.
 */
export function settle(counts: Counts, ended: string | null): Counts & { readonly reason: string | null } {
  if (ended !== null && counts.failed === 0) return { ...counts, failed: 1, reason: ended }
  if (counts.passed + counts.failed === 0) return { ...counts, failed: 1, reason: 'no test ran' }
  return { ...counts, reason: null }
}
