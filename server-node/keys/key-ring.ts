/** The keys of a running node, in the clear, in memory only. Each was proved to belong to its public key when it was read. */
import { KeyStoreError } from './errors.ts'
import { type StoredKey, wipe } from './key-types.ts'

export class KeyRing {
  readonly #keys: ReadonlyMap<string, StoredKey>

  /** Takes the keys over: they are wiped when the ring is closed. */
  constructor(keys: readonly StoredKey[]) {
    this.#keys = new Map(keys.map((key) => [key.id, key]))
  }

  get ids(): readonly string[] {
    return [...this.#keys.keys()]
  }

  /** The ring's own bytes: read them, do not change them. Throws `KeyStoreError` `missing`. */
  get(id: string): StoredKey {
    const key = this.#keys.get(id)
    if (key === undefined) throw new KeyStoreError('missing', `this node has no key ${id}`)
    return key
  }

  /** Overwrites all private halves. */
  close(): void {
    wipe(...this.#keys.values())
  }
}
