import { randomBytes, X509Certificate } from 'node:crypto'
import { identityOfSeed } from '@petal/core/identity/index.ts'
import { expect, test } from 'vitest'
import { makeCertificate, readCertificate, verifyPeerCertificate } from './certificate.ts'
import { engine } from './testing.ts'

const identity = identityOfSeed(new Uint8Array(57).fill(1), engine)
const options = {
  notBefore: new Date(),
  notAfter: new Date(Date.now() + 1e9),
  serial: new Uint8Array(randomBytes(16)),
}

test('RPC-01 our certificate is good X.509, signed by its own key, and names its identity', () => {
  const { der, privateKey } = makeCertificate(identity, engine, options)
  const certificate = new X509Certificate(der)
  expect([certificate.subject, certificate.issuer]).toEqual(['O=QTLS', 'O=QTLS'])
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(certificate.checkPrivateKey(privateKey)).toBe(true)
  expect(verifyPeerCertificate(der, engine)).toMatchObject({ valid: true, peerId: identity.peerId })
})

test('no bytes make the reader throw', () => {
  const { der } = makeCertificate(identity, engine, options)
  for (let index = 0; index < der.length; index++) {
    readCertificate(der.map((byte, at) => (at === index ? byte ^ 0x81 : byte)))
    expect(readCertificate(der.subarray(0, index))).toBeNull()
  }
  expect(readCertificate(new Uint8Array(20_000).fill(0x30))).toBeNull()
  expect(readCertificate(Uint8Array.of(0x30, 0x80, 0, 0))).toBeNull()
})
