/** Keys of every stored type, for tests. */
import { loadAddon } from '../crypto/addon.ts'
import type { KeyRing } from './key-ring.ts'
import { KEY_TYPES, PEER_KEY_ID, publicKeyOf, type StoredKey } from './key-types.ts'
import { openRing } from './open-ring.ts'

export const engine = loadAddon()
/** The least cost of key derivation that is read. */
export const CHEAP = { log2N: 10 }

export function stored(id: string, type: number, privateKey: Uint8Array): StoredKey {
  const publicKey = publicKeyOf(type, privateKey, engine)
  if (publicKey === null) throw new Error(`${id} is no key`)
  return { id, type, privateKey, publicKey }
}

export const ids = (keys: readonly { readonly id: string }[]): string[] => keys.map((key) => key.id)

/** The keys of a data directory as a start without a passphrase opens them, or makes them. */
export async function ringOf(directory: string): Promise<KeyRing> {
  return (await openRing({ directory, committee: true, engine, notice: () => undefined })).keys
}

/** Five keys: identity, prover, both kinds of agreement key, view key. */
export const fresh = (): StoredKey[] => [
  stored(PEER_KEY_ID, KEY_TYPES.ed448, new Uint8Array(57).fill(1)),
  stored('q-prover-key', KEY_TYPES.blsG1, new Uint8Array(73).fill(2, 40)),
  stored('q-onion-key', KEY_TYPES.agreement, new Uint8Array(57).fill(3)),
  stored('q-old-onion-key', KEY_TYPES.agreement, new Uint8Array(56).fill(3)),
  stored('q-view-key', KEY_TYPES.decaf448, new Uint8Array(57).fill(4, 0, 56)),
]
