/**
 * Ed25519 and secp256k1 with the network's domain convention: what is signed is `domain || message` (spec 10 section 6).
 * Ed25519 serves the certificates of peers; the others only stand behind the signer interface.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { IdentityError } from './errors.ts'

export type SignatureScheme = 'ed25519' | 'secp256k1-sha256' | 'secp256k1-sha3-256'

interface Scheme {
  publicKey(secretKey: Uint8Array): Uint8Array
  sign(secretKey: Uint8Array, signed: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean
}

/** RFC 8032: canonical points only, and no key of small order. */
const edwards: Scheme = {
  publicKey: (seed) => ed25519.getPublicKey(seed),
  sign: (seed, signed) => ed25519.sign(signed, seed),
  verify: (publicKey, signed, signature) => ed25519.verify(signature, signed, publicKey, { zip215: false }),
}

/** ECDSA over a digest; the nonce of RFC 6979 uses HMAC-SHA256 whatever the digest, and only low s is made or accepted. */
const ecdsa = (digest: (signed: Uint8Array) => Uint8Array): Scheme => ({
  publicKey: (secretKey) => secp256k1.getPublicKey(secretKey, true),
  sign: (secretKey, signed) =>
    secp256k1.sign(digest(signed), secretKey, { prehash: false, lowS: true, format: 'compact', extraEntropy: false }),
  verify: (publicKey, signed, signature) =>
    secp256k1.verify(signature, digest(signed), publicKey, { prehash: false, lowS: true, format: 'compact' }),
})

const SCHEMES: Readonly<Record<SignatureScheme, Scheme>> = {
  ed25519: edwards,
  'secp256k1-sha256': ecdsa(sha256),
  'secp256k1-sha3-256': ecdsa(sha3_256),
}

const PUBLIC_KEY_BYTES: Readonly<Record<SignatureScheme, readonly number[]>> = {
  ed25519: [32],
  'secp256k1-sha256': [33, 65],
  'secp256k1-sha3-256': [33, 65],
}

const SECRET_BYTES = 32
const SIGNATURE_BYTES = 64

/** Public key of a 32-byte secret: 32 bytes (Ed25519), 33 compressed (secp256k1). Throws `IdentityError` `length`, `range`. */
export function otherPublicKey(scheme: SignatureScheme, secretKey: Uint8Array): Uint8Array {
  return withSecret(scheme, secretKey, (rules) => rules.publicKey(secretKey))
}

/** Deterministic signature of 64 bytes over `domain || message`. Throws `IdentityError` `length`, `range`. */
export function otherSign(
  scheme: SignatureScheme,
  secretKey: Uint8Array,
  domain: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return withSecret(scheme, secretKey, (rules) => rules.sign(secretKey, concatBytes(domain, message)))
}

/** Verdict on a signature over `domain || message`; any bytes are allowed, ill-formed ones are false. */
export function otherVerify(
  scheme: SignatureScheme,
  publicKey: Uint8Array,
  domain: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== SIGNATURE_BYTES || !PUBLIC_KEY_BYTES[scheme].includes(publicKey.length)) return false
  try {
    return SCHEMES[scheme].verify(publicKey, concatBytes(domain, message), signature)
  } catch {
    return false // the library throws at bytes that are no point or scalar
  }
}

function withSecret<T>(scheme: SignatureScheme, secretKey: Uint8Array, use: (rules: Scheme) => T): T {
  if (secretKey.length !== SECRET_BYTES)
    throw new IdentityError('length', `${scheme} secret of ${secretKey.length} bytes, ${SECRET_BYTES} wanted`)
  try {
    return use(SCHEMES[scheme])
  } catch {
    throw new IdentityError('range', `${scheme} secret is no scalar of its group`) // the cause could name the secret
  }
}
