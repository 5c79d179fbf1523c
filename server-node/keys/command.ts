/** `petal-node keys show | verify | backup | restore | export-node | passphrase`. Passphrases come from the environment, never from the command line. */
import { join, resolve } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { checkArguments, UsageError } from '../bin/arguments.ts'
import { loadAddon } from '../crypto/addon.ts'
import { lockDirectory } from '../data/lock.ts'
import { SECRETS_FILE, Secrets } from '../data/secrets.ts'
import { NodeError } from '../errors.ts'
import { DEFAULTS } from '../options.ts'
import { backup, exportNode, restore, verifyBackup, verifyDirectory } from './backup.ts'
import type { KeyReport, Source } from './collect.ts'
import { KeyStoreError } from './errors.ts'
import { isThere } from './files.ts'
import type { KeyStoreOptions } from './key-store.ts'
import { changeOwnPassphrase, KEYS_FILE } from './own-store.ts'
import { type NodeSummary, showDirectory } from './show.ts'

const STORE_PASSPHRASE = 'PETAL_PASSPHRASE'
const NEW_PASSPHRASE = 'PETAL_NEW_PASSPHRASE'
const BACKUP_PASSPHRASE = 'PETAL_BACKUP_PASSPHRASE'

const directory = {
  type: 'string',
  valueHint: 'directory',
  description:
    'Directory of the keys: of this program (default .petal/local in the project), or with config.yml and keys.yml of another node',
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

const showArgs = { 'data-dir': directory, json } as const satisfies ArgsDef
const exportArgs = {
  'data-dir': directory,
  to: { type: 'string', valueHint: 'directory', description: 'Directory for config.yml and keys.yml, without keys' },
  json,
} as const satisfies ArgsDef
const passphraseArgs = {
  'data-dir': { ...directory, description: 'Data directory of a node that does not run (default .petal/local)' },
  json,
} as const satisfies ArgsDef

/** Commands, with the cost of the files they make. */
const commandsOf = (options: KeyStoreOptions) => ({
  show: defineCommand({
    meta: { name: 'show', description: 'Peer id, prover address and public keys; nothing private' },
    args: showArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, showArgs, args.json, () => showDirectory(source(args['data-dir']), loadAddon())),
  }),
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
        const target = { ...source(path('data-dir', args['data-dir'])), form: form(args.form) }
        return restore(path('from', args.from), backupPassphrase(), target, loadAddon(), options)
      }),
  }),
  verify: defineCommand({
    meta: { name: 'verify', description: 'Opens every key and derives its public key again' },
    args: verifyArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, verifyArgs, args.json, () => {
        if (args.file !== undefined && args['data-dir'] !== undefined)
          throw new UsageError('say either --data-dir or --file')
        return args.file === undefined
          ? verifyDirectory(source(args['data-dir']), loadAddon())
          : verifyBackup(path('file', args.file), backupPassphrase(), loadAddon())
      }),
  }),
  'export-node': defineCommand({
    meta: {
      name: 'export-node',
      description:
        'Writes identity and keys as config.yml and keys.yml of other nodes (identity in the clear), and reads them back',
    },
    args: exportArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, exportArgs, args.json, () =>
        exportNode(source(args['data-dir']), path('to', args.to), loadAddon()),
      ),
  }),
  passphrase: defineCommand({
    meta: {
      name: 'passphrase',
      description: `Puts the keys of a stopped node under another passphrase: ${NEW_PASSPHRASE}, from ${STORE_PASSPHRASE} or the stored one`,
    },
    args: passphraseArgs,
    run: ({ rawArgs, args }) =>
      answering(rawArgs, passphraseArgs, args.json, () =>
        changePassphrase(source(args['data-dir']), passphraseIn(NEW_PASSPHRASE, 'the new passphrase'), options),
      ),
  }),
})

/** Keys and secrets of a data directory, while no node works in it. Run again after an interruption, it finishes. */
async function changePassphrase(from: Source, to: string, options: KeyStoreOptions): Promise<KeyReport> {
  const { directory, passphrase } = from
  const addon = loadAddon()
  if (!(await isThere(join(directory, KEYS_FILE))))
    throw new KeyStoreError('missing', `there is no ${KEYS_FILE} in ${directory}`)
  const lock = await lockDirectory(directory, addon)
  try {
    await changeOwnPassphrase(directory, passphrase, to, addon, options)
    if (await isThere(join(directory, SECRETS_FILE))) await Secrets.changePassphrase(directory, passphrase, to)
  } finally {
    lock.release()
  }
  return await verifyDirectory({ directory, passphrase: to }, addon)
}

/** `keys` with its commands; `options` are those of the files that are made. */
export function keysCommand(options: KeyStoreOptions = {}) {
  return defineCommand({
    meta: {
      name: 'keys',
      description:
        'Keys of this node (keys.json), or of another one (config.yml and keys.yml): look, prove, back up, move',
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
  command: () => Promise<KeyReport | NodeSummary>,
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

const PROTECTION: Readonly<Record<NodeSummary['protection'], string>> = {
  passphrase: `encrypted under ${STORE_PASSPHRASE}`,
  file: 'encrypted under the passphrase in keys.passphrase beside them: only against who cannot read that file',
  none: 'identity in the clear in config.yml, other keys under a key that stands there too',
}

function lines(report: KeyReport | NodeSummary): string {
  const { keys, refused } = report
  const about =
    'peerId' in report
      ? [
          `peer id         ${report.peerId ?? 'none'}`,
          `prover address  ${report.proverAddress ?? 'none'}`,
          `keys            ${PROTECTION[report.protection]}`,
        ]
      : []
  const good = keys.map(
    ({ id, type, publicKey }) => `good     ${id}  type ${type}  ${publicKey.slice(0, SHOWN_DIGITS)}…`,
  )
  const bad = refused.map(({ id, reason }) => `refused  ${id}  ${reason}`)
  return [...about, ...good, ...bad, `${keys.length} keys are good, ${refused.length} refused`].join('\n')
}

function source(directory: string | undefined): Source {
  const passphrase = process.env[STORE_PASSPHRASE]
  if (passphrase === '') throw new UsageError(`${STORE_PASSPHRASE} is empty`)
  const at = directory === undefined ? DEFAULTS.dataDirectory : path('data-dir', directory)
  return { directory: at, ...(passphrase === undefined ? {} : { passphrase }) }
}

function path(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing`)
  return resolve(value)
}

const backupPassphrase = (): string => passphraseIn(BACKUP_PASSPHRASE, 'the passphrase of the backup')

function passphraseIn(variable: string, meaning: string): string {
  const passphrase = process.env[variable] ?? ''
  if (passphrase === '') throw new UsageError(`set ${variable} to ${meaning}`)
  return passphrase
}

function form(value: string | undefined): KeyReport['form'] {
  if (value === undefined || value === 'petal') return 'petal'
  if (value === 'config.yml') return value
  throw new UsageError(`--form ${value}: petal or config.yml`)
}
