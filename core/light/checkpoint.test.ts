import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHECKPOINT_BYTES, CheckpointError, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { descriptionOf } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { deleteHeader, loadHeader, loadSizes, loadState, putEvidence, putHeader, storePrefix } from './records.ts'

const expected = { network: 'local', profile: '2.1.0.24' }
const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof CheckpointError) return error.code
    throw error
  }
  return 'no error'
}

test('a checkpoint file carries its header, of real size, within 64 KiB', () => {
  const header = new Uint8Array(21_000).map((_, i) => i)
  const file = encodeCheckpoint({ ...expected, header })
  expect(file.length).toBeLessThan(CHECKPOINT_BYTES)
  expect(decodeCheckpoint(file, expected)).toEqual({ ...expected, header })
  expect(code(() => encodeCheckpoint({ ...expected, header: new Uint8Array(50_000) }))).toBe('size')
})

test('other files, other networks and damaged files are refused by name', () => {
  const good = new TextDecoder().decode(encodeCheckpoint({ ...expected, header: Uint8Array.of(1, 2, 3) }))
  const read = (text: string) => code(() => decodeCheckpoint(new TextEncoder().encode(text), expected))
  expect(read(good.replace('local', 'other'))).toBe('network')
  expect(read(good.replace('2.1.0.24', '2.2'))).toBe('network')
  expect(read(good.replace('checkpoint-1', 'checkpoint-2'))).toBe('format')
  expect(read(good.replace('AQID', '***'))).toBe('format')
  expect(read(good.replace('AQID', ''))).toBe('format')
  expect(read('null')).toBe('format')
  expect(read('7')).toBe('format')
  expect(read('')).toBe('format')
  expect(code(() => decodeCheckpoint(Uint8Array.of(0xff, 0xfe), expected))).toBe('format')
  expect(code(() => decodeCheckpoint(new Uint8Array(CHECKPOINT_BYTES + 1), expected))).toBe('size')
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      (bytes) => code(() => decodeCheckpoint(bytes, expected)) !== 'no error',
    ),
    { seed: 9, numRuns: 1000 },
  )
})

test('headers and evidence come back from a store; what is damaged is left out', async () => {
  const store = new MemoryStore()
  const prefix = storePrefix(descriptionOf([], 0))
  const stored = (n: number) => ({ bytes: Uint8Array.of(n, n), timeProof: n % 2 === 0 })
  await store.batch([256, 3, 255, 1].map((n) => putHeader(prefix, BigInt(n), stored(n & 255))))
  await store.batch([deleteHeader(prefix, 3n), putHeader(prefix, 2n ** 64n - 1n, stored(8))])
  await store.batch([putHeader(storePrefix({ ...descriptionOf([], 0), network: 'other' }), 7n, stored(7))])
  const state = await loadState(store, prefix, 2)
  expect(state.newest).toEqual([stored(8), stored(0)])
  expect((await loadSizes(store, prefix)).map(([number]) => number)).toEqual([2n ** 64n - 1n, 256n, 255n, 1n])
  expect(await loadHeader(store, prefix, 255n)).toEqual(stored(255))
  expect(await loadHeader(store, prefix, 3n)).toBeNull()
  const evidence = { frame: 5n, first: Uint8Array.of(1), second: Uint8Array.of(2), reason: 'two', at: 9 }
  await store.batch([putEvidence(prefix, evidence)])
  expect((await loadState(store, prefix, 2)).evidence).toEqual(evidence)
  for await (const { key } of store.range())
    await store.batch([{ kind: 'put', key, value: Uint8Array.of(99, 1, 2, 3) }])
  expect(await loadState(store, prefix, 2)).toMatchObject({ newest: [], evidence: null })
})
