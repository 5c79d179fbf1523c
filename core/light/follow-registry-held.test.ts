import { expect, test } from 'vitest'
import type { ServedLeaf } from '../platform/state.ts'
import { withinBytes } from './follow-registry-held.ts'
import { HeldRegistry } from './follow-registry-tree.ts'

const crypto = { rebuildRoot: async () => new Uint8Array(64) }
const LEAVES = 100
const BYTES = 1_000
const nothing = new Uint8Array(0)
const leaf = (key: number): ServedLeaf => ({
  key: new Uint8Array(32).fill(key),
  value: new Uint8Array(BYTES),
  hashTarget: nothing,
  size: 0n,
  underlyingData: nothing,
})
const tree = () => HeldRegistry.of(Array.from(Array(LEAVES).keys(), leaf), crypto)
const known = (of: HeldRegistry | null, root = 0) => ({
  root: Uint8Array.of(root),
  tree: of,
  committee: { members: [], totalWeight: 0n },
  leaves: LEAVES,
})
const heldOf = (registries: ReturnType<typeof known>[], most: number) =>
  withinBytes(registries, most).map((registry) => registry.tree !== null)

test('registries that share nothing are held as far as they fit, the first ones first; of the others the committee stays', () => {
  const one = tree().footprint(new Set())
  expect(one).toBeGreaterThan(LEAVES * BYTES)
  const five = [known(tree()), known(tree()), known(null), known(tree()), known(tree())]
  expect(heldOf(five, 2 * one)).toEqual([true, true, false, false, false])
  expect(heldOf(five, 3 * one - 1)).toEqual([true, true, false, false, false])
  expect(heldOf(five, one - 1)).toEqual([false, false, false, false, false])
  expect(withinBytes(five, 0).map(({ leaves, committee }) => [leaves, committee])).toEqual(
    five.map(({ leaves, committee }) => [leaves, committee]),
  )
})

test('what one registry shares with another counts once, and one that is too large makes room for those after it', () => {
  const base = tree()
  const one = base.footprint(new Set())
  const patched = [1, 2, 3, 4].map((key) =>
    base.patched({ puts: [{ ...leaf(key), size: 1n }], deletes: [], fetched: 0 }),
  )
  expect(
    heldOf(
      [base, ...patched].map((each) => known(each)),
      1.2 * one,
    ),
  ).toEqual([true, true, true, true, true])
  const large = base.patched({
    puts: Array.from(Array(LEAVES).keys(), (key) => leaf(LEAVES + key)),
    deletes: [],
    fetched: 0,
  })
  expect(heldOf([known(large), known(base), known(patched[0] ?? null)], 1.2 * one)).toEqual([false, true, true])
})

test('a leaf is held with bytes of its own, not with the page that it came in', () => {
  const page = new Uint8Array(1 << 20)
  const held = HeldRegistry.of([{ ...leaf(1), key: page.subarray(0, 32), value: page.subarray(32, 64) }], crypto)
  for (const { key, value } of held.all) {
    expect(key.buffer.byteLength).toBeLessThan(100)
    expect(value.buffer.byteLength).toBeLessThan(100)
  }
})
