/** Strict reading of command lines: citty takes unknown options silently, a person mistypes them. */
import { parseArgs } from 'node:util'
import type { ArgsDef } from 'citty'
import { messageOf } from '../errors.ts'

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Throws `UsageError` for an option that the command does not have, a missing value or a stray word. */
export function checkArguments(rawArgs: readonly string[], definitions: ArgsDef): void {
  const options = Object.fromEntries(
    Object.entries(definitions).map(([name, { type }]) => [
      name,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  try {
    parseArgs({ args: [...rawArgs], options, strict: true, allowPositionals: false })
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
