/** The contracts of state and of keys and values, on the real store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stateCompliance } from '@petal/core/platform/state-compliance.ts'
import { storeCompliance } from '@petal/core/platform/store-compliance.ts'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { AddonStateOptions } from './addon.ts'
import { NodeState } from './node-state.ts'

const root = mkdtempSync(join(tmpdir(), 'petal-state-'))
const open: NodeState[] = []
let directories = 0

async function openAt(directory: string, store: AddonStateOptions = {}): Promise<NodeState> {
  const state = await NodeState.open(directory, { store: { ballastBytes: 0, ...store } })
  open.push(state)
  return state
}
const fresh = () => openAt(join(root, `${++directories}`))

afterEach(() => Promise.all(open.splice(0).map((state) => state.close())))
afterAll(() => rmSync(root, { recursive: true }))

stateCompliance('of the node', { make: fresh, proves: true })

let below: NodeState
storeCompliance(
  'beside the state of the node',
  async () => {
    below = await fresh()
    return below.kv()
  },
  async () => {
    await below.close()
    below = await openAt(join(root, `${directories}`))
    return below.kv()
  },
)

const location = { set: 'vertex', domain: new Uint8Array(32).fill(5), address: new Uint8Array(32).fill(7) } as const
const add = (value: number) => [{ kind: 'add', location, value: Uint8Array.of(value) }] as const

test('what is prepared is on disk with its header or not at all; what is committed is on disk', async () => {
  const directory = join(root, 'durable')
  const state = await openAt(directory)
  await state.apply(add(1))
  await state.commit(1n)
  await state.apply(add(2))
  const prepared = await state.prepare(2n)
  await state.close()
  const again = await openAt(directory)
  expect(await again.describe()).toMatchObject({ head: 1n, generation: 1n })
  expect(await again.get(location)).toEqual(Uint8Array.of(1))
  expect(await again.frame(1n)).toBeUndefined()
  await again.apply(add(2))
  expect((await again.prepare(2n)).globalCommitments).toEqual(prepared.globalCommitments)
  await expect(again.persist(3n, Uint8Array.of(9))).rejects.toMatchObject({ code: 'frame' })
  await again.persist(2n, Uint8Array.of(9))
  expect(await again.frame(2n)).toEqual(Uint8Array.of(9))
  expect((await again.committed())?.globalCommitments).toEqual(prepared.globalCommitments)
})

test('64 generations are kept, older ones are unavailable', async () => {
  const state = await fresh()
  for (let frame = 1; frame <= 80; frame++) {
    await state.apply(add(frame))
    await state.commit(BigInt(frame))
  }
  expect(await state.at(17n).get(location)).toEqual(Uint8Array.of(17))
  await expect(state.at(10n).get(location)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(state.at(81n).get(location)).rejects.toMatchObject({ code: 'unavailable' })
})

test('a replacement whose source breaks leaves nothing behind', async () => {
  const state = await fresh()
  await state.apply(add(1))
  await state.commit(1n)
  const tree = (await state.trees())[0]
  if (tree === undefined) throw new Error('no tree')
  const [root] = await state.at(1n).roots(tree.shardKey)
  async function* broken() {
    yield* (await state.at(1n).leaves(tree as never, [], { from: 0, max: 10, maxBytes: 1000 })).leaves
    throw new Error('the peer left')
  }
  await expect(state.replace(tree, broken(), root)).rejects.toThrow('the peer left')
  expect(await state.get(location)).toEqual(Uint8Array.of(1))
})

test('keys and values outlast frames and do not mix with state', async () => {
  const state = await fresh()
  const kv = state.kv()
  await kv.batch([{ kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) }], 'relaxed')
  await state.apply(add(1))
  await state.commit(1n)
  await kv.close()
  await expect(kv.get(Uint8Array.of(1))).rejects.toMatchObject({ name: 'StoreError', code: 'closed' })
  expect(await state.kv().get(Uint8Array.of(1))).toEqual(Uint8Array.of(2))
  expect((await state.stats()).records).toMatchObject({ kv: 1 })
})

test('an option that the store does not know is refused, and so is a second process', async () => {
  const directory = join(root, 'options')
  await expect(openAt(directory, { bogus: 1 } as never)).rejects.toMatchObject({ code: 'arguments' })
  await openAt(directory)
  await expect(openAt(directory)).rejects.toMatchObject({ name: 'NodeError', code: 'dataInUse' })
})

test('above the read-only level of the disk nothing is committed, by state or by keys and values', async () => {
  const state = await openAt(join(root, 'full'), { levels: { notice: 0, warning: 0, readOnly: 0 } })
  expect((await state.describe()).disk).toBe('readOnly')
  await state.apply(add(1))
  await expect(state.commit(1n)).rejects.toMatchObject({ name: 'NodeError', code: 'data' })
  const put = { kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) } as const
  await expect(state.kv().batch([put], 'durable')).rejects.toMatchObject({ name: 'StoreError', code: 'full' })
  expect((await state.describe()).head).toBeNull()
})
