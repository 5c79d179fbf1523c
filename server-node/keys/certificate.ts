/**
 * X.509 certificates of peers (spec 51 section 1; RPC-01): reading the parts that decide, and making our own. What a certificate is
 * worth is decided in `core/identity`.
 */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import {
  type CertificateContent,
  type CertificateVerdict,
  certificateParts,
  ED25519_OID,
  type Ed448Signer,
  type Ed448Verifier,
  type Identity,
  verifyCertificate,
} from '@petal/core/identity/index.ts'

/** A real certificate has 600 to 900 bytes. */
const LONGEST_CERTIFICATE = 16 * 1024

/** The parts of a leaf certificate that decide; null when the bytes are no certificate, or more than one. Never throws. */
export function readCertificate(der: Uint8Array): CertificateContent | null {
  if (der.length > LONGEST_CERTIFICATE || !isOneElement(der)) return null
  try {
    const { tbsCertificate } = AsnConvert.parse(der, Certificate)
    const { algorithm, subjectPublicKey } = tbsCertificate.subjectPublicKeyInfo
    const extensions = (tbsCertificate.extensions ?? []).filter((one) => one.extnID === id_ce_subjectAltName)
    return {
      keyAlgorithm: algorithm.algorithm,
      publicKey: new Uint8Array(subjectPublicKey),
      subjectAltNames: extensions.map(dnsNames),
    }
  } catch {
    return null // whatever the library objects to is no certificate of a peer
  }
}

/** Reads and judges a peer's leaf certificate. Never throws. */
export function verifyPeerCertificate(
  der: Uint8Array,
  engine: Ed448Verifier,
): CertificateVerdict | { readonly valid: false; readonly reason: 'encoding'; readonly text: string } {
  const content = readCertificate(der)
  if (content === null)
    return { valid: false, reason: 'encoding', text: `${der.length} bytes are no X.509 certificate` }
  return verifyCertificate(content, engine)
}

function dnsNames(extension: Extension): string[] {
  const names = AsnConvert.parse(extension.extnValue, SubjectAlternativeName)
  return [...names].map((name) => name.dNSName).filter((name) => name !== undefined)
}

/** One DER SEQUENCE of definite length and nothing after it (the ASN.1 library ignores what follows). */
function isOneElement(der: Uint8Array): boolean {
  const [tag, first] = der
  if (tag !== 0x30 || first === undefined || first === 0x80) return false
  if (first < 0x80) return der.length === 2 + first
  const count = first & 0x7f
  if (count > 4 || der.length < 2 + count) return false
  const length = der.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0)
  return der.length === 2 + count + length
}

/** A certificate with its private key, as TLS wants them. */
export interface OwnCertificate {
  readonly der: Uint8Array
  readonly privateKey: KeyObject
}

/** Serial number and dates are free (spec 51 section 1). `serial`: 1 to 20 bytes of randomness. */
export interface CertificateOptions {
  readonly notBefore: Date
  readonly notAfter: Date
  readonly serial: Uint8Array
}

/** A positive integer in the shortest form: the top bit clear, the next one set. */
const positive = (serial: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(serial, (byte, index) => (index === 0 ? (byte & 0x7f) | 0x40 : byte))

const ORGANIZATION = '2.5.4.10'

/** Head of a PKCS #8 Ed25519 key before its 32-byte seed (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Makes the self-signed certificate of an identity. */
export function makeCertificate(identity: Identity, engine: Ed448Signer, options: CertificateOptions): OwnCertificate {
  const parts = certificateParts(identity, engine)
  const pkcs8 = Buffer.concat([PKCS8_HEAD, parts.seed])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  pkcs8.fill(0)
  parts.seed.fill(0)
  const name = new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: ORGANIZATION, value: new AttributeValue({ utf8String: 'QTLS' }) }),
    ]),
  ])
  const names = new SubjectAlternativeName([new GeneralName({ dNSName: parts.dnsName })])
  const algorithm = new AlgorithmIdentifier({ algorithm: ED25519_OID })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: positive(options.serial).buffer,
    signature: algorithm,
    issuer: name,
    subject: name,
    validity: new Validity({ notBefore: options.notBefore, notAfter: options.notAfter }),
    subjectPublicKeyInfo: new SubjectPublicKeyInfo({
      algorithm,
      subjectPublicKey: Uint8Array.from(parts.publicKey).buffer,
    }),
    extensions: new Extensions([
      new Extension({
        extnID: id_ce_subjectAltName,
        extnValue: new OctetString(AsnConvert.serialize(names)),
      }),
    ]),
  })
  const signed = Buffer.from(AsnConvert.serialize(tbsCertificate))
  const signatureValue = Uint8Array.from(sign(null, signed, privateKey)).buffer
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue })
  return { der: new Uint8Array(AsnConvert.serialize(certificate)), privateKey }
}
