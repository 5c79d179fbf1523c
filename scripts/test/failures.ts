/**
 * What failed, told once more behind everything else: whoever has only the end of a long log still learns which test it
 * was and what it said. The whole is in the log of the part.
 */

export interface Failure {
  /** Where it is: a file and the path of titles, a check, or a file of vectors and its engine. */
  readonly name: string
  /** What it said, of any length. */
  readonly detail: string
}

const MOST_FAILURES = 30
const MOST_LINES = 12
const LONGEST_LINE = 300

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
const COLOURS = /\x1b\[[0-9;]*m/g

/** Lines for people: at most 30 failures, 12 lines of each. */
export function linesOfFailures(part: string, failures: readonly Failure[]): string[] {
  const lines = failures.slice(0, MOST_FAILURES).flatMap(({ name, detail }) => {
    const said = detail.replace(COLOURS, '').split('\n')
    const told = said.filter((line) => line.trim() !== '').slice(0, MOST_LINES)
    return [`failed: ${part}: ${name}`, ...told.map((line) => `  | ${line.slice(0, LONGEST_LINE)}`)]
  })
  const more = failures.length - MOST_FAILURES
  return more > 0 ? [...lines, `failed: ${part}: ${more} more`] : lines
}

/** Results of `scripts/check.ts --json`. */
export function failedChecks(
  results: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[],
): Failure[] {
  return results.filter(({ ok }) => !ok).map(({ name, detail }) => ({ name, detail }))
}

/** What `cargo test` prints of each failed test: `---- name stdout ----` and its output, up to the next or the list. */
export function failedCargo(output: string): Failure[] {
  const blocks = output.matchAll(/^---- (.+?) (?:stdout )?----\n([\s\S]*?)(?=^---- |^failures:$|(?![\s\S]))/gm)
  return [...blocks].map(([, name = '', detail = '']) => ({ name, detail }))
}

/** What the conformance runner prints of a file with failed cases: its line of counts and the indented lines below. */
export function failedVectors(output: string): Failure[] {
  const blocks = output.matchAll(/^(\S+ \w+): \d+ passed, [1-9]\d* failed\n((?: .*\n)*)/gm)
  const without = output.matchAll(/^(\S+(?: \w+)?): (no runner.*|due, but missing)$/gm)
  return [...blocks, ...without].map(([, name = '', detail = '']) => ({ name, detail }))
}

interface PlaywrightSuite {
  readonly title: string
  readonly suites?: readonly PlaywrightSuite[]
  readonly specs?: readonly {
    readonly title: string
    readonly tests: readonly {
      readonly status: string
      readonly results: readonly { readonly errors?: readonly { readonly message?: string }[] }[]
    }[]
  }[]
}

/** Playwright's JSON report: tests that did not do what was expected each time, and errors outside tests. */
export function failedPlaywright(report: unknown): Failure[] {
  const { suites, errors } = report as {
    suites?: readonly PlaywrightSuite[]
    errors?: readonly { readonly message?: string }[]
  }
  const told = (all: readonly { readonly message?: string }[]) => all.map(({ message }) => message ?? '').join('\n')
  const inside = (suite: PlaywrightSuite, path: string): Failure[] => [
    ...(suite.specs ?? []).flatMap(({ title, tests }) =>
      tests
        .filter(({ status }) => status === 'unexpected' || status === 'flaky')
        .map(({ results }) => ({
          name: `${path} > ${title}`,
          detail: told(results.flatMap((result) => result.errors ?? [])),
        })),
    ),
    ...(suite.suites ?? []).flatMap((below) => inside(below, `${path} > ${below.title}`)),
  ]
  return [
    ...(suites ?? []).flatMap((suite) => inside(suite, suite.title)),
    ...(errors ?? []).map((error) => ({ name: 'outside any test', detail: told([error]) })),
  ]
}
