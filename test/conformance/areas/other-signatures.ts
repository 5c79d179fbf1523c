import { otherPublicKey, otherSign, otherVerify, type SignatureScheme } from '../../../core/identity/index.ts'
import { type Fields, Malformed, toHex } from '../fields.ts'
import type { CoreRunner } from '../runner.ts'

const SCHEMES: readonly SignatureScheme[] = ['ed25519', 'secp256k1-sha256', 'secp256k1-sha3-256']

function schemeOf(fields: Fields): SignatureScheme {
  const scheme = SCHEMES.find((name) => name === fields.text('scheme'))
  if (scheme === undefined) throw new Malformed(`scheme ${fields.text('scheme')} is not one of ${SCHEMES.join(', ')}`)
  return scheme
}

/** `ed448/other_signatures.json`: verdicts; with a secret also key and signature (spec 10 section 6, CRY-16). */
export const otherSignatures: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const scheme = schemeOf(fields)
    const [domain, message] = [fields.bytes('domain'), fields.bytes('message')]
    const [key, signature] = [fields.bytes('public_key'), fields.bytes('signature')]
    check.gives('valid', fields.requiredVerdict(), () => otherVerify(scheme, key, domain, message, signature))
    const secretName = ['seed', 'secret_key'].find((name) => fields.has(name))
    if (!fields.requiredVerdict() || secretName === undefined) return
    const secret = fields.bytes(secretName)
    check.gives('public_key', toHex(key), () => otherPublicKey(scheme, secret))
    check.gives('signature', toHex(signature), () => otherSign(scheme, secret, domain, message))
  },
}
