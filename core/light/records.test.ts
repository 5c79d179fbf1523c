import { utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredCommittee } from './events.ts'
import { descriptionOf } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { loadCommittee, loadState, putCommittee, storePrefix } from './records.ts'

const prefix = storePrefix(descriptionOf([], 0))
const good: StoredCommittee = {
  checkpoint: `1 ${'cd'.repeat(32)}`,
  frame: 7n,
  rank: 14n,
  identity: 'ab'.repeat(32),
  root: '01'.repeat(74),
  members: [{ publicKey: '02'.repeat(585), weight: '1000' }],
}

/** A store that holds those bytes where the committee belongs. */
async function holding(value: Uint8Array): Promise<MemoryStore> {
  const store = new MemoryStore()
  const put = putCommittee(prefix, good)
  if (put === null) throw new Error('not written')
  await store.batch([{ kind: 'put', key: put.key, value }])
  return store
}

const written = (stored: object) =>
  utf8ToBytes(JSON.stringify({ ...good, frame: '7', rank: '14', version: 1, ...stored }))

test('a committee is read as it was written, apart from the headers', async () => {
  const store = new MemoryStore()
  const put = putCommittee(prefix, good)
  if (put === null) throw new Error('not written')
  await store.batch([put])
  expect(await loadCommittee(store, prefix)).toEqual(good)
  expect(await loadState(store, prefix, 24)).toEqual({ newest: [], evidence: null })
  expect(await loadCommittee(await holding(written({})), prefix)).toEqual(good)
})

test('one that is too large is not written', () => {
  const member = { publicKey: '02'.repeat(585), weight: '1' }
  expect(putCommittee(prefix, { ...good, members: Array(1025).fill(member) })).toBeNull()
})

test.each([
  ['another version', { version: 2 }],
  ['a frame that is no number', { frame: 'x' }],
  ['a number for a text', { rank: 14 }],
  ['a short identity', { identity: 'ab' }],
  ['a root of another length', { root: '01'.repeat(70) }],
  ['no list', { members: {} }],
  ['a member that is nothing', { members: [null] }],
  ['a short key', { members: [{ publicKey: '02', weight: '1' }] }],
  ['a weight that is no number', { members: [{ publicKey: '02'.repeat(585), weight: '-1' }] }],
])('%s is as good as none', async (_, changes) => {
  expect(await loadCommittee(await holding(written(changes)), prefix)).toBeNull()
})

test('no bytes do more than that', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(utf8ToBytes)), async (bytes) => {
      expect(await loadCommittee(await holding(bytes), prefix)).toBeNull()
    }),
    { seed: 31, numRuns: 500 },
  )
})
