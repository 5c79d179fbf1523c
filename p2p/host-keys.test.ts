import { globSync, readFileSync } from 'node:fs'
import {
  Ed448PrivateKey,
  generateEd448KeyPair,
  generateKeyPair,
  isEd448,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
  publicKeyFromProtobuf,
  publicKeyToProtobuf,
} from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { hostKeyOfSeed } from './host-keys.ts'

const cases = JSON.parse(readFileSync(new URL('../test/vectors/p2p/peer_id.json', import.meta.url), 'utf8')).cases as {
  readonly name: string
  readonly valid: boolean
  readonly config_peer_priv_key: string
  readonly seed?: string
  readonly peer_id_base58?: string
  readonly public_key_protobuf?: string
}[]

describe('P2P-01 host keys of libp2p', () => {
  const valid = cases.filter((each) => each.valid && each.seed !== undefined)

  test.each(valid)('$name has the peer id and the key record of the vectors', (each) => {
    const key = hostKeyOfSeed(hexToBytes(each.seed ?? ''))
    expect(peerIdFromPrivateKey(key).toString()).toBe(each.peer_id_base58)
    expect(bytesToHex(publicKeyToProtobuf(key.publicKey))).toBe(each.public_key_protobuf)
    expect(publicKeyFromProtobuf(publicKeyToProtobuf(key.publicKey)).equals(key.publicKey)).toBe(true)
    expect(privateKeyFromProtobuf(privateKeyToProtobuf(key)).equals(key)).toBe(true)
  })

  test('halves that disagree are no key', () => {
    const [a, b] = valid.map((each) => hexToBytes(each.config_peer_priv_key))
    if (a === undefined || b === undefined) throw new Error('two vectors are needed')
    expect(new Ed448PrivateKey(a).publicKey.raw).toEqual(a.subarray(57))
    const mixed = Uint8Array.of(...a.subarray(0, 57), ...b.subarray(57))
    expect(() => new Ed448PrivateKey(mixed)).toThrow(RangeError)
  })

  test('lengths and records in another form are refused', () => {
    expect(() => hostKeyOfSeed(new Uint8Array(56))).toThrow(RangeError)
    const record = publicKeyToProtobuf(hostKeyOfSeed(new Uint8Array(57).fill(1)).publicKey)
    expect(() => publicKeyFromProtobuf(record.subarray(0, 60))).toThrow()
    expect(() => publicKeyFromProtobuf(Uint8Array.of(...record, 0))).toThrow()
    // The same value in a longer varint is another record, so another peer id.
    expect(() => publicKeyFromProtobuf(Uint8Array.of(0x08, 0x84, 0x00, ...record.subarray(2)))).toThrow()
  })

  test('signatures hold, altered ones do not, of any length', async () => {
    const key = await generateEd448KeyPair()
    const message = Uint8Array.of(1, 2, 3)
    const signature = await key.sign(message)
    expect(await key.publicKey.verify(message, signature)).toBe(true)
    expect(await key.publicKey.verify(Uint8Array.of(1, 2, 4), signature)).toBe(false)
    for (const length of [0, 64, 113, 115])
      expect(await key.publicKey.verify(message, new Uint8Array(length))).toBe(false)
  })

  test('kinds that libp2p knows are left to it', async () => {
    const key = await generateKeyPair('Ed25519')
    expect(isEd448(key)).toBe(false)
    expect(publicKeyFromProtobuf(publicKeyToProtobuf(key.publicKey)).equals(key.publicKey)).toBe(true)
  })
})

test('one copy of @libp2p/crypto is installed: a second one would not know these keys', () => {
  const root = new URL('..', import.meta.url).pathname
  const copies = globSync('node_modules/**/@libp2p/crypto/package.json', { cwd: root })
  expect(copies.length).toBe(1)
})
