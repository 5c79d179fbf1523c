/** Strict reading of command lines: citty takes unknown options silently, a person mistypes them. */
import { parseArgs } from 'node:util'
import type { ArgsDef } from 'citty'
import { messageOf } from '../errors.ts'

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was given: options that are switches, and the words that are no options. */
export interface CheckedArguments {
  readonly switches: ReadonlySet<string>
  readonly words: readonly string[]
}

/**
 * Throws `UsageError` for an option that the command does not have, a missing value, or a word where the command takes none. What it returns
 * is for what citty reads otherwise: several words, and switches that begin with `no-`.
 */
export function checkArguments(rawArgs: readonly string[], definitions: ArgsDef): CheckedArguments {
  const entries = Object.entries(definitions)
  const options = Object.fromEntries(
    entries
      .filter(([, { type }]) => type !== 'positional')
      .map(([name, { type }]) => [name, { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  )
  const allowPositionals = entries.some(([, { type }]) => type === 'positional')
  try {
    const { values, positionals } = parseArgs({ args: [...rawArgs], options, strict: true, allowPositionals })
    const switches = Object.keys(values).filter((name) => values[name] === true)
    return { switches: new Set(switches), words: positionals }
  } catch (error) {
    // The first sentence says what is wrong; what follows explains Node's own conventions.
    const [sentence] = messageOf(error).split(/\. |\n/)
    throw new UsageError((sentence ?? '').replace(/^./, (letter) => letter.toLowerCase()))
  }
}

/** A number option. Throws `UsageError`. */
export function numberOption(name: string, text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw new UsageError(`--${name} ${text} is not a number`)
  return number
}

/** All values of an option that may be given several times. */
export function repeatedOption(rawArgs: readonly string[], name: string): readonly string[] {
  const options = { [name]: { type: 'string' as const, multiple: true } }
  const { values } = parseArgs({ args: [...rawArgs], options, strict: false })
  const given = values[name]
  return Array.isArray(given) ? given.map(String) : []
}
