/** What was written is read from the disk again, and compared, before it counts as done. */
import { KeyStoreError } from './errors.ts'
import { KeyStore } from './key-store.ts'
import { KEY_TYPES, type KeyEngine, type StoredKey, wipe } from './key-types.ts'

/** All keys of a file in Petal's own form, in its order. Throws as `KeyStore.open` and `KeyStore.get`: one bad key is enough. */
export async function openAll(path: string, passphrase: string, engine: KeyEngine): Promise<readonly StoredKey[]> {
  const store = await KeyStore.open(path, passphrase, engine)
  const keys: StoredKey[] = []
  try {
    for (const id of store.ids) keys.push(store.get(id))
    return keys
  } catch (error) {
    wipe(...keys)
    throw error
  } finally {
    store.close()
  }
}

/** Throws `KeyStoreError` `mismatch` when the second list is not the first one, in whatever order. */
export function requireSame(wanted: readonly StoredKey[], found: readonly StoredKey[]): void {
  const same = (a: StoredKey): boolean => {
    const b = found.find((key) => key.id === a.id)
    if (b === undefined || b.type !== a.type) return false
    return Buffer.compare(a.publicKey, b.publicKey) === 0 && Buffer.compare(secretOf(a), secretOf(b)) === 0
  }
  const lost = wanted.filter((key) => !same(key)).map((key) => key.id)
  if (lost.length > 0 || found.length !== wanted.length)
    throw new KeyStoreError(
      'mismatch',
      `read back from the disk, these keys are not what was written: ${lost.join(', ')}`,
    )
}

/** An Ed448 key is its seed, with its public key behind it or not. */
const secretOf = ({ type, privateKey }: StoredKey): Uint8Array =>
  type === KEY_TYPES.ed448 ? privateKey.subarray(0, 57) : privateKey
