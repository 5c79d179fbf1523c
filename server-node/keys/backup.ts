/**
 * Backup and restore of all keys of a node, with a drill: what was written is read back from the disk and compared before either counts
 * as done. A backup is a file in Petal's own form under a passphrase of its own; nothing is ever overwritten.
 */
import { join } from 'node:path'
import { type CollectEngine, collect, type KeyReport, reportOf, type Source, summary } from './collect.ts'
import { KeyStoreError } from './errors.ts'
import { createDirectory, isThere } from './files.ts'
import { KeyStore, type KeyStoreOptions } from './key-store.ts'
import { type StoredKey, WELL_KNOWN_IDS, wipe } from './key-types.ts'
import { createNodeDirectory } from './node-directory.ts'
import { KEYS_FILE } from './own-store.ts'
import { PASSPHRASE_FILE } from './passphrase.ts'
import { openAll, requireSame } from './read-back.ts'

/** Opens every key of a directory and derives its public key again. Throws `KeyStoreError`. */
export async function verifyDirectory(source: Source, engine: CollectEngine): Promise<KeyReport> {
  const found = await collect(source, engine)
  wipe(...found.stored)
  return reportOf(found)
}

/** The same for a backup file. */
export async function verifyBackup(path: string, passphrase: string, engine: CollectEngine): Promise<KeyReport> {
  const stored = await openAll(path, passphrase, engine)
  wipe(...stored)
  return { form: 'petal', keys: stored.map(summary), refused: [] }
}

/** Writes a backup and proves it. Throws `KeyStoreError` `exists`, `missing` (nothing to back up), and what the source throws. */
export async function backup(
  source: Source,
  path: string,
  passphrase: string,
  engine: CollectEngine,
  options?: KeyStoreOptions,
): Promise<KeyReport> {
  const found = await collect(source, engine)
  const { stored } = found
  try {
    if (stored.length === 0) throw new KeyStoreError('missing', `there are no usable keys in ${source.directory}`)
    const store = await KeyStore.create(path, passphrase, stored, engine, options)
    store.close()
    await drill(path, passphrase, stored, engine)
    return reportOf(found)
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
  engine: CollectEngine,
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
    return reportOf(restored)
  } finally {
    wipe(...stored)
  }
}

/**
 * Writes the well-known keys of a node as a new directory of the form that other nodes read, and proves it. Keys of the local network stay
 * behind. Throws as `backup` and `createNodeDirectory`.
 */
export async function exportNode(source: Source, directory: string, engine: CollectEngine): Promise<KeyReport> {
  const { stored } = await collect(source, engine)
  try {
    await requireNoKeys(directory)
    const wanted = stored.filter(({ id }) => WELL_KNOWN_IDS.has(id))
    await createNodeDirectory(directory, wanted, engine)
    const written = await collect({ directory }, engine)
    requireSame(wanted, written.stored)
    wipe(...written.stored)
    return reportOf(written)
  } finally {
    wipe(...stored)
  }
}

async function drill(
  path: string,
  passphrase: string,
  wanted: readonly StoredKey[],
  engine: CollectEngine,
): Promise<void> {
  const found = await openAll(path, passphrase, engine)
  requireSame(wanted, found)
  wipe(...found)
}

async function requireNoKeys(directory: string): Promise<void> {
  for (const name of [KEYS_FILE, `${KEYS_FILE}.bak`, PASSPHRASE_FILE, 'config.yml', 'keys.yml'])
    if (await isThere(join(directory, name)))
      throw new KeyStoreError('exists', `${join(directory, name)} is there already: restore into an empty directory`)
}

function required(passphrase: string | undefined, directory: string): string {
  if (passphrase === undefined || passphrase === '')
    throw new KeyStoreError('passphrase', `the keys in ${directory} need a passphrase: set PETAL_PASSPHRASE`)
  return passphrase
}
