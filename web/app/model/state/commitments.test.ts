import { expect, test } from 'vitest'
import type { Head } from '../../client.ts'
import { cellAfterKey, cellWords, commitmentMap } from './commitments.ts'

const EMPTY = new Uint8Array(64)
const root = (mark: number): Uint8Array => new Uint8Array(74).fill(mark)

const headOf = (frame: bigint, used: Readonly<Record<number, number>>): Head =>
  ({
    frame,
    verified: 'full',
    value: {
      facts: {
        globalCommitments: Array.from({ length: 256 }, (_, index) =>
          used[index] === undefined ? EMPTY : root(used[index]),
        ),
      },
    },
  }) as unknown as Head

test('empty, used and changed trees are told apart', () => {
  const map = commitmentMap(headOf(8n, { 3: 1, 94: 2, 254: 5 }), headOf(7n, { 3: 1, 94: 1, 200: 4 }))
  expect(map).toMatchObject({ frame: 8n, before: 7n, used: 3, changed: 3 })
  const words = (index: number): string => {
    const cell = map.cells[index]
    return cell === undefined ? '' : cellWords(cell)
  }
  expect([3, 94, 254, 200, 0].map(words)).toEqual([
    'used',
    'changed in this frame',
    'changed in this frame',
    'emptied in this frame',
    'empty',
  ])
  expect(map.cells[94]?.value).toBe('02'.repeat(74))
})

test('without an earlier header nothing is called changed', () => {
  expect(commitmentMap(headOf(8n, { 3: 1 }), null)).toMatchObject({ before: null, used: 1, changed: 0 })
})

test('a header without commitments has no cells', () => {
  const bare = { frame: 1n, verified: 'full', value: { facts: { globalCommitments: [] } } } as unknown as Head
  expect(commitmentMap(bare, null).cells).toEqual([])
})

test('keys walk the grid and stop at its edges', () => {
  expect(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].map((key) => cellAfterKey(17, key, 256))).toEqual([
    16, 18, 1, 33,
  ])
  expect(['Home', 'End', 'PageUp', 'PageDown'].map((key) => cellAfterKey(17, key, 256))).toEqual([16, 31, 1, 241])
  expect(cellAfterKey(0, 'ArrowLeft', 256)).toBe(0)
  expect(cellAfterKey(255, 'ArrowDown', 256)).toBe(255)
  expect(cellAfterKey(3, 'a', 256)).toBeUndefined()
})
