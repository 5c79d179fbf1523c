/** `petal-node release digest | sign | check`. */
import { resolve } from 'node:path'
import { RELEASE_SIGNATORIES } from '@petal/core/identity/index.ts'
import { type ArgsDef, defineCommand } from 'citty'
import { checkArguments, numberOption, UsageError } from '../bin/arguments.ts'
import { loadAddon } from '../crypto/addon.ts'
import { collect } from '../keys/collect.ts'
import { KeyStoreError } from '../keys/errors.ts'
import { PEER_KEY_ID, wipe } from '../keys/key-types.ts'
import { DEFAULTS } from '../options.ts'
import { ReleaseError } from './errors.ts'
import { readBounded } from './files.ts'
import {
  type CheckOptions,
  checkFiles,
  parseSignatories,
  type ReleaseReport,
  writeDigest,
  writeSignature,
} from './release.ts'

const MOST_SIGNATORIES_BYTES = 1 << 20

const target = {
  type: 'string',
  valueHint: 'path',
  description: 'The release: a file, or a directory, whose manifest is made and signed',
} as const
const json = { type: 'boolean', description: 'One JSON object instead of lines' } as const

const digestArgs = {
  of: target,
  name: { type: 'string', valueHint: 'name', description: 'Name and version the digest speaks of (default: the file)' },
  json,
} as const satisfies ArgsDef
const signArgs = {
  of: target,
  number: { type: 'string', valueHint: 'N', description: 'Which signatory this is, from 1' },
  'data-dir': {
    type: 'string',
    valueHint: 'directory',
    description: 'Directory of the keys; the identity signs (default .petal/local). PETAL_PASSPHRASE opens it',
  },
  json,
} as const satisfies ArgsDef
const checkArgs = {
  of: target,
  signatories: {
    type: 'string',
    valueHint: 'file',
    description: 'Public keys, 114 hex digits a line (default: the 17 of the network’s own releases)',
  },
  quorum: { type: 'string', valueHint: 'number', description: 'Signatures wanted (default: that of the network)' },
  name: { type: 'string', valueHint: 'name', description: 'The digest must speak of this name (default: any)' },
  json,
} as const satisfies ArgsDef

export const release = defineCommand({
  meta: { name: 'release', description: 'Digests and signatures of a release: make, sign, check' },
  subCommands: {
    digest: defineCommand({
      meta: { name: 'digest', description: 'Writes the digest file that is to be signed' },
      args: digestArgs,
      run: ({ rawArgs, args }) =>
        answering(rawArgs, digestArgs, args.json, async () => ({ wrote: await writeDigest(path(args.of), args.name) })),
    }),
    sign: defineCommand({
      meta: { name: 'sign', description: 'Signs the digest file with the identity of a node' },
      args: signArgs,
      run: ({ rawArgs, args }) =>
        answering(rawArgs, signArgs, args.json, async () => ({
          wrote: await sign(path(args.of), positive('number', args.number), args['data-dir']),
        })),
    }),
    check: defineCommand({
      meta: { name: 'check', description: 'Checks digest and signatures, and every file of a directory' },
      args: checkArgs,
      run: ({ rawArgs, args }) =>
        answering(rawArgs, checkArgs, args.json, async () =>
          checkFiles(path(args.of), await checkOptions(args), loadAddon()),
        ),
    }),
  },
})

async function sign(file: string, number: number, directory: string | undefined): Promise<string> {
  const passphrase = process.env.PETAL_PASSPHRASE
  const from = directory === undefined ? DEFAULTS.dataDirectory : resolve(directory)
  const addon = loadAddon()
  const { stored } = await collect({ directory: from, ...(passphrase === undefined ? {} : { passphrase }) }, addon)
  try {
    const key = stored.find(({ id }) => id === PEER_KEY_ID)
    if (key === undefined) throw new KeyStoreError('missing', `there is no ${PEER_KEY_ID} in ${from}`)
    return await writeSignature(file, number, key.privateKey.subarray(0, 57), addon)
  } finally {
    wipe(...stored)
  }
}

async function checkOptions(args: {
  readonly signatories?: string | undefined
  readonly quorum?: string | undefined
  readonly name?: string | undefined
}): Promise<CheckOptions> {
  const { signatories: file, quorum, name } = args
  const signatories =
    file === undefined
      ? RELEASE_SIGNATORIES
      : parseSignatories(new TextDecoder().decode(await readBounded(resolve(file), MOST_SIGNATORIES_BYTES)))
  return {
    signatories,
    ...(quorum === undefined ? {} : { quorum: positive('quorum', quorum) }),
    ...(name === undefined ? {} : { name }),
  }
}

function path(value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError('--of is missing')
  return resolve(value)
}

function positive(option: string, value: string | undefined): number {
  if (value === undefined) throw new UsageError(`--${option} is missing`)
  const number = numberOption(option, value)
  if (!Number.isInteger(number) || number < 1 || number > 256) throw new UsageError(`--${option} ${value}: 1 to 256`)
  return number
}

async function answering(
  rawArgs: readonly string[],
  definitions: ArgsDef,
  asJson: boolean | undefined,
  command: () => Promise<{ readonly wrote: string } | ReleaseReport>,
): Promise<void> {
  checkArguments(rawArgs, definitions)
  try {
    const result = await command()
    console.log(asJson ? JSON.stringify(result) : 'wrote' in result ? `wrote ${result.wrote}` : lines(result))
    process.exitCode = 'wrote' in result || result.valid ? 0 : 1
  } catch (error) {
    if (!(error instanceof ReleaseError || error instanceof KeyStoreError)) throw error
    if (asJson) console.log(JSON.stringify({ error: error.code, message: error.message }))
    else console.error(`petal-node: ${error.message}`)
    process.exitCode = 1
  }
}

function lines({ valid, signers, quorum, reason, differences }: ReleaseReport): string {
  if (valid) return `good: ${signers.length} signatures hold (${signers.join(', ')}), ${quorum} wanted`
  return [...differences, `refused: ${reason}`].join('\n')
}
