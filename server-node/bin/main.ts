/** The commands of the program. */
import { stripVTControlCharacters } from 'node:util'
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { UsageError } from './arguments.ts'
import { wantsColour } from './colour.ts'
import { wrap } from './wrap.ts'

const main = defineCommand({
  meta: { name: 'petal-node', description: 'Serves frames of a network to browsers, and the page that verifies them' },
  subCommands: {
    start: () => import('./start.ts').then(({ start }) => start),
    probe: () => import('../probe/command.ts').then(({ probeCommand }) => probeCommand),
    keys: () => import('../keys/command.ts').then(({ keys }) => keys),
    release: () => import('../release/command.ts').then(({ release }) => release),
    state: () => import('../state/command.ts').then(({ state }) => state),
    version: () => import('./version.ts').then(({ version }) => version),
  },
})

const HELP = ['--help', '-h']
/** Width of help where no terminal says its own, and the widest that is easy to read. */
const USUAL_COLUMNS = 80
const MOST_COLUMNS = 100

/** Runs one command line. Throws `UsageError` for wrong use; whatever a command runs into sets `process.exitCode`. */
export async function dispatch(rawArgs: readonly string[]): Promise<void> {
  await dispatchWithin(main, rawArgs)
}

/** Whether a word names a command. */
export function isCommand(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(main.subCommands ?? {}, word)
}

type Group = Readonly<Record<string, CommandDef<ArgsDef> | (() => Promise<CommandDef<ArgsDef>>)>>

/** Finds the command by its name, and by the names within a group, and runs it or shows how it is used. Throws `UsageError` for wrong use. */
export async function dispatchWithin(
  group: CommandDef<ArgsDef>,
  [name, ...rest]: readonly string[],
  parent?: CommandDef<ArgsDef>,
): Promise<void> {
  if (name !== undefined && HELP.includes(name)) return usage(group, parent)
  const commands = group.subCommands as Group
  if (name === undefined) throw new UsageError(`say what to do: ${Object.keys(commands).join(', ')}`)
  if (!Object.hasOwn(commands, name)) throw new UsageError(`unknown command ${name}`)
  const found = commands[name] as Group[string]
  const command = typeof found === 'function' ? await found() : found
  if (command.subCommands !== undefined) return dispatchWithin(command, rest, group)
  if (rest.some((argument) => HELP.includes(argument))) return usage(command, group)
  await runCommand(command, { rawArgs: [...rest] })
}

async function usage(command: CommandDef<ArgsDef>, parent?: CommandDef<ArgsDef>): Promise<void> {
  const columns = Math.min(process.stdout.columns ?? USUAL_COLUMNS, MOST_COLUMNS)
  const text = wrap(await renderUsage(command, parent), columns)
  console.log(wantsColour(process.stdout, process.env) ? text : stripVTControlCharacters(text))
}
