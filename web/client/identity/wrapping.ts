/**
 * Wraps the seed of the identity: AES-GCM under a key that no script can read, bound to id, type and public key, so that a stored entry cannot
 * be given another name or key (as in files of keys, `core/identity/sealed-keys.ts`).
 */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { StoredIdentity } from './identity-types.ts'

/** Id and type of the peer key in files of keys (spec 53 section 4), so that an export is what a node can restore. */
export const IDENTITY_ID = 'q-peer-key'
export const ED448_KEY_TYPE = 0
/** Of a seed and of a public key. */
export const ED448_KEY_BYTES = 57

export const NONCE_BYTES = 12
const FORMAT = 'petal-tab-identity'

export type Bound = Pick<StoredIdentity, 'version' | 'id' | 'type' | 'publicKey'>

/** A wrapping key of this browser. It cannot be exported. */
export async function newBrowserKey(): Promise<CryptoKey> {
  return await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** Ciphertext of the seed. `seed` stays the caller's to wipe. */
export async function wrapSeed(
  key: CryptoKey,
  bound: Bound,
  seed: Uint8Array,
): Promise<Pick<StoredIdentity, 'nonce' | 'box'>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const box = await crypto.subtle.encrypt(parameters(nonce, bound), key, seed.slice())
  return { nonce, box: new Uint8Array(box) }
}

/** The seed, or null: under another key, or when anything that it is bound to was changed. */
export async function unwrapSeed(
  key: CryptoKey,
  { nonce, box, ...bound }: Bound & Pick<StoredIdentity, 'nonce' | 'box'>,
): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, bound), key, box.slice()))
  } catch {
    return null
  }
}

function parameters(nonce: Uint8Array, { version, id, type, publicKey }: Bound): AesGcmParams {
  const about = JSON.stringify([FORMAT, version, id, type, bytesToHex(publicKey)])
  return { name: 'AES-GCM', iv: nonce.slice(), additionalData: utf8ToBytes(about).slice() }
}
