/** What is fuzzed: calls that take whatever a peer, a file or a person may send. */
import type { Random } from './random.ts'

export interface Target {
  readonly name: string
  /** How often it is chosen, compared with others; small where one call costs much. */
  readonly weight: number
  /**
   * Makes one input and answers what each engine (or the one parser) makes of it. Several outcomes must be equal.
   * Throws nothing of its own: `outcomeOf` turns errors into outcomes.
   */
  run(random: Random): { readonly input: string; readonly outcomes: readonly Outcome[] }
}

/** `value:...` or `error:CODE` for what is allowed; `wrong: ...` for what must never happen. */
export type Outcome = string

/** Runs a call; only values and errors that `codeOf` recognises are allowed. */
export function outcomeOf(call: () => unknown, codeOf: (error: unknown) => string | undefined): Outcome {
  try {
    return `value:${show(call())}`
  } catch (error) {
    const code = codeOf(error)
    if (code !== undefined) return `error:${code}`
    return `wrong: ${error instanceof Error ? (error.stack ?? `${error}`) : `${error}`}`
  }
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value)
  return (
    JSON.stringify(value, (_key, member: unknown) => {
      if (typeof member === 'bigint') return `${member}n`
      return member instanceof Uint8Array ? toHex(member) : member
    }) ?? 'undefined'
  )
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
