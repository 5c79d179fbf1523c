import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import type { RootLeaf } from '../platform/crypto.ts'
import { joinParts, partLeaves } from './tree-parts.ts'

const engine = loadNativeEngine()
const EMPTY = new Uint8Array(0)

const whole = (leaves: readonly RootLeaf[]): Uint8Array =>
  engine.rebuildRoot(
    leaves.map(({ key }) => key),
    leaves.map(({ value }) => value),
    leaves.map(({ hashTarget }) => hashTarget),
  )

async function inParts(leaves: readonly RootLeaf[]): Promise<Uint8Array> {
  const parts = partLeaves(leaves)
  if (parts === null) throw new Error('these leaves are not parted')
  expect(parts.reduce((sum, part) => sum + part.leaves.length, 0)).toBe(leaves.length)
  return engine.commitBranch(await joinParts(parts, async (some) => whole(some)))
}

const leafOf = (key: Uint8Array): RootLeaf => ({
  key,
  value: Uint8Array.of(1, ...key.subarray(0, 4)),
  hashTarget: EMPTY,
})

/** Different keys of one length behind a common beginning. */
const keysOf = (seed: number, count: number, shared: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => {
    const key = new Uint8Array(32).fill(seed, 0, shared)
    const mixed = Math.imul(index + 1, 0x9e37_79b1) ^ seed
    new DataView(key.buffer).setUint32(shared, mixed)
    new DataView(key.buffer).setUint32(28, index)
    return key
  })

describe('CVT-05 a tree rebuilt in parts has the root of the whole', () => {
  test('whatever the keys share', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 128, max: 300 }),
        fc.integer({ min: 0, max: 20 }),
        async (seed, count, shared) => {
          const leaves = keysOf(seed, count, shared).map(leafOf)
          expect(bytesToHex(await inParts(leaves))).toBe(bytesToHex(whole(leaves)))
        },
      ),
      { numRuns: 20, seed: 5 },
    )
  })

  test('children with one leaf, and children whose leaves share more', async () => {
    const alone = Uint8Array.of(0xfc, ...new Uint8Array(31))
    const close = keysOf(0x40, 130, 8)
    const leaves = [alone, ...close].map(leafOf)
    expect(partLeaves(leaves)?.map(({ leaves: below }) => below.length)).toEqual([1, 130])
    expect(bytesToHex(await inParts(leaves))).toBe(bytesToHex(whole(leaves)))
  })

  test('hash targets take the place of values', async () => {
    const leaves = keysOf(9, 128, 0).map((key) => ({ ...leafOf(key), hashTarget: key }))
    expect(bytesToHex(await inParts(leaves))).toBe(bytesToHex(whole(leaves)))
  })
})

test('few leaves, and keys that end where others go on, are left to one engine', () => {
  const keys = keysOf(1, 200, 0)
  expect(partLeaves(keys.slice(0, 100).map(leafOf))).toBeNull()
  expect(partLeaves([EMPTY, ...keys].map(leafOf))).toBeNull()
  expect(partLeaves(Array.from({ length: 200 }, () => leafOf(Uint8Array.of(7))))).toBeNull()
})

test('a vector of more than 64 slots has no commitment', () => {
  expect(() => engine.commitBranch(new Uint8Array(65 * 64))).toThrow()
})
