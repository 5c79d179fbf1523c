/**
 * What makes a TLS certificate that of a peer (spec 51 section 1; RPC-01): its Ed25519 key is derived from the Ed448 identity, and its
 * only DNS name carries the identity's key and a cross signature over the certificate's key. Reading and writing X.509 is left to
 * the program; this is the part that decides.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Ed448Signer, Ed448Verifier } from './engine.ts'
import { ED448_PUBLIC_BYTES, ED448_SIGNATURE_BYTES, type Identity, peerIdOf } from './peer-id.ts'
import { type Refusal, refuse } from './verdict.ts'

const DERIVATION = utf8ToBytes('tls-cert-derivation')
export const ED25519_OID = '1.3.101.112'
const ED25519_BYTES = 32
const NAME_DIGITS = 2 * (ED448_PUBLIC_BYTES + ED448_SIGNATURE_BYTES)

const crossSigned = (certificateKey: Uint8Array): Uint8Array => concatBytes(DERIVATION, certificateKey)

/** Everything of a certificate that follows from an identity. `seed` is secret. */
export interface CertificateParts {
  /** Ed25519 seed and key of the certificate, 32 bytes each. */
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly crossSignMessage: Uint8Array
  /** The only dNSName, 342 characters. */
  readonly dnsName: string
}

export function certificateParts(identity: Identity, engine: Ed448Signer): CertificateParts {
  const seed = sha256(concatBytes(identity.seed, DERIVATION))
  const publicKey = ed25519.getPublicKey(seed)
  const crossSignMessage = crossSigned(publicKey)
  const signature = engine.ed448Sign(identity.seed, crossSignMessage)
  return { seed, publicKey, crossSignMessage, dnsName: bytesToHex(concatBytes(identity.publicKey, signature)) }
}

/** What a reader found in a peer's leaf certificate. Dates, subject, chain and self-signature decide nothing. */
export interface CertificateContent {
  /** OID of the public key's algorithm, dotted. */
  readonly keyAlgorithm: string
  readonly publicKey: Uint8Array
  /** One entry for each subjectAltName extension: its dNSName values in order, other kinds of names left out. */
  readonly subjectAltNames: readonly (readonly string[])[]
}

export type CertificateRefusal = 'key' | 'name' | 'signature'

export type CertificateVerdict =
  | { readonly valid: true; readonly publicKey: Uint8Array; readonly peerId: Uint8Array }
  | Refusal<CertificateRefusal>

/** Judges a peer's certificate; the TLS library must have checked that the peer holds its key (hazard RPC-H1). */
export function verifyCertificate(content: CertificateContent, engine: Ed448Verifier): CertificateVerdict {
  if (content.keyAlgorithm !== ED25519_OID || content.publicKey.length !== ED25519_BYTES)
    return refuse('key', `key of ${content.publicKey.length} bytes for ${content.keyAlgorithm}, Ed25519 wanted`)
  const [names, ...otherExtensions] = content.subjectAltNames
  const [name, ...otherNames] = names ?? []
  if (name === undefined || otherNames.length > 0 || otherExtensions.length > 0)
    return refuse('name', 'exactly one dNSName in one subjectAltName extension wanted')
  if (name.length !== NAME_DIGITS || !/^[0-9a-fA-F]*$/.test(name))
    return refuse('name', `a name of ${name.length} characters, ${NAME_DIGITS} hex digits wanted`)
  const bytes = hexToBytes(name)
  const publicKey = bytes.subarray(0, ED448_PUBLIC_BYTES)
  const signature = bytes.subarray(ED448_PUBLIC_BYTES)
  if (!engine.ed448Verify(publicKey, crossSigned(content.publicKey), signature))
    return refuse('signature', 'the identity did not sign the key of the certificate')
  return { valid: true, publicKey, peerId: peerIdOf(publicKey) }
}
