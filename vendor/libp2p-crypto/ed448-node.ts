/** Ed448 of OpenSSL, by Node. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Ed448Provider } from './provider.ts'

/** Heads of PKCS #8 and SPKI before the 57 bytes (RFC 8410). */
const PKCS8_HEAD = Buffer.from('3047020100300506032b6571043b0439', 'hex')
const SPKI_HEAD = Buffer.from('3043300506032b6571033a00', 'hex')

function privateKey(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([PKCS8_HEAD, seed])
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    key.fill(0)
  }
}

export const platformEd448: Ed448Provider = {
  publicKey: (seed) => {
    const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
    return new Uint8Array(spki.subarray(SPKI_HEAD.length))
  },
  sign: (seed, message) => new Uint8Array(sign(null, message, privateKey(seed))),
  verify: (publicKey, message, signature) => {
    const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  },
}
