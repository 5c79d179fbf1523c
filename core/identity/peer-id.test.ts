import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { base58Decode, base58Encode } from './base58.ts'
import {
  identityFromConfig,
  identityOfSeed,
  identityToConfig,
  peerIdFromText,
  peerIdText,
  publicKeyOfRecord,
  publicKeyRecord,
} from './peer-id.ts'
import { workerIdentity } from './worker-identity.ts'

const engine = loadNativeEngine()
const identity = identityOfSeed(new Uint8Array(57).fill(7), engine)
const other = identityOfSeed(new Uint8Array(57).fill(8), engine)
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

test('base58 reads what it writes, leading zeros included', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(base58Decode(base58Encode(bytes))).toEqual(bytes)
    }),
  )
  expect(base58Encode(Uint8Array.of(0, 0, 1))).toBe('112')
})

test('P2P-01 a peer id has a text that begins Qm, and only such a text is read', () => {
  const text = peerIdText(identity.peerId)
  expect(text).toMatch(/^Qm.{44}$/)
  expect(peerIdFromText(text)).toEqual(identity.peerId)
  for (const wrong of [
    '',
    '0',
    text.slice(1),
    `${text}1`,
    `1${text}`,
    '12D3KooWGjMC7PYkFvCb2ZGk8mVQ3hW5xA2',
    'Q'.repeat(10_000),
  ])
    expect(() => peerIdFromText(wrong)).toThrow(expect.objectContaining({ code: 'decode' }))
})

test('P2P-01 a stored key is the seed, the seed with its public key, or with two copies of it', () => {
  const { seed, publicKey } = identity
  for (const stored of [seed, join(seed, publicKey), join(seed, publicKey, publicKey)])
    expect(identityFromConfig(stored, engine)).toEqual(identity)
  expect(identityToConfig(identity)).toEqual(join(seed, publicKey))
})

test('P2P-01 a stored key whose halves disagree is refused, and so is every other length', () => {
  const { seed, publicKey } = identity
  for (const stored of [join(seed, other.publicKey), join(publicKey, seed), join(seed, publicKey, other.publicKey)])
    expect(() => identityFromConfig(stored, engine)).toThrow(expect.objectContaining({ code: 'mismatch' }))
  for (const length of [0, 32, 56, 58, 113, 115, 170, 172, 228])
    expect(() => identityFromConfig(new Uint8Array(length), engine)).toThrow(
      expect.objectContaining({ code: 'length' }),
    )
})

test('only the canonical record of an Ed448 key is read', () => {
  const record = publicKeyRecord(identity.publicKey)
  expect(publicKeyOfRecord(record)).toEqual(identity.publicKey)
  expect(publicKeyOfRecord(join(record, Uint8Array.of(0)))).toBeNull()
  expect(publicKeyOfRecord(record.subarray(1))).toBeNull()
  for (let index = 0; index < 4; index++)
    expect(publicKeyOfRecord(record.map((byte, at) => (at === index ? byte ^ 1 : byte)))).toBeNull()
})

test('P2P-14 workers have ids of their own, from core 1 on', () => {
  const ids = [1, 2, 10].map((core) => peerIdText(workerIdentity(identity, core, engine).peerId))
  expect(new Set([...ids, peerIdText(identity.peerId)]).size).toBe(4)
  for (const core of [0, -1, 1.5, Number.NaN, 2 ** 60])
    expect(() => workerIdentity(identity, core, engine)).toThrow(expect.objectContaining({ code: 'range' }))
})
