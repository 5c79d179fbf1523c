/**
 * Backup and restore of all keys of a node, with a drill: what was written is read back from the disk and compared before either counts
 * as done. A backup is a file in Petal's own form under a passphrase of its own; nothing is ever overwritten.
 */
import { join } from 'node:path'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { KeyStoreError } from './errors.ts'
import { createDirectory, isThere } from './files.ts'
import type { EntryRefusal } from './key-file.ts'
import { KeyStore, type KeyStoreOptions } from './key-store.ts'
import { type StoredKey, wipe } from './key-types.ts'
import { createNodeDirectory, readNodeDirectory } from './node-directory.ts'
import { KEYS_FILE } from './own-store.ts'
import { storedPassphrase } from './passphrase.ts'
import { openAll, requireSame } from './read-back.ts'

type Engine = Pick<
  FullEngine,
  'ed448PublicKey' | 'ed448Sign' | 'agreementPublicKey' | 'blsPublicKey' | 'decafMultiplyGenerator'
>

/** What a person may see of a key. */
export interface KeySummary {
  readonly id: string
  readonly type: number
  /** Lower-case hex. */
  readonly publicKey: string
}

export interface KeyReport {
  readonly form: 'petal' | 'config.yml'
  readonly keys: readonly KeySummary[]
  /** Entries of a `keys.yml` that are not usable, and are in no backup. */
  readonly refused: readonly { readonly id: string; readonly reason: EntryRefusal }[]
}

interface Collected extends KeyReport {
  readonly stored: readonly StoredKey[]
}

/** `passphrase` opens the file of keys of this program, else the stored one does; a directory with `config.yml` needs none. */
export interface Source {
  readonly directory: string
  readonly passphrase?: string
}

/** Opens every key of a directory and derives its public key again. Throws `KeyStoreError`. */
export async function verifyDirectory(source: Source, engine: Engine): Promise<KeyReport> {
  const { stored, ...report } = await collect(source, engine)
  wipe(...stored)
  return report
}

/** The same for a backup file. */
export async function verifyBackup(path: string, passphrase: string, engine: Engine): Promise<KeyReport> {
  const stored = await openAll(path, passphrase, engine)
  wipe(...stored)
  return { form: 'petal', keys: stored.map(summary), refused: [] }
}

/** Writes a backup and proves it. Throws `KeyStoreError` `exists`, `missing` (nothing to back up), and what the source throws. */
export async function backup(
  source: Source,
  path: string,
  passphrase: string,
  engine: Engine,
  options?: KeyStoreOptions,
): Promise<KeyReport> {
  const { stored, ...report } = await collect(source, engine)
  try {
    if (stored.length === 0) throw new KeyStoreError('missing', `there are no usable keys in ${source.directory}`)
    const store = await KeyStore.create(path, passphrase, stored, engine, options)
    store.close()
    await drill(path, passphrase, stored, engine)
    return report
  } finally {
    wipe(...stored)
  }
}

export interface Target {
  readonly directory: string
  /** `petal` needs a passphrase. */
  readonly form: KeyReport['form']
  readonly passphrase?: string
}

/** Restores a backup into a directory that has no keys, and proves it. Throws `KeyStoreError` `exists`, `passphrase`, `form`. */
export async function restore(
  path: string,
  passphrase: string,
  target: Target,
  engine: Engine,
  options?: KeyStoreOptions,
): Promise<KeyReport> {
  const stored = await openAll(path, passphrase, engine)
  try {
    await requireNoKeys(target.directory)
    if (target.form === 'config.yml') await createNodeDirectory(target.directory, stored, engine)
    else {
      await createDirectory(target.directory)
      const own = required(target.passphrase, target.directory)
      const store = await KeyStore.create(join(target.directory, KEYS_FILE), own, stored, engine, options)
      store.close()
    }
    const restored = await collect(target, engine)
    requireSame(stored, restored.stored)
    wipe(...restored.stored)
    return { form: restored.form, keys: restored.keys, refused: restored.refused }
  } finally {
    wipe(...stored)
  }
}

async function collect({ directory, passphrase }: Source, engine: Engine): Promise<Collected> {
  if (await isThere(join(directory, KEYS_FILE))) {
    const stored = await openAll(
      join(directory, KEYS_FILE),
      required(passphrase ?? (await storedPassphrase(directory)), directory),
      engine,
    )
    return { form: 'petal', stored, keys: stored.map(summary), refused: [] }
  }
  const { keys: stored, refused } = await readNodeDirectory(directory, engine)
  return { form: 'config.yml', stored, keys: stored.map(summary), refused }
}

async function drill(path: string, passphrase: string, wanted: readonly StoredKey[], engine: Engine): Promise<void> {
  const found = await openAll(path, passphrase, engine)
  requireSame(wanted, found)
  wipe(...found)
}

async function requireNoKeys(directory: string): Promise<void> {
  for (const name of [KEYS_FILE, 'config.yml', 'keys.yml'])
    if (await isThere(join(directory, name)))
      throw new KeyStoreError('exists', `${join(directory, name)} is there already: restore into an empty directory`)
}

function required(passphrase: string | undefined, directory: string): string {
  if (passphrase === undefined || passphrase === '')
    throw new KeyStoreError('passphrase', `the keys in ${directory} need a passphrase: set PETAL_PASSPHRASE`)
  return passphrase
}

const summary = ({ id, type, publicKey }: StoredKey): KeySummary => ({
  id,
  type,
  publicKey: Buffer.from(publicKey).toString('hex'),
})
