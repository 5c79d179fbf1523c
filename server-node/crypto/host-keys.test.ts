/** Host keys by the addon are those of OpenSSL (spec 10 section 4, 50 section 1). */
import { createPrivateKey, sign } from 'node:crypto'
import { publicKeyFromProtobuf, publicKeyToProtobuf, wipePrivateKey } from '@libp2p/crypto/keys'
import { ed448 } from '@noble/curves/ed448.js'
import { verifySignatures } from '@petal/p2p/gossip/index.ts'
import { hostKeyOfSeed, useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import { beforeAll, expect, test } from 'vitest'
import { loadAddon } from './addon.ts'

const seedOf = (fill: number) => new Uint8Array(57).fill(fill)
const payloadOf = (number: number) => new Uint8Array(100 + number).fill(number)

function byOpenSsl(seed: Uint8Array, payload: Uint8Array): Uint8Array {
  const key = Buffer.concat([Buffer.from('3047020100300506032b6571043b0439', 'hex'), seed])
  return new Uint8Array(sign(null, payload, createPrivateKey({ key, format: 'der', type: 'pkcs8' })))
}

beforeAll(() => useEngineForHostKeys(loadAddon()))

test('P2P-01 the first and every later signature of a key is the one of its seed', async () => {
  const key = hostKeyOfSeed(seedOf(7))
  for (const number of [1, 2, 3]) {
    const signature = await key.sign(payloadOf(number))
    expect(Buffer.from(signature).equals(byOpenSsl(seedOf(7), payloadOf(number)))).toBe(true)
  }
})

test('P2P-11 signatures that are verified together get the verdicts that they deserve alone', async () => {
  const claims = Array.from({ length: 100 }, (_, number) => ({
    key: publicKeyToProtobuf(hostKeyOfSeed(seedOf(number % 3)).publicKey),
    payload: payloadOf(number),
    signature: byOpenSsl(seedOf(number % 3), payloadOf(number === 41 ? 0 : number)),
  }))
  const verdicts = await Promise.all(verifySignatures(claims))
  expect(verdicts).toEqual(claims.map((_, number) => number !== 41))
})

test.each([0, 0x80])(
  "P2P-02 a key of order 4 is nobody's host key; a signature of gossip by it holds (sign of x: %i)",
  (sign) => {
    const record = Uint8Array.of(0x08, 4, 0x12, 57, ...new Uint8Array(56), sign)
    // R is the base point, and S = 1.
    const signature = Uint8Array.of(...ed448.Point.BASE.toBytes(), 1, ...new Uint8Array(56))
    const claims = Array.from({ length: 8 }, (_, number) => ({ key: record, payload: payloadOf(number), signature }))
    expect(verifySignatures(claims)).toEqual(claims.map(() => true))
    for (const claim of claims) expect(verifySignatures([claim])).toEqual([true])
    expect(() => publicKeyFromProtobuf(record)).toThrow()
  },
)

test('a wiped key signs nothing and holds nothing', async () => {
  const key = hostKeyOfSeed(seedOf(9))
  await key.sign(payloadOf(1))
  wipePrivateKey(key)
  expect(key.raw.every((byte) => byte === 0)).toBe(true)
  expect(() => key.sign(payloadOf(1))).toThrow('wiped')
})
