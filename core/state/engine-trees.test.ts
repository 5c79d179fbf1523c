import { expect, test } from 'vitest'
import { engineTrees } from './engine-trees.ts'

const calls: string[] = []
/** Records what an engine's tree is asked. */
class Recorded {
  insert(key: Uint8Array, _value: Uint8Array, _hashTarget: Uint8Array, size: string): boolean {
    calls.push(`insert ${key.join()} ${size}`)
    if (key.length === 0) throw Object.assign(new Error('empty key'), { code: 'empty' })
    return true
  }
  commit(): Uint8Array {
    calls.push('commit')
    return Uint8Array.of(9)
  }
  serialise(): Uint8Array {
    calls.push('serialise')
    return Uint8Array.of(8)
  }
  free(): void {
    calls.push('free')
  }
}
const leaf = (key: number[], size: bigint) => ({
  key: Uint8Array.from(key),
  value: new Uint8Array(1),
  hashTarget: new Uint8Array(0),
  size,
})

test('a record is serialised before any commit, a committed tree after it, and the tree is freed either way', () => {
  const trees = engineTrees({ Tree: Recorded })
  const record = trees.build([leaf([4], 2n), leaf([8], 3n), leaf([4], 5n)], { commit: false })
  expect(record).toEqual({ blob: Uint8Array.of(8), root: new Uint8Array(0), size: 8n })
  expect(calls.splice(0)).toEqual(['insert 4 2', 'insert 8 3', 'insert 4 5', 'serialise', 'free'])
  expect(trees.build([], { commit: true }).root).toEqual(Uint8Array.of(9))
  expect(calls.splice(0)).toEqual(['commit', 'serialise', 'free'])
  expect(() => trees.build([leaf([], 1n)], { commit: true })).toThrow('empty key')
  expect(calls.splice(0)).toEqual(['insert  1', 'free'])
})
