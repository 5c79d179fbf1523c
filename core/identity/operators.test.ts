import { expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { DEFAULT_ALERT_KEY } from './alert-key.ts'
import { certificateParts, ED25519_OID, verifyCertificate } from './certificate.ts'
import { AlertMemory, readAlert, signAlert } from './global-alert.ts'
import { otherPublicKey, otherSign, otherVerify, type SignatureScheme } from './other-signatures.ts'
import { identityOfSeed } from './peer-id.ts'
import { checkRelease, digestFile, releaseQuorum } from './release-check.ts'
import { RELEASE_SIGNATORIES } from './signatories.ts'

const engine = loadNativeEngine()
const identities = Array.from({ length: 9 }, (_, index) => identityOfSeed(new Uint8Array(57).fill(index + 1), engine))
const identity = identityOfSeed(new Uint8Array(57).fill(7), engine)

test('OPS-08 an alert of another key, domain or text is refused', () => {
  const bytes = signAlert('stop', identity, engine)
  const alert = readAlert(bytes, identity.publicKey, engine)
  expect(alert).toMatchObject({ valid: true, message: 'stop' })
  expect(readAlert(bytes, DEFAULT_ALERT_KEY, engine)).toMatchObject({ reason: 'signature' })
  expect(
    readAlert(
      bytes.map((byte, at) => (at === 8 ? byte ^ 1 : byte)),
      identity.publicKey,
      engine,
    ).valid,
  ).toBe(false)
  expect(readAlert(bytes.subarray(0, 50), identity.publicKey, engine)).toMatchObject({ reason: 'encoding' })
  expect(readAlert(signAlert('', identity, engine), identity.publicKey, engine)).toMatchObject({ reason: 'structure' })
})

test('OPS-H1 an alert halts a prover once; the operator may go on, and a replay does not halt again, also after a restart', () => {
  const alert = readAlert(signAlert('stop', identity, engine), identity.publicKey, engine)
  if (!alert.valid) throw new Error(alert.text)
  const memory = new AlertMemory('prover')
  expect(memory.receive(alert)).toBe('halt')
  expect(memory.halted).toBe(true)
  expect(new AlertMemory('prover', memory.seen, memory.halted).halted).toBe(true)
  memory.override()
  const restarted = new AlertMemory('prover', memory.seen, memory.halted)
  expect(restarted.receive(alert)).toBe('known')
  expect(restarted.halted).toBe(false)
})

test('OPS-H1 a light client is told and never halted', () => {
  const alert = readAlert(signAlert('stop', identity, engine), identity.publicKey, engine)
  if (!alert.valid) throw new Error(alert.text)
  const memory = new AlertMemory('light', [], true)
  expect(memory.receive(alert)).toBe('show')
  expect(memory.halted).toBe(false)
})

test('OPS-07 seven of seventeen, three of nine; no signature at all is never enough', () => {
  expect([5, 9, 17].map(releaseQuorum)).toEqual([1, 3, 7])
  expect(RELEASE_SIGNATORIES).toHaveLength(17)
  const content = Uint8Array.of(1)
  const file = new TextEncoder().encode(digestFile('node-1', content))
  const unsigned = {
    content,
    digestFile: file,
    signatures: [],
    signatories: identities.slice(0, 4).map((one) => one.publicKey),
  }
  expect(checkRelease(unsigned, engine)).toMatchObject({ reason: 'quorum' })
})

test('OPS-07, OPS-H8 content, name and every present signature count', () => {
  const content = Uint8Array.of(1, 2, 3)
  const file = new TextEncoder().encode(digestFile('node-1', content))
  const signatures = identities.map((one, index) => (index < 3 ? engine.ed448Sign(one.seed, file) : null))
  const release = {
    content,
    name: 'node-1',
    digestFile: file,
    signatures,
    signatories: identities.map((one) => one.publicKey),
  }
  expect(checkRelease(release, engine)).toEqual({ valid: true, signers: [1, 2, 3] })
  expect(checkRelease({ ...release, name: 'node-2' }, engine)).toMatchObject({ reason: 'digest file' })
  expect(checkRelease({ ...release, content: Uint8Array.of(1) }, engine)).toMatchObject({ reason: 'digest' })
  const bad = signatures.with(5, new Uint8Array(114))
  expect(checkRelease({ ...release, signatures: bad }, engine)).toMatchObject({ reason: 'signature' })
  expect(checkRelease({ ...release, signatories: [] }, engine)).toMatchObject({ reason: 'signature' })
  for (const text of ['', 'SHA3-256(node-1)=', 'SHA3-256(node-1)= zz', 'x'.repeat(5000)])
    expect(checkRelease({ ...release, digestFile: new TextEncoder().encode(text) }, engine)).toMatchObject({
      reason: 'digest file',
    })
})

test('RPC-01 a certificate is judged by its key and its one name alone', () => {
  const { publicKey, dnsName } = certificateParts(identity, engine)
  const good = { keyAlgorithm: ED25519_OID, publicKey, subjectAltNames: [[dnsName]] }
  expect(verifyCertificate(good, engine)).toMatchObject({ valid: true, peerId: identity.peerId })
  expect(verifyCertificate({ ...good, subjectAltNames: [[dnsName.toUpperCase()]] }, engine).valid).toBe(true)
  for (const subjectAltNames of [
    [],
    [[]],
    [[dnsName, dnsName]],
    [[dnsName], [dnsName]],
    [[`${dnsName}.`]],
    [[`0x${dnsName.slice(2)}`]],
  ])
    expect(verifyCertificate({ ...good, subjectAltNames }, engine)).toMatchObject({ reason: 'name' })
  expect(verifyCertificate({ ...good, keyAlgorithm: '1.3.101.110' }, engine)).toMatchObject({ reason: 'key' })
  expect(verifyCertificate({ ...good, publicKey: publicKey.subarray(1) }, engine)).toMatchObject({ reason: 'key' })
  expect(
    verifyCertificate({ ...good, publicKey: otherPublicKey('ed25519', new Uint8Array(32)) }, engine),
  ).toMatchObject({ reason: 'signature' })
})

const SCHEMES: readonly SignatureScheme[] = ['ed25519', 'secp256k1-sha256', 'secp256k1-sha3-256']

test.each(SCHEMES)('CRY-16, CRY-17 %s binds domain and message, and no bytes make it throw', (scheme) => {
  const secret = new Uint8Array(32).fill(9)
  const key = otherPublicKey(scheme, secret)
  const [domain, message] = [Uint8Array.of(1), Uint8Array.of(2, 3)]
  const signature = otherSign(scheme, secret, domain, message)
  expect(otherVerify(scheme, key, domain, message, signature)).toBe(true)
  expect(otherVerify(scheme, key, Uint8Array.of(1, 2), Uint8Array.of(3), signature)).toBe(true) // one signed string
  expect(otherVerify(scheme, key, domain, Uint8Array.of(2), signature)).toBe(false)
  for (let length = 0; length <= 70; length++)
    for (const filling of [0, 2, 255]) {
      expect(otherVerify(scheme, new Uint8Array(length).fill(filling), domain, message, signature)).toBe(false)
      expect(otherVerify(scheme, key, domain, message, new Uint8Array(length).fill(filling))).toBe(false)
    }
  expect(() => otherSign(scheme, new Uint8Array(31), domain, message)).toThrow(
    expect.objectContaining({ code: 'length' }),
  )
})

test.each(SCHEMES.slice(1))(
  'CRY-16 %s refuses a secret that is no scalar, and a 65-byte key verifies too',
  (scheme) => {
    for (const filling of [0, 255])
      expect(() => otherPublicKey(scheme, new Uint8Array(32).fill(filling))).toThrow(
        expect.objectContaining({ code: 'range' }),
      )
  },
)
