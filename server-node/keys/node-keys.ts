/** Identity and prover key out of the directory of another node, for a node that runs in its place. */
import { KeyStoreError, nodeErrorOf } from './errors.ts'
import { KEY_TYPES, PEER_KEY_ID, PROVER_KEY_ID, type StoredKey, WELL_KNOWN_IDS, wipe } from './key-types.ts'
import { type NodeKeys, readNodeDirectory } from './node-directory.ts'

/**
 * The well-known keys of that directory; the one that proves under `q-prover-key`, whatever its id is there. Nothing is written. Throws
 * `NodeError` `keys` when identity or prover key are not there or not usable.
 */
export async function readNodeKeys(
  directory: string,
  engine: Parameters<typeof readNodeDirectory>[1],
  notice: (message: string) => void,
): Promise<readonly StoredKey[]> {
  let found: NodeKeys | undefined
  try {
    found = await readNodeDirectory(directory, engine)
    required(found, PEER_KEY_ID, KEY_TYPES.ed448, directory)
    const proving = required(found, found.provingKeyId, KEY_TYPES.blsG1, directory)
    for (const { id, reason } of found.refused)
      notice(`the key ${id} of ${directory} is not usable (${reason}) and is left alone`)
    const rest = found.keys.filter((key) => key !== proving)
    const used = rest.filter(({ id }) => WELL_KNOWN_IDS.has(id) && id !== PROVER_KEY_ID)
    wipe(...rest.filter((key) => !used.includes(key)))
    return [...used, { ...proving, id: PROVER_KEY_ID }]
  } catch (error) {
    wipe(...(found?.keys ?? []))
    throw nodeErrorOf(error, 'keys')
  }
}

function required({ keys, refused }: NodeKeys, id: string, type: number, directory: string): StoredKey {
  const key = keys.find((one) => one.id === id)
  if (key !== undefined && key.type === type) return key
  const reason = refused.find((one) => one.id === id)?.reason
  if (key !== undefined) throw new KeyStoreError('type', `the key ${id} of ${directory} is of type ${key.type}`)
  if (reason === undefined) throw new KeyStoreError('missing', `there is no key ${id} in ${directory}`)
  throw new KeyStoreError('mismatch', `the key ${id} of ${directory} is not usable: ${reason}`)
}
