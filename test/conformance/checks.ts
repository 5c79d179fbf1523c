import { type Fields, toHex } from './fields.ts'

/** One difference between a vector and an engine. */
export interface Problem {
  readonly field: string
  readonly expected: string
  readonly got: string
}

/** Codes that an engine call may throw with (`EngineErrorCode`); anything else is an abort. */
const CODES: readonly string[] = ['length', 'decode', 'range', 'empty', 'identity', 'cancelled', 'handle', 'arguments']

/** Before what an implementation threw without a documented code. */
const ABORTED = 'aborted: '

const show = (value: unknown): string => {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}

/** What an engine threw, in one line: its stable code when it has one. */
export function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `threw ${show(thrown)}`
  const code = 'code' in thrown ? String(thrown.code) : null
  return code !== null && CODES.includes(code)
    ? `error ${code}: ${thrown.message}`
    : `${ABORTED}${thrown.name}: ${thrown.message}`
}

/** Collects the differences of one case; every check runs, also after another one failed. */
export class Checks {
  readonly problems: Problem[] = []
  /** Checks made: a case with none has shown nothing and does not pass. */
  count = 0

  /** Compares values by their text: byte strings as hex, integers in decimal, lists as JSON. */
  equal(field: string, expected: unknown, got: unknown): void {
    this.count += 1
    if (show(expected) !== show(got)) this.problems.push({ field, expected: show(expected), got: show(got) })
  }

  /** `call` gives `expected`; a call that throws is a difference of this field only. */
  gives(field: string, expected: unknown, call: () => unknown): void {
    this.count += 1
    try {
      const got = call()
      if (show(expected) !== show(got)) this.problems.push({ field, expected: show(expected), got: show(got) })
    } catch (thrown) {
      this.problems.push({ field, expected: show(expected), got: describeThrown(thrown) })
    }
  }

  /**
   * The checks of `run` find no difference where the values of a case are said to be valid, and at least one where they are said to be wrong. For
   * cases that are nothing but values; an implementation that aborts has not found a difference.
   */
  values(fields: Fields, run: (check: Checks) => void): void {
    if (!fields.has('valid') || fields.requiredVerdict()) {
      run(this)
      return
    }
    const check = new Checks()
    run(check)
    this.count += 1
    if (!check.problems.some(({ got }) => !got.startsWith(ABORTED)))
      this.problems.push({ field: 'valid', expected: 'a wrong value', got: 'none' })
  }

  /** `call` refuses with one of the documented codes; an answer or an abort is a difference. */
  refuses(field: string, call: () => unknown): void {
    this.count += 1
    try {
      this.problems.push({ field, expected: 'an error', got: show(call()) })
    } catch (thrown) {
      const got = describeThrown(thrown)
      if (!got.startsWith('error ')) this.problems.push({ field, expected: 'an error with a stable code', got })
    }
  }
}
