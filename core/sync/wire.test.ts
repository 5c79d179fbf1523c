import { readFileSync } from 'node:fs'
import { hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SyncWireError } from './errors.ts'
import { SYNC_LIMITS } from './limits.ts'
import { MADE_UP_TREE, madeUpLeaf } from './made-up.ts'
import {
  decodeQuery,
  decodeResponse,
  encodeQuery,
  encodeResponse,
  type SyncQuery,
  type SyncResponse,
} from './messages.ts'
import { readToken, tokenOf } from './token.ts'

interface Case {
  readonly kind: string
  readonly query_wire: string
  readonly response: { readonly wire?: string }
}
const file = new URL('../../test/vectors/sync/perform_sync.json', import.meta.url)
const cases: Case[] = JSON.parse(readFileSync(file, 'utf8')).cases
const exchanges = cases.filter(({ kind }) => kind === 'get_branch' || kind === 'get_leaves')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('SYN-01 recorded queries and responses are written as they were read', () => {
  for (const { query_wire, response } of exchanges) {
    expect(hex(encodeQuery(decodeQuery(hexToBytes(query_wire))))).toBe(query_wire)
    if (response.wire) expect(hex(encodeResponse(decodeResponse(hexToBytes(response.wire))))).toBe(response.wire)
  }
})

const path = fc.array(fc.nat(63), { maxLength: SYNC_LIMITS.path })
const root = fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ minLength: 64, maxLength: 64 }))

test('SYN-01 any query is read back', () => {
  const common = { tree: fc.constant(MADE_UP_TREE), path, expectedRoot: root }
  const query: fc.Arbitrary<SyncQuery> = fc.oneof(
    fc.record({ kind: fc.constant('branch' as const), ...common }),
    fc.record({
      kind: fc.constant('leaves' as const),
      ...common,
      maxLeaves: fc.nat(0xffffffff),
      token: fc.uint8Array({ maxLength: 8 }),
    }),
  )
  fc.assert(
    fc.property(query, (sent) => {
      expect(decodeQuery(encodeQuery(sent))).toEqual(sent)
    }),
  )
})

test('SYN-09 both encodings of a size are read alike, and 32 bytes are written', () => {
  const leaf = { ...madeUpLeaf(1), size: 200n }
  const page: SyncResponse = { kind: 'leaves', path: [], leaves: [leaf], token: new Uint8Array(0), total: 1n }
  const bytes = encodeResponse(page)
  expect(hex(bytes)).toContain(`2220${'00'.repeat(31)}c8`)
  expect(decodeResponse(bytes)).toEqual(page)
  const fields = [wrap(1, leaf.key), wrap(2, leaf.value), wrap(4, Uint8Array.of(0, 200))]
  const minimal = wrap(2, join([wrap(2, join(fields)), Uint8Array.of(0x20, 1)]))
  expect(decodeResponse(minimal)).toEqual(page)
})

test('H-05 counts and lengths of a peer are bounded before anything is allocated for them', () => {
  const branchWith = (inner: Uint8Array) => wrap(1, inner)
  const bomb = wrap(1, new Uint8Array(1_000_000))
  for (const bytes of [branchWith(bomb), wrap(2, bomb), wrap(3, wrap(3, new Uint8Array(1000)))])
    expect(() => decodeResponse(bytes)).toThrow(/path that is too long/)
  const children = Array.from({ length: 65 }, () => wrap(3, new Uint8Array(0)))
  expect(() => decodeResponse(branchWith(join(children)))).toThrow(/more than 64/)
  const leaves = Array.from({ length: 1001 }, () => wrap(2, new Uint8Array(0)))
  expect(() => decodeResponse(wrap(2, join(leaves)))).toThrow(/more than 1000/)
  expect(() => decodeResponse(join([branchWith(new Uint8Array(0)), branchWith(new Uint8Array(0))]))).toThrow(
    /more than one/,
  )
  expect(() => decodeQuery(new Uint8Array(SYNC_LIMITS.queryBytes + 1))).toThrow(/1024/)
  expect(() => decodeResponse(new Uint8Array(0))).toThrow(/without content/)
  expect(() => decodeQuery(new Uint8Array(0))).toThrow(/without a request/)
})

test('values out of their range are refused', () => {
  const answer = (fullPath: number[], indices: number[], length = 64): SyncResponse => ({
    kind: 'branch',
    fullPath,
    commitment: new Uint8Array(64),
    children: indices.map((index) => ({ index, commitment: new Uint8Array(length) })),
    isLeaf: false,
    leafCount: 2n,
  })
  for (const wrong of [
    answer([64], []),
    answer([-1], []),
    answer([], [2, 1]),
    answer([], [1, 1]),
    answer([], [64]),
    answer([], [1], 63),
  ])
    expect(() => decodeResponse(encodeResponse(wrong))).toThrow(SyncWireError)
  expect(decodeResponse(encodeResponse(answer([63], [0, 63])))).toMatchObject({ kind: 'branch' })
})

test('any bytes are read or refused with a SyncWireError', () => {
  const recorded = exchanges.flatMap(({ response }) => (response.wire ? [hexToBytes(response.wire)] : []))
  fc.assert(
    fc.property(fc.constantFrom(...recorded), fc.nat(5000), fc.uint8Array({ maxLength: 8 }), (bytes, at, noise) => {
      const changed = bytes.slice()
      changed.set(noise.subarray(0, Math.max(0, changed.length - (at % changed.length))), at % changed.length)
      for (const read of [decodeQuery, decodeResponse]) {
        try {
          read(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(SyncWireError)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('SYN-04 tokens are eight digits; malformed ones are told apart from 0', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (index) => {
      expect(readToken(tokenOf(index))).toBe(index)
    }),
  )
  for (const text of ['0', 'zzzzzzzz', '000000000', '0000 000', '-0000001'])
    expect(readToken(new TextEncoder().encode(text))).toBeNull()
  expect(readToken(new Uint8Array(1_000_000))).toBeNull()
  expect(() => tokenOf(2 ** 32)).toThrow(RangeError)
})

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** One length-delimited field. */
function wrap(field: number, content: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return join([Uint8Array.of((field << 3) | 2, ...length), content])
}
