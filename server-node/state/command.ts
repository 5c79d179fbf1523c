/** `petal-node state verify | repair | backup | stats | accept-rollback`: upkeep of the store of frames and state, while no node runs on it. */
import { resolve } from 'node:path'
import { StateError } from '@petal/core/platform/state.ts'
import { type ArgsDef, defineCommand } from 'citty'
import { checkArguments, UsageError } from '../bin/arguments.ts'
import { NodeError } from '../errors.ts'
import { DEFAULTS } from '../options.ts'
import { dialNodes } from './dial.ts'
import { repair } from './repair.ts'
import { acceptRollback, backup, type Progress, stats, verify } from './upkeep.ts'

const directory = {
  type: 'string',
  valueHint: 'directory',
  description: 'Data directory of a node that does not run (default .petal/local in the project)',
} as const
const json = { type: 'boolean', description: 'One JSON object instead of lines' } as const

const verifyArgs = {
  'data-dir': directory,
  commitments: {
    type: 'boolean',
    description: 'Rebuilds every tree from its leaves too, and compares with the newest header (takes long)',
  },
  json,
} as const satisfies ArgsDef
const backupArgs = {
  'data-dir': directory,
  to: {
    type: 'string',
    valueHint: 'directory',
    description: 'A data directory for the copy; it must not be there yet',
  },
  json,
} as const satisfies ArgsDef
const repairArgs = {
  'data-dir': directory,
  from: {
    type: 'string',
    valueHint: 'address',
    description: 'A running node that may have what is lost here: its page, or a multiaddr; several with commas',
  },
  json,
} as const satisfies ArgsDef
const acceptArgs = {
  'data-dir': directory,
  rank: {
    type: 'string',
    valueHint: 'number',
    description: 'No vote of this rank or below is given again; needed when the record of the votes is lost',
  },
  json,
} as const satisfies ArgsDef
const statsArgs = { 'data-dir': directory, json } as const satisfies ArgsDef

const verifyCommand = defineCommand({
  meta: {
    name: 'verify',
    description: 'Reads every record and follows every link; exit code 1 when something is damaged or missing',
  },
  args: verifyArgs,
  run: ({ rawArgs, args }) =>
    answering(rawArgs, verifyArgs, args.json, async () => {
      const report = await verify(source(args['data-dir']), args.commitments === true, progress)
      process.exitCode = report.sound ? 0 : 1
      return report
    }),
})

const backupCommand = defineCommand({
  meta: {
    name: 'backup',
    description: 'Copies frames, state and genesis to a new data directory and verifies the copy; keys are not copied',
  },
  args: backupArgs,
  run: ({ rawArgs, args }) =>
    answering(rawArgs, backupArgs, args.json, () => {
      if (args.to === undefined || args.to === '') throw new UsageError('--to is missing')
      return backup(source(args['data-dir']), resolve(args.to), progress)
    }),
})

const repairCommand = defineCommand({
  meta: {
    name: 'repair',
    description:
      'Makes again what is damaged and can be made again, first from this disk; exit code 1 when something stays lost',
  },
  args: repairArgs,
  run: ({ rawArgs, args }) =>
    answering(rawArgs, repairArgs, args.json, async () => {
      const from = args.from?.split(',').filter((address) => address !== '')
      if (from?.length === 0) throw new UsageError('--from needs an address')
      const peers = from && (() => dialNodes(from))
      const report = await repair(source(args['data-dir']), progress, { peers })
      process.exitCode = report.usable ? 0 : 1
      return report
    }),
})

const acceptCommand = defineCommand({
  meta: {
    name: 'accept-rollback',
    description:
      'Lets a node vote again whose state is older than its votes: only when the newer state is lost for good',
  },
  args: acceptArgs,
  run: ({ rawArgs, args }) =>
    answering(rawArgs, acceptArgs, args.json, () => acceptRollback(source(args['data-dir']), rankOf(args.rank))),
})

const statsCommand = defineCommand({
  meta: { name: 'stats', description: 'Frames, generations, records, bytes and the fill of the disk' },
  args: statsArgs,
  run: ({ rawArgs, args }) => answering(rawArgs, statsArgs, args.json, () => stats(source(args['data-dir']))),
})

/** The command for the program's table of commands. */
export const state = defineCommand({
  meta: { name: 'state', description: 'Upkeep of frames and state while the node is stopped' },
  subCommands: {
    verify: verifyCommand,
    repair: repairCommand,
    backup: backupCommand,
    stats: statsCommand,
    'accept-rollback': acceptCommand,
  },
})

/** Runs a command and prints its report; exit code 1 when it fails. */
async function answering(
  rawArgs: readonly string[],
  definitions: ArgsDef,
  asJson: boolean | undefined,
  command: () => Promise<object>,
): Promise<void> {
  checkArguments(rawArgs, definitions)
  try {
    const report = await command()
    console.log(asJson ? JSON.stringify(report) : lines(report))
  } catch (error) {
    if (!(error instanceof StateError || error instanceof NodeError)) throw error
    if (asJson) console.log(JSON.stringify({ error: error.code, message: error.message }))
    else console.error(`petal-node: ${error.message}`)
    process.exitCode = 1
  }
}

/** Whoever waits sees something move; short work says nothing. Not on the standard output, which programs read. */
const QUIET_MILLIS = 2_000
const progress: Progress = (() => {
  let last = performance.now()
  return (text) => {
    if (performance.now() - last < QUIET_MILLIS) return
    last = performance.now()
    console.error(text)
  }
})()

/** Names and values, one a line; `-` for what is not there or was not asked for. */
function lines(report: object): string {
  const entries = Object.entries(report).map(([name, value]) => [words(name), shown(value)] as const)
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((item) => shown(item)).join('; ')
  if (value === null) return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([name, part]) => `${name} ${shown(part)}`)
    .join(', ')
}

function rankOf(text: string | undefined): bigint | null {
  if (text === undefined) return null
  if (!/^\d{1,19}$/.test(text)) throw new UsageError(`--rank ${text} is not a rank`)
  return BigInt(text)
}

const source = (value: string | undefined): string => {
  if (value === '') throw new UsageError('--data-dir needs a value')
  return resolve(value ?? DEFAULTS.dataDirectory)
}
