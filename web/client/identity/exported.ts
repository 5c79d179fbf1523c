/**
 * Export of the identity under a passphrase, in the form of `core/identity/sealed-keys.ts`: the file is one that `petal-node keys restore` takes,
 * and a backup of a node can be imported here.
 */

import { scryptAsync } from '@noble/hashes/scrypt.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { IdentityError } from '@petal/core/identity/errors.ts'
import {
  fileState,
  formatSealedFile,
  type Kdf,
  openKey,
  parseSealedFile,
  SEAL_NONCE_BYTES,
  type SealedFile,
  sealFile,
  sealKey,
} from '@petal/core/identity/sealed-keys.ts'
import { clientError } from '../errors.ts'
import type { OpenIdentity } from './identity-types.ts'
import { ED448_KEY_BYTES, ED448_KEY_TYPE, IDENTITY_ID } from './wrapping.ts'

/** Memory of the derivation: 128 MiB, as in files of a node. */
const LOG2_N = 17
const SALT_BYTES = 32
/** The derivation lets others run after so many milliseconds. */
const TICK_MILLIS = 10

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** Bytes of a file with one key. `seed` stays the caller's to wipe. `log2N` is lower in tests only. */
export async function sealIdentity(
  seed: Uint8Array,
  publicKey: Uint8Array,
  passphrase: string,
  log2N = LOG2_N,
): Promise<Uint8Array> {
  const kdf: Kdf = { name: 'scrypt', log2N, p: 1, salt: bytesToHex(random(SALT_BYTES)) }
  const wrappingKey = await derive(passphrase, kdf)
  try {
    const key = { id: IDENTITY_ID, type: ED448_KEY_TYPE, publicKey, privateKey: seed }
    const sealed = sealKey(key, wrappingKey, random(SEAL_NONCE_BYTES))
    const nonces = [random(SEAL_NONCE_BYTES), random(SEAL_NONCE_BYTES)] as const
    return utf8ToBytes(formatSealedFile(sealFile(kdf, [sealed], wrappingKey, nonces)))
  } finally {
    wrappingKey.fill(0)
  }
}

/** Seed and public key as the file names them, of whatever length. Throws `ClientError` `import` (no such file, or damaged) or `passphrase`. */
export async function openSealedIdentity(bytes: Uint8Array, passphrase: string): Promise<OpenIdentity> {
  const file = parsed(bytes)
  const wrappingKey = await derive(passphrase, file.kdf)
  try {
    const state = fileState(file, wrappingKey)
    if (state === 'passphrase') throw clientError('passphrase', 'The passphrase does not open this file.')
    if (state === 'changed')
      throw clientError('import', 'Keys were added to or taken from this file: use another copy.')
    const sealed = file.keys.find(({ id, type }) => id === IDENTITY_ID && type === ED448_KEY_TYPE)
    if (sealed === undefined) throw clientError('import', `This file holds no peer key (${IDENTITY_ID}).`)
    const opened = openKey(sealed, wrappingKey)
    if (opened === null) throw clientError('import', 'The peer key in this file is damaged: use another copy.')
    // Older nodes keep the public key behind the seed.
    const seed = opened.slice(0, opened.length === 2 * ED448_KEY_BYTES ? ED448_KEY_BYTES : opened.length)
    opened.fill(0)
    return { seed, publicKey: hexToBytes(sealed.publicKey) }
  } finally {
    wrappingKey.fill(0)
  }
}

function parsed(bytes: Uint8Array): SealedFile {
  try {
    return parseSealedFile(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    if (!(cause instanceof IdentityError || cause instanceof TypeError)) throw cause
    throw clientError('import', 'This is no file of keys of this program.', { cause })
  }
}

function derive(passphrase: string, { log2N, p, salt }: Kdf): Promise<Uint8Array> {
  return scryptAsync(utf8ToBytes(passphrase), hexToBytes(salt), {
    N: 2 ** log2N,
    r: 8,
    p,
    dkLen: 32,
    asyncTick: TICK_MILLIS,
  })
}
