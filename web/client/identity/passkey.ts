/**
 * A passkey gives the wrapping key of the identity (WebAuthn extension PRF, then HKDF). Only a page can ask for one, when a person wishes it. The
 * secret of the passkey is wiped as soon as the key is made, and the key cannot be exported.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { clientError } from '../errors.ts'
import type { PasskeyLock, TabIdentity } from './identity-types.ts'

const SALT_BYTES = 32
const SECRET_BYTES = 32
const TIMEOUT_MILLIS = 120_000
const PURPOSE = utf8ToBytes('petal identity wrapping key').slice()

/** ES256 and RS256: what authenticators have. The signatures are not used. */
const ALGORITHMS = [-7, -257].map((alg) => ({ type: 'public-key', alg }) as const)

/** Why passkeys cannot do this here; null when they may. */
export function passkeyObstacle(): string | null {
  if (typeof PublicKeyCredential === 'undefined' || typeof navigator.credentials === 'undefined')
    return 'This browser has no passkeys here.'
  if (/^[\d.]+$|:/.test(location.hostname))
    return 'Passkeys need a site with a name: this one has a number for an address.'
  return null
}

/** Makes a passkey for an identity. Rejects with `ClientError` `passkey`. */
export async function createPasskey(
  identity: TabIdentity,
): Promise<{ readonly key: CryptoKey; readonly lock: PasskeyLock }> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const credential = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { name: 'Petal' },
        user: {
          id: crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
          name: `Petal ${identity.peerId}`,
          displayName: `Petal ${identity.peerId.slice(0, 12)}`,
        },
        challenge: crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
        pubKeyCredParams: ALGORITHMS,
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        timeout: TIMEOUT_MILLIS,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  )
  const { prf } = credential.getClientExtensionResults()
  const lock: PasskeyLock = { kind: 'passkey', credential: new Uint8Array(credential.rawId), salt }
  if (prf?.results?.first !== undefined) return { key: await keyOf(prf.results.first), lock }
  if (prf?.enabled !== true) throw clientError('passkey', 'This authenticator cannot derive keys (WebAuthn PRF).')
  // Some authenticators give the secret only when they are asked again.
  return { key: await askPasskey(lock), lock }
}

/** The wrapping key of a passkey that was made before. Rejects with `ClientError` `passkey`. */
export async function askPasskey(lock: PasskeyLock): Promise<CryptoKey> {
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
        allowCredentials: [{ type: 'public-key', id: lock.credential.slice() }],
        userVerification: 'required',
        timeout: TIMEOUT_MILLIS,
        extensions: { prf: { eval: { first: lock.salt.slice() } } },
      },
    }),
  )
  const first = credential.getClientExtensionResults().prf?.results?.first
  if (first === undefined) throw clientError('passkey', 'The authenticator gave no key (WebAuthn PRF).')
  return await keyOf(first)
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  const obstacle = passkeyObstacle()
  if (obstacle !== null) throw clientError('passkey', obstacle)
  try {
    const credential = await ask()
    if (credential instanceof PublicKeyCredential) return credential
  } catch (cause) {
    const refused = cause instanceof DOMException && cause.name === 'NotAllowedError'
    const why = cause instanceof Error ? cause.message : String(cause)
    throw clientError(
      'passkey',
      refused ? 'The passkey was not given: cancelled, or not in time.' : `The passkey failed: ${why}`,
      {
        cause,
      },
    )
  }
  throw clientError('passkey', 'The browser gave no passkey.')
}

async function keyOf(result: BufferSource): Promise<CryptoKey> {
  const secret = ArrayBuffer.isView(result)
    ? new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
    : new Uint8Array(result)
  try {
    if (secret.length !== SECRET_BYTES) throw clientError('passkey', 'The authenticator gave a key of another length.')
    const material = await crypto.subtle.importKey('raw', secret.slice(), 'HKDF', false, ['deriveKey'])
    const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: PURPOSE }
    return await crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ])
  } finally {
    secret.fill(0)
  }
}
