/**
 * The directory of another node of the network, `config.yml` and `keys.yml`, as a source and a target of keys (spec 53 sections 2 and 4;
 * hazards OPS-H2, OPS-H14).
 */
import { randomBytes } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import { identityOfSeed } from '@petal/core/identity/index.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { ConfigFile } from './config-file.ts'
import { KeyStoreError } from './errors.ts'
import { createDirectory, createFile, readText, readTextIfPresent, replaceFile } from './files.ts'
import { type EntryRefusal, KeyFile } from './key-file.ts'
import { KEY_TYPES, type KeyEngine, PEER_KEY_ID, type StoredKey, wipe } from './key-types.ts'

type Engine = KeyEngine & Pick<FullEngine, 'ed448PublicKey' | 'ed448Sign'>

export interface NodeKeys {
  /** Identity first, then the entries of `keys.yml` that are usable. */
  readonly keys: readonly StoredKey[]
  /** Entries that are there and not usable: never made anew, never overwritten. */
  readonly refused: readonly { readonly id: string; readonly reason: EntryRefusal }[]
  /** Id of the key that proves (`engine.provingKeyId`). */
  readonly provingKeyId: string
}

/** Reads both files. Throws `KeyStoreError`; a `keys.yml` that is not there counts as empty. */
export async function readNodeDirectory(directory: string, engine: Engine): Promise<NodeKeys> {
  const config = ConfigFile.parse(await readText(join(directory, 'config.yml')))
  const identity = config.identity(engine)
  const own: StoredKey[] =
    identity === null
      ? []
      : [{ id: PEER_KEY_ID, type: KEY_TYPES.ed448, privateKey: identity.seed, publicKey: identity.publicKey }]
  const text = await readTextIfPresent(keyFilePath(directory, config))
  const provingKeyId = config.provingKeyId()
  if (text === undefined) return { keys: own, refused: [], provingKeyId }
  const entries = KeyFile.parse(text).open(config.encryptionKey(), engine)
  const usable = entries.filter((entry) => entry.usable).map(({ usable: _, ...key }) => key)
  const refused = entries.filter((entry) => !entry.usable).map(({ id, reason }) => ({ id, reason }))
  // The identity stands in `config.yml` alone: an entry of its id would take its place.
  const strays = usable.filter(({ id }) => id === PEER_KEY_ID)
  wipe(...strays)
  return {
    keys: [...own, ...usable.filter((key) => !strays.includes(key))],
    refused: [...refused, ...strays.map(({ id }) => ({ id, reason: 'identity' as const }))],
    provingKeyId,
  }
}

/**
 * Writes keys as a new directory of that form: mode 0700, both files 0600. Throws `exists` when one of the files is there, `missing`
 * when there is no identity among the keys.
 */
export async function createNodeDirectory(
  directory: string,
  keys: readonly StoredKey[],
  engine: Engine,
): Promise<void> {
  const peerKey = keys.find((key) => key.id === PEER_KEY_ID)
  if (peerKey === undefined) throw new KeyStoreError('missing', `there is no ${PEER_KEY_ID} among the keys`)
  const encryptionKey = new Uint8Array(randomBytes(32))
  const file = KeyFile.parse('')
  for (const key of keys) if (key !== peerKey) file.add(key, encryptionKey, new Uint8Array(randomBytes(12)), engine)
  const identity = identityOfSeed(peerKey.privateKey.subarray(0, 57), engine)
  const path = join(directory, 'keys.yml')
  await createDirectory(directory)
  await createFile(path, file.toString())
  await createFile(join(directory, 'config.yml'), ConfigFile.create(encryptionKey, identity, path).toString())
}

/** Adds keys to a `keys.yml`, keeping the file as it was as `keys.yml.bak`. Throws `exists` for an id that is there, usable or not. */
export async function addToNodeDirectory(directory: string, keys: readonly StoredKey[], engine: Engine): Promise<void> {
  const config = ConfigFile.parse(await readText(join(directory, 'config.yml')))
  const path = keyFilePath(directory, config)
  const text = await readTextIfPresent(path)
  const file = KeyFile.parse(text ?? '')
  for (const key of keys) file.add(key, config.encryptionKey(), new Uint8Array(randomBytes(12)), engine)
  await (text === undefined ? createFile(path, file.toString()) : replaceFile(path, text, file.toString()))
}

/** A relative path is relative to the directory, whatever the working directory is. */
function keyFilePath(directory: string, config: ConfigFile): string {
  const path = config.keyFilePath() ?? 'keys.yml'
  return isAbsolute(path) ? path : join(directory, path)
}
