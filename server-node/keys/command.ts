/** `petal-node keys backup | restore | verify`. Passphrases come from the environment, never from the command line. */
import { resolve } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { checkArguments, UsageError } from '../bin/arguments.ts'
import { loadAddon } from '../crypto/addon.ts'
import { NodeError } from '../errors.ts'
import { backup, type KeyReport, restore, verifyBackup, verifyDirectory } from './backup.ts'
import { KeyStoreError } from './errors.ts'
import type { KeyStoreOptions } from './key-store.ts'

const STORE_PASSPHRASE = 'PETAL_PASSPHRASE'
const BACKUP_PASSPHRASE = 'PETAL_BACKUP_PASSPHRASE'

const directory = {
  type: 'string',
  valueHint: 'directory',
  description: 'Directory of the keys: of this program, or with config.yml and keys.yml of another node',
} as const
const json = { type: 'boolean', description: 'One JSON object instead of lines' } as const

const backupArgs = {
  'data-dir': directory,
  to: { type: 'string', valueHint: 'file', description: 'The backup; it must not be there yet' },
  json,
} as const satisfies ArgsDef

const restoreArgs = {
  from: { type: 'string', valueHint: 'file', description: 'A backup' },
  'data-dir': { ...directory, description: 'A directory without keys' },
  form: {
    type: 'string',
    valueHint: 'petal|config.yml',
    description: 'petal (default, encrypted), or config.yml and keys.yml as other nodes read them (identity in clear)',
  },
  json,
} as const satisfies ArgsDef

const verifyArgs = {
  'data-dir': directory,
  file: { type: 'string', valueHint: 'file', description: 'A backup, instead of a directory' },
  json,
} as const satisfies ArgsDef

/** Commands, with the cost of the files they make. */
const commandsOf = (options: KeyStoreOptions) => ({
  backup: defineCommand({
    meta: {
      name: 'backup',
      description: `Writes all keys to one encrypted file and reads it back. Passphrases: ${STORE_PASSPHRASE}, ${BACKUP_PASSPHRASE}`,
    },
    args: backupArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, backupArgs, args.json, () =>
        backup(source(args['data-dir']), path('to', args.to), backupPassphrase(), loadAddon(), options),
      ),
  }),
  restore: defineCommand({
    meta: { name: 'restore', description: 'Restores a backup into a directory without keys and reads it back' },
    args: restoreArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, restoreArgs, args.json, () => {
        const target = { ...source(args['data-dir']), form: form(args.form) }
        return restore(path('from', args.from), backupPassphrase(), target, loadAddon(), options)
      }),
  }),
  verify: defineCommand({
    meta: { name: 'verify', description: 'Opens every key and derives its public key again' },
    args: verifyArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, verifyArgs, args.json, () => {
        if ((args.file === undefined) === (args['data-dir'] === undefined))
          throw new UsageError('say either --data-dir or --file')
        return args.file === undefined
          ? verifyDirectory(source(args['data-dir']), loadAddon())
          : verifyBackup(path('file', args.file), backupPassphrase(), loadAddon())
      }),
  }),
})

/** `keys` with its three commands; `options` are those of the files that are made. */
export function keysCommand(options: KeyStoreOptions = {}) {
  return defineCommand({
    meta: {
      name: 'keys',
      description:
        'Keys of a node on the public network (own store, or config.yml and keys.yml). What start makes for the local network is in secrets.json',
    },
    subCommands: commandsOf(options),
  })
}

/** The command for the program's table of commands. */
export const keys = keysCommand()

/** Runs a command and prints its report; exit code 1 when it fails or when a key is not usable. */
async function answering(
  rawArgs: readonly string[],
  definitions: ArgsDef,
  asJson: boolean | undefined,
  command: () => Promise<KeyReport>,
): Promise<void> {
  checkArguments(rawArgs, definitions)
  try {
    const report = await command()
    console.log(asJson ? JSON.stringify(report) : lines(report))
    process.exitCode = report.refused.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof KeyStoreError || error instanceof NodeError)) throw error
    if (asJson) console.log(JSON.stringify({ error: error.code, message: error.message }))
    else console.error(`petal-node: ${error.message}`)
    process.exitCode = 1
  }
}

const SHOWN_DIGITS = 16

function lines({ keys, refused }: KeyReport): string {
  const good = keys.map(
    ({ id, type, publicKey }) => `good     ${id}  type ${type}  ${publicKey.slice(0, SHOWN_DIGITS)}…`,
  )
  const bad = refused.map(({ id, reason }) => `refused  ${id}  ${reason}`)
  return [...good, ...bad, `${keys.length} keys are good, ${refused.length} refused`].join('\n')
}

function source(directory: string | undefined): { readonly directory: string; readonly passphrase?: string } {
  const passphrase = process.env[STORE_PASSPHRASE]
  return { directory: path('data-dir', directory), ...(passphrase === undefined ? {} : { passphrase }) }
}

function path(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing`)
  return resolve(value)
}

function backupPassphrase(): string {
  const passphrase = process.env[BACKUP_PASSPHRASE] ?? ''
  if (passphrase === '') throw new UsageError(`set ${BACKUP_PASSPHRASE} to the passphrase of the backup`)
  return passphrase
}

function form(value: string | undefined): KeyReport['form'] {
  if (value === undefined || value === 'petal') return 'petal'
  if (value === 'config.yml') return value
  throw new UsageError(`--form ${value}: petal or config.yml`)
}
