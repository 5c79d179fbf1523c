/** The commands of the program. */
import { stripVTControlCharacters } from 'node:util'
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { UsageError } from './arguments.ts'
import { wantsColour } from './colour.ts'

const main = defineCommand({
  meta: { name: 'petal-node', description: 'Serves frames of a network to browsers, and the page that verifies them' },
  subCommands: {
    start: () => import('./start.ts').then(({ start }) => start),
    keys: () => import('../keys/command.ts').then(({ keys }) => keys),
    state: () => import('../state/command.ts').then(({ state }) => state),
    version: () => import('./version.ts').then(({ version }) => version),
  },
})

const HELP = ['--help', '-h']

/** Runs one command line. Throws `UsageError` for wrong use; whatever a command runs into sets `process.exitCode`. */
export async function dispatch([name, ...rest]: readonly string[]): Promise<void> {
  if (name === undefined) throw new UsageError('say what to do: start, keys, state or version')
  if (HELP.includes(name)) return usage(main)
  const command = await commandNamed(name)
  if (rest.some((argument) => HELP.includes(argument))) return usage(command, main)
  await runCommand(command, { rawArgs: [...rest] })
}

async function commandNamed(name: string): Promise<CommandDef<ArgsDef>> {
  const commands = main.subCommands as Record<string, () => Promise<CommandDef<ArgsDef>>>
  if (!Object.hasOwn(commands, name)) throw new UsageError(`unknown command ${name}`)
  return (commands[name] as () => Promise<CommandDef<ArgsDef>>)()
}

async function usage(command: CommandDef<ArgsDef>, parent?: CommandDef<ArgsDef>): Promise<void> {
  const text = await renderUsage(command, parent)
  console.log(wantsColour(process.stdout, process.env) ? text : stripVTControlCharacters(text))
}
