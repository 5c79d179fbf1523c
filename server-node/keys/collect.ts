/** All keys of a directory, of this program or of another node, and what a person may see of them. */
import { join } from 'node:path'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { isThere } from './files.ts'
import type { EntryRefusal } from './key-file.ts'
import { type KeyEngine, PROVER_KEY_ID, type StoredKey } from './key-types.ts'
import { readNodeDirectory } from './node-directory.ts'
import { KEYS_FILE, type OwnKeys, readOwnKeys } from './own-store.ts'

export type CollectEngine = KeyEngine & Pick<FullEngine, 'ed448Sign'>

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

/** What was found, keys in the clear included: `wipe` them. */
export interface Collected extends KeyReport {
  readonly stored: readonly StoredKey[]
  /** Id of the key that proves. */
  readonly provingKeyId: string
  /** Null where keys need no passphrase. */
  readonly passphraseFrom: OwnKeys['passphraseFrom'] | null
}

/** `passphrase` opens the file of keys of this program, else the stored one does; a directory with `config.yml` needs none. */
export interface Source {
  readonly directory: string
  readonly passphrase?: string
}

/** Opens every key and derives its public key again. Throws `KeyStoreError`. */
export async function collect({ directory, passphrase }: Source, engine: CollectEngine): Promise<Collected> {
  if (await isThere(join(directory, KEYS_FILE))) {
    const { keys: stored, passphraseFrom } = await readOwnKeys(directory, passphrase, engine)
    const facts = { provingKeyId: PROVER_KEY_ID, passphraseFrom }
    return { form: 'petal', stored, keys: stored.map(summary), refused: [], ...facts }
  }
  const { keys: stored, refused, provingKeyId } = await readNodeDirectory(directory, engine)
  return { form: 'config.yml', stored, keys: stored.map(summary), refused, provingKeyId, passphraseFrom: null }
}

/** The part that may be printed. */
export const reportOf = ({ form, keys, refused }: KeyReport): KeyReport => ({ form, keys, refused })

export const summary = ({ id, type, publicKey }: StoredKey): KeySummary => ({
  id,
  type,
  publicKey: Buffer.from(publicKey).toString('hex'),
})
