/**
 * The passphrase of a data directory whose owner gave none: 256 random bits in a file beside the keys, so that a node starts without
 * questions. Such keys are encrypted against whoever cannot read that file, and against nobody else.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { KeyStoreError } from './errors.ts'
import { createFile, ownerOnly, readTextIfPresent, removeFile } from './files.ts'

export const PASSPHRASE_FILE = 'keys.passphrase'
/** Random bits need no stretching: the least cost that is read. */
export const RANDOM_PASSPHRASE_LOG2N = 10

const RANDOM_BYTES = 32
const FORM = /^[A-Za-z0-9_-]{43}\n$/

/** The stored passphrase, or undefined when there is none. Throws `KeyStoreError` `form`, `access`. */
export async function storedPassphrase(directory: string): Promise<string | undefined> {
  const path = join(directory, PASSPHRASE_FILE)
  const text = await readTextIfPresent(path)
  if (text === undefined) return undefined
  if (!FORM.test(text)) throw new KeyStoreError('form', `${path} is not a passphrase that this program made`)
  await ownerOnly(path)
  return text.trimEnd()
}

/** Makes and stores one; durable when it resolves. Throws `exists`, `access`. */
export async function makePassphrase(directory: string): Promise<string> {
  const passphrase = randomBytes(RANDOM_BYTES).toString('base64url')
  await createFile(join(directory, PASSPHRASE_FILE), `${passphrase}\n`)
  return passphrase
}

/** Takes it away when the keys are under another one. Copies that were made of the file stay what they are. */
export const forgetPassphrase = (directory: string): Promise<void> => removeFile(join(directory, PASSPHRASE_FILE))
