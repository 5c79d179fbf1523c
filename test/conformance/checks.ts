import { toHex } from './fields.ts'

/** One difference between a vector and an engine. */
export interface Problem {
  readonly field: string
  readonly expected: string
  readonly got: string
}

/** Codes that an engine call may throw with (`EngineErrorCode`); anything else is an abort. */
const CODES: readonly string[] = ['length', 'decode', 'range', 'empty', 'identity', 'cancelled', 'handle', 'arguments']

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
    : `aborted: ${thrown.name}: ${thrown.message}`
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
