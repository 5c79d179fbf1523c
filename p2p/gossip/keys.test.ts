import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { hostIdentity, verifySignature, verifySignatures } from './keys.ts'

const payload = new TextEncoder().encode('libp2p-pubsub:')
const signed = async (privateKey: PrivateKey) => {
  const { key, sign } = hostIdentity(privateKey)
  return { key, signature: await sign(payload) }
}

test('P2P-05 signatures of host keys of all kinds are verified', async () => {
  const keys = [await generateEd448KeyPair(), await generateKeyPair('Ed25519'), await generateKeyPair('secp256k1')]
  for (const privateKey of keys) {
    const { key, signature } = await signed(privateKey)
    expect(await verifySignature(key, payload, signature)).toBe(true)
    expect(await verifySignature(key, payload.subarray(1), signature)).toBe(false)
    expect(await verifySignature(key.subarray(1), payload, signature)).toBe(false)
  }
})

test('P2P-11 a key in another encoding than the one that its peer id is of verifies nothing', async () => {
  const ed25519 = await signed(await generateKeyPair('Ed25519'))
  const surplus = Uint8Array.from([...ed25519.key, 0x7a, 1, 1])
  expect(await verifySignature(surplus, payload, ed25519.signature)).toBe(false)
  const { key, signature } = await signed(await generateKeyPair('secp256k1'))
  const long = secp256k1.Point.fromBytes(key.subarray(4)).toBytes(false)
  const uncompressed = Uint8Array.from([0x08, 2, 0x12, 65, ...long])
  expect(await verifySignature(uncompressed, payload, signature)).toBe(false)
})

test('P2P-11 of many claims at once each has its own verdict, whatever the kinds of their keys', async () => {
  const kinds = [await generateEd448KeyPair(), await generateKeyPair('Ed25519'), await generateEd448KeyPair()]
  const good = await Promise.all(kinds.map(async (kind) => ({ payload, ...(await signed(kind)) })))
  const forged = good.map((claim) => ({ ...claim, signature: claim.signature.toReversed() }))
  const junk = [
    { key: new Uint8Array(0), payload, signature: new Uint8Array(0) },
    ...good.map((claim) => ({ ...claim, signature: claim.signature.subarray(1) })),
  ]
  expect(await Promise.all(verifySignatures([...good, ...forged, ...junk, ...good]))).toEqual([
    ...[true, true, true],
    ...[false, false, false],
    ...[false, false, false, false],
    ...[true, true, true],
  ])
  expect(verifySignatures([])).toEqual([])
})
