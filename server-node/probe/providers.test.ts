/** GET_PROVIDERS, read within bounds (spec 50 section 3; P2P-07). */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { base58btc } from 'multiformats/bases/base58'
import { expect, test } from 'vitest'
import vectors from '../../test/vectors/p2p/dht_namespace.json' with { type: 'json' }
import { ProbeError } from './failures.ts'
import { PROVIDER_LIMITS, providersRequest, readAnswer } from './providers.ts'

const idOf = (seed: number) => Uint8Array.of(0x12, 0x20, ...new Uint8Array(32).fill(seed))
const textOf = (id: Uint8Array) => base58btc.encode(id).slice(1)
const ADDRESS = multiaddr('/ip4/192.0.2.1/udp/8336/quic-v1')

function peer(id: Uint8Array, addresses: readonly Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.LengthDelimited).bytes(id)
  for (const address of addresses) writer.tag(2, WireType.LengthDelimited).bytes(address)
  return writer.finish()
}

function answer(providers: readonly Uint8Array[], closer: readonly Uint8Array[] = [], type = 3): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(type)
  for (const one of closer) writer.tag(8, WireType.LengthDelimited).bytes(one)
  for (const one of providers) writer.tag(9, WireType.LengthDelimited).bytes(one)
  return writer.finish()
}

test('P2P-07 the question is for the key of the namespace', () => {
  const wanted = vectors.cases.find(({ name }) => name === 'quilibrium-2.0.2-dusk-mainnet')
  expect(Buffer.from(providersRequest(0)).toString('hex')).toBe(`08031222${wanted?.provider_key}`)
})

test('providers come first, and everybody is counted', () => {
  const read = readAnswer(answer([peer(idOf(1), [ADDRESS.bytes])], [peer(idOf(2), []), peer(idOf(3), [])]))
  expect(read).toMatchObject({ providers: 1, closer: 2 })
  expect(read.first).toEqual([
    { peerId: textOf(idOf(1)), addresses: [ADDRESS.toString()], provider: true },
    { peerId: textOf(idOf(2)), addresses: [], provider: false },
    { peerId: textOf(idOf(3)), addresses: [], provider: false },
  ])
})

test('no more than the limits are kept, whatever is sent', () => {
  const many = Array.from({ length: 500 }, (_, index) => peer(idOf(index & 255), Array(50).fill(ADDRESS.bytes)))
  const read = readAnswer(answer(many, many))
  expect(read).toMatchObject({ providers: 500, closer: 500 })
  expect(read.first).toHaveLength(PROVIDER_LIMITS.peers)
  for (const { addresses } of read.first) expect(addresses).toHaveLength(PROVIDER_LIMITS.addresses)
})

test('an address that is none is left out; a peer id that is none spoils the answer', () => {
  const read = readAnswer(answer([peer(idOf(1), [Uint8Array.of(255, 255), new Uint8Array(5_000), ADDRESS.bytes])]))
  expect(read.first[0]?.addresses).toEqual([ADDRESS.toString()])
  for (const id of [new Uint8Array(0), Uint8Array.of(0x12, 0x20, 1), new Uint8Array(2_000)])
    expect(() => readAnswer(answer([peer(id, [])]))).toThrow(ProbeError)
  expect(() => readAnswer(answer([], [], 4))).toThrow(ProbeError)
  expect(() => readAnswer(new Uint8Array(0))).toThrow(ProbeError)
})

test('any bytes are read, or refused by a typed error', () => {
  const whole = answer([peer(idOf(1), [ADDRESS.bytes])], [peer(idOf(2), [])])
  const damaged = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => changes.reduce((bytes, [at, value]) => bytes.with(at, value), whole))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
      try {
        expect(readAnswer(bytes).first.length).toBeLessThanOrEqual(PROVIDER_LIMITS.peers)
      } catch (error) {
        expect(error).toMatchObject({ name: 'ProbeError', code: 'protocol' })
      }
    }),
    { numRuns: 2_000 },
  )
})
