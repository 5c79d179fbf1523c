import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CodecError,
  consensus,
  envelope,
  keys,
  MESSAGES,
  MESSAGES_BY_PREFIX,
  node,
  originalBytes,
  proofs,
  prover,
} from './index.ts'

const SEED = 20261125

function vote(selector: Uint8Array) {
  return consensus.ProposalVote.encode({
    filter: new Uint8Array(),
    rank: 7n,
    frame_number: 9n,
    selector,
    timestamp: 0n,
    public_key_signature_bls48581: { signature: new Uint8Array(74), address: new Uint8Array(32) },
  })
}

describe('canonical codec (spec 40)', () => {
  test('every type prefix of section 2 that has a layout is there once', () => {
    expect(MESSAGES_BY_PREFIX.size).toBe(MESSAGES.size)
    expect(MESSAGES.size).toBe(93)
  })

  test('CAN-03 every truncation is refused with a typed error', () => {
    const bytes = vote(new Uint8Array(32))
    for (let length = 0; length < bytes.length; length++)
      expect(() => consensus.ProposalVote.decode(bytes.subarray(0, length))).toThrow(CodecError)
  })

  test('CAN-05 surplus bytes are accepted, dropped on re-encoding and kept for hashes', () => {
    const bytes = vote(new Uint8Array(32))
    const surplus = Uint8Array.of(...bytes, 0xde, 0xad)
    const value = consensus.ProposalVote.decode(surplus)
    expect(consensus.ProposalVote.encode(value)).toEqual(bytes)
    expect(originalBytes(value)).toEqual(surplus)
  })

  test('a changed copy of a value does not claim the bytes of the value', () => {
    const value = consensus.ProposalVote.decode(vote(new Uint8Array(32)))
    expect(originalBytes({ ...value, rank: 8n })).toBeUndefined()
  })

  test('64-bit numbers are read exactly', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (rank, timestamp) => {
          const path = { indices: [rank, 2n ** 53n, 2n ** 53n - 1n, 2n ** 64n - 1n] }
          expect(proofs.Path.decode(proofs.Path.encode(path)).indices).toEqual(path.indices)
          const bundle = { requests: [], timestamp }
          expect(envelope.MessageBundle.decode(envelope.MessageBundle.encode(bundle)).timestamp).toBe(timestamp)
        },
      ),
      { seed: SEED },
    )
  })

  test('CAN-06 confirm writes the reserved filter and reads without its last array', () => {
    const value = { filter: new Uint8Array(64), frame_number: 1n, public_key_signature_bls48581: null, filters: [] }
    const bytes = prover.ProverConfirm.encode(value)
    expect(new TextDecoder().decode(bytes.subarray(8, 40))).toBe('reserved'.repeat(4))
    expect(prover.ProverConfirm.decode(bytes.subarray(0, -4)).filters).toEqual([])
    expect(() => prover.ProverConfirm.decode(bytes.subarray(0, -2))).toThrow(CodecError)
  })

  test('CAN-07 PeerInfo writes its optional numbers only where they can be read back', () => {
    const info = {
      peer_id: new Uint8Array(34),
      reachability: [],
      timestamp: 1n,
      version: new Uint8Array(3),
      patch_number: new Uint8Array(1),
      capabilities: [],
      public_key: new Uint8Array(57),
      signature: new Uint8Array(114),
    }
    for (const [received, head] of [
      [0n, 0n],
      [5n, 0n],
      [5n, 6n],
    ] as const) {
      const value = { ...info, last_received_frame: received, last_global_head_frame: head }
      expect(node.PeerInfo.decode(node.PeerInfo.encode(value))).toEqual(value)
    }
    const ambiguous = node.PeerInfo.encode({ ...info, last_received_frame: 0n, last_global_head_frame: 6n })
    expect(node.PeerInfo.decode(ambiguous)).toMatchObject({ last_received_frame: 6n, last_global_head_frame: 0n })
  })

  test('CAN-08, CAN-12 a null request survives and the inner payload starts at offset 8', () => {
    const request = { update: { delegate_address: new Uint8Array(32), public_key_signature_bls48581: null } }
    const bundle = { requests: [null, request], timestamp: -3n }
    expect(envelope.MessageBundle.decode(envelope.MessageBundle.encode(bundle))).toEqual(bundle)
    const bytes = envelope.MessageRequest.encode(request)
    expect(bytes.subarray(8)).toEqual(prover.ProverUpdate.encode(request.update))
  })

  test('CAN-10 huge counts end in a short read before anything is allocated', () => {
    const bytes = Uint8Array.of(0, 0, 3, 0x12, 0xff, 0xff, 0xff, 0xff)
    expect(() => envelope.MessageBundle.decode(bytes)).toThrow(/short|wanted/)
  })

  test('CAN-11 a request with a prefix outside the list is refused', () => {
    const inner = keys.Ed448PublicKey.encode({ key_value: new Uint8Array(57) })
    const bytes = Uint8Array.of(0, 0, 3, 0x11, 0, 0, 0, inner.length, ...inner)
    expect(() => envelope.MessageRequest.decode(bytes)).toThrow(/no request has the type prefix 110/)
  })

  test('a registry that names a purpose twice is refused', () => {
    const registry = keys.KeyRegistry.encode({
      identity_key: null,
      prover_key: null,
      identity_to_prover: null,
      prover_to_identity: null,
      keys_by_purpose: new Map([['a', { key_purpose: 'a', x448_keys: [], decaf448_keys: [] }]]),
      last_updated: 1n,
    })
    const entry = registry.subarray(24, -8)
    const twice = Uint8Array.of(...registry.subarray(0, 20), 0, 0, 0, 2, ...entry, ...entry, ...registry.subarray(-8))
    expect(() => keys.KeyRegistry.decode(registry)).not.toThrow()
    expect(() => keys.KeyRegistry.decode(twice)).toThrow(/stands twice/)
  })

  test('an error names the way to the field', () => {
    const bytes = vote(new Uint8Array(32))
    bytes[27] = 33
    expect(() => consensus.ProposalVote.decode(bytes)).toThrow(/^ProposalVote\.selector: /)
  })

  test('random bytes behind every prefix give a value or a CodecError, and values re-encode to what decodes alike', () => {
    const tables = [...MESSAGES.values()]
    fc.assert(
      fc.property(fc.nat(tables.length - 1), fc.uint8Array({ maxLength: 400 }), (index, tail) => {
        const table = tables[index]
        if (table === undefined) return
        const bytes = new Uint8Array(4 + tail.length)
        new DataView(bytes.buffer).setUint32(0, table.prefix)
        // Small lengths are likelier to reach the inner fields.
        bytes.set(
          tail.map((byte, at) => (at % 4 === 3 ? byte % 9 : byte % 2 ? 0 : byte)),
          4,
        )
        let value: unknown
        try {
          value = table.decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          return
        }
        const again = table.encode(value)
        expect(table.encode(table.decode(again))).toEqual(again)
        expect(table.encode(table.fromJson(table.toJson(value)))).toEqual(again)
      }),
      { seed: SEED, numRuns: 20_000 },
    )
  })
})
