/**
 * The file of keys of a data directory, as `petal-node start` opens it: made on the first start, opened on every later one, under
 * `PETAL_PASSPHRASE` or under the stored passphrase (`passphrase.ts`). A passphrase that is given later takes the place of the stored one.
 */
import { join } from 'node:path'
import { KeyStoreError } from './errors.ts'
import { isThere, removeFile } from './files.ts'
import { KeyStore, type KeyStoreOptions } from './key-store.ts'
import { type KeyEngine, type StoredKey, wipe } from './key-types.ts'
import { forgetPassphrase, makePassphrase, RANDOM_PASSPHRASE_LOG2N, storedPassphrase } from './passphrase.ts'
import { openAll, requireSame } from './read-back.ts'
import type { MakingEngine } from './standard-keys.ts'

/** Name of the file of keys in a data directory of this program. */
export const KEYS_FILE = 'keys.json'

export interface OwnStoreOptions extends KeyStoreOptions {
  readonly directory: string
  /** What the owner gave. */
  readonly passphrase?: string | undefined
  readonly engine: MakingEngine
  /**
   * Keys that must be there, made for the ids that are not among `present`; asked when the passphrase is known to be right. What it answers
   * is wiped. Throws to refuse.
   */
  missing(present: readonly string[]): Promise<readonly StoredKey[]>
}

export interface OwnKeys {
  readonly keys: readonly StoredKey[]
  /** Ids that were made by this call. */
  readonly made: readonly string[]
  /** Where the passphrase comes from. */
  readonly passphraseFrom: 'owner' | 'file'
  /** The file was put under the owner's passphrase by this call. */
  readonly changed: boolean
}

/**
 * All keys of the directory, each proved to belong to its public key. Nothing that is there is overwritten: one key that does not open
 * is an error (hazard OPS-H14). Throws `KeyStoreError`, and what `missing` throws.
 */
export async function openOwnKeys(options: OwnStoreOptions): Promise<OwnKeys> {
  const { directory, engine, missing } = options
  const path = join(directory, KEYS_FILE)
  const present = await isThere(path)
  if (!present && (await isThere(`${path}.bak`)))
    throw new KeyStoreError('missing', `${path} is gone and ${path}.bak is there: put it back, or move both away`)
  const { passphrase, from, changed, stored } = await passphraseOf(options, path, present)
  const before = present ? await openAll(path, passphrase, engine) : []
  let made: readonly StoredKey[] = []
  let keys: readonly StoredKey[] = []
  try {
    made = await missing(before.map(({ id }) => id))
    if (!present) {
      const cost = from === 'file' ? { log2N: RANDOM_PASSPHRASE_LOG2N } : options
      const store = await KeyStore.create(path, passphrase, made, engine, cost)
      store.close()
    } else if (made.length > 0) await add(path, passphrase, made, engine)
    keys = present && made.length === 0 ? before.map(copied) : await openAll(path, passphrase, engine)
    requireSame([...before, ...made], keys)
    if (from === 'owner' && stored) await finishChange(directory, path)
    return { keys, made: made.map(({ id }) => id), passphraseFrom: from, changed }
  } catch (error) {
    wipe(...keys)
    throw error
  } finally {
    wipe(...before, ...made)
  }
}

/**
 * All keys of a directory without changing anything: under the owner's passphrase, or under the stored one where the owner's is not in use
 * yet. Throws `KeyStoreError`.
 */
export async function readOwnKeys(
  directory: string,
  given: string | undefined,
  engine: KeyEngine,
): Promise<Pick<OwnKeys, 'keys' | 'passphraseFrom'>> {
  const path = join(directory, KEYS_FILE)
  const stored = await storedPassphrase(directory)
  if (stored !== undefined && (given === undefined || !(await opens(path, given, engine))))
    return { keys: await openAll(path, stored, engine), passphraseFrom: 'file' }
  if (given === undefined) throw noPassphrase(path)
  return { keys: await openAll(path, given, engine), passphraseFrom: 'owner' }
}

/**
 * Puts the keys of a directory under another passphrase, whether they are under the owner's or the stored one; what the old one opens goes.
 * Nothing to do when they are under it already, so that an interrupted change can be run again. Throws `KeyStoreError`.
 */
export async function changeOwnPassphrase(
  directory: string,
  given: string | undefined,
  to: string,
  engine: KeyEngine,
  options?: KeyStoreOptions,
): Promise<void> {
  const path = join(directory, KEYS_FILE)
  if (!(await opens(path, to, engine))) {
    const stored = await storedPassphrase(directory)
    const from = given !== undefined && (stored === undefined || (await opens(path, given, engine))) ? given : stored
    if (from === undefined) throw noPassphrase(path)
    await changePassphrase(path, from, to, engine, options)
  }
  await finishChange(directory, path)
}

const noPassphrase = (path: string): KeyStoreError =>
  new KeyStoreError('passphrase', `the keys in ${path} are encrypted: set PETAL_PASSPHRASE`)

const copied = (key: StoredKey): StoredKey => ({ ...key, privateKey: key.privateKey.slice() })

interface Passphrase {
  readonly passphrase: string
  readonly from: OwnKeys['passphraseFrom']
  readonly changed: boolean
  /** There is a stored passphrase. */
  readonly stored: boolean
}

async function passphraseOf(options: OwnStoreOptions, path: string, present: boolean): Promise<Passphrase> {
  const { directory, passphrase: given, engine } = options
  const found = await storedPassphrase(directory)
  const stored = found !== undefined
  if (given === undefined) {
    if (present && !stored) throw noPassphrase(path)
    return { passphrase: found ?? (await makePassphrase(directory)), from: 'file', changed: false, stored: true }
  }
  const change = present && stored && !(await opens(path, given, engine))
  if (change) await changePassphrase(path, found, given, engine, options)
  return { passphrase: given, from: 'owner', changed: change, stored }
}

/**
 * Puts a file of keys under another passphrase and reads it back. The old file stays as `PATH.bak`, so that a crash leaves one that the old
 * passphrase opens or one that the new one opens. Throws `KeyStoreError`.
 */
async function changePassphrase(
  path: string,
  from: string,
  to: string,
  engine: KeyEngine,
  options?: KeyStoreOptions,
): Promise<void> {
  const before = await openAll(path, from, engine)
  try {
    const store = await KeyStore.open(path, from, engine)
    await store.changePassphrase(to, options).finally(() => store.close())
    const after = await openAll(path, to, engine)
    requireSame(before, after)
    wipe(...after)
  } finally {
    wipe(...before)
  }
}

/** Every key was opened under the owner's passphrase: what the stored one opens goes, the passphrase itself last. */
async function finishChange(directory: string, path: string): Promise<void> {
  await removeFile(`${path}.bak`)
  await forgetPassphrase(directory)
}

async function opens(path: string, passphrase: string, engine: KeyEngine): Promise<boolean> {
  try {
    const store = await KeyStore.open(path, passphrase, engine)
    store.close()
    return true
  } catch (error) {
    if (error instanceof KeyStoreError && error.code === 'passphrase') return false
    throw error
  }
}

async function add(path: string, passphrase: string, keys: readonly StoredKey[], engine: KeyEngine): Promise<void> {
  const store = await KeyStore.open(path, passphrase, engine)
  await store.add(...keys).finally(() => store.close())
}
