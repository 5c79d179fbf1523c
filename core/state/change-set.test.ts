import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Location } from '../platform/state.ts'
import { ChangeSet } from './change-set.ts'
import { locationKey } from './location.ts'

const at = (n: number, set: Location['set'] = 'vertex'): Location => ({
  domain: new Uint8Array(32).fill(1),
  address: new Uint8Array(32).fill(n),
  set,
})
const value = (n: number) => Uint8Array.of(n)

const stateOf = (values: ReadonlyMap<string, Uint8Array>, removed: ReadonlySet<string> = new Set()) => ({
  get: async (location: Location) => values.get(locationKey(location)),
  isRemoved: async (location: Location) => removed.has(locationKey(location)),
})

test('the newest pending change is read first, then the state', async () => {
  const changes = new ChangeSet(stateOf(new Map([[locationKey(at(1)), value(9)]])))
  expect(await changes.get(at(1))).toEqual(value(9))
  await changes.set(at(1), value(1))
  await changes.set(at(1), value(2))
  expect(await changes.get(at(1))).toEqual(value(2))
  expect(await changes.get(at(1, 'hyperedge'))).toBeUndefined()
  changes.remove(at(1))
  expect(await changes.get(at(1))).toBeUndefined()
})

test('what was removed is never set again, pending or in the state', async () => {
  const changes = new ChangeSet(stateOf(new Map(), new Set([locationKey(at(2))])))
  await expect(changes.set(at(2), value(1))).rejects.toMatchObject({ code: 'removed' })
  changes.remove(at(3))
  await expect(changes.set(at(3), value(1))).rejects.toMatchObject({ code: 'removed' })
})

test('a failed bundle leaves no trace', async () => {
  const changes = new ChangeSet(stateOf(new Map()))
  await changes.set(at(1), value(1))
  const before = changes.list()
  const failed = changes.attempt(async (inner) => {
    await inner.set(at(1), value(2))
    inner.remove(at(4))
    throw new Error('refused')
  })
  await expect(failed).rejects.toThrow('refused')
  expect(changes.list()).toEqual(before)
  expect(await changes.get(at(1))).toEqual(value(1))
  await changes.set(at(4), value(4))
  expect(changes.list()).toHaveLength(2)
})

test('a savepoint that was undone cannot be returned to', async () => {
  const changes = new ChangeSet(stateOf(new Map()))
  const start = changes.savepoint()
  await changes.set(at(1), value(1))
  const later = changes.savepoint()
  changes.rollBack(start)
  expect(() => changes.rollBack(later)).toThrow(/undone before/)
})

type Step = { readonly op: 'set' | 'remove' | 'save' | 'back'; readonly place: number; readonly content: number }

test('any run of changes and savepoints reads as a plain list read backwards', async () => {
  const step = fc.record({
    op: fc.constantFrom<Step['op']>('set', 'set', 'remove', 'save', 'back'),
    place: fc.nat(3),
    content: fc.nat(255),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const changes = new ChangeSet(stateOf(new Map()))
      const model: { place: number; content: number | null }[] = []
      const saves: { length: number; point: ReturnType<ChangeSet['savepoint']> }[] = []
      const newest = (place: number) => model.findLast((entry) => entry.place === place)
      for (const { op, place, content } of steps) {
        if (op === 'save') saves.push({ length: model.length, point: changes.savepoint() })
        else if (op === 'back') {
          const save = saves.pop()
          if (save) {
            changes.rollBack(save.point)
            model.length = save.length
          }
        } else if (op === 'remove') {
          changes.remove(at(place))
          if (newest(place)?.content !== null) model.push({ place, content: null })
        } else if (newest(place)?.content === null) {
          await expect(changes.set(at(place), value(content))).rejects.toMatchObject({ code: 'removed' })
        } else {
          await changes.set(at(place), value(content))
          model.push({ place, content })
        }
      }
      expect(changes.list()).toHaveLength(model.length)
      for (let place = 0; place < 4; place++) {
        const content = newest(place)?.content ?? null
        expect(await changes.get(at(place))).toEqual(content === null ? undefined : value(content))
      }
    }),
  )
})
