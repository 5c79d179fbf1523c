/** What every `State` must do, whatever is below it. Call it inside a Vitest file. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { shardKey } from '../state/location.ts'
import {
  type Change,
  type Generation,
  type Location,
  PHASES,
  type Phase,
  type ServedLeaf,
  type State,
  type TreeName,
} from './state.ts'

const domain = (n: number): Uint8Array => Uint8Array.of(n, ...new Uint8Array(31).fill(n))
const REGISTRY = new Uint8Array(32).fill(0xff)
const at = (n: number, set: Location['set'] = 'vertex', app = domain(5)): Location => ({
  domain: app,
  address: Uint8Array.of(n, ...new Uint8Array(31).fill(7)),
  set,
})
const add = (location: Location, ...value: number[]): Change => ({
  kind: 'add',
  location,
  value: Uint8Array.from(value),
})
const remove = (location: Location): Change => ({ kind: 'remove', location })
const tree = (phase: Phase, app = domain(5)): TreeName => ({ shardKey: shardKey(app), phase })

async function leavesOf(generation: Generation, name: TreeName, max = 1000): Promise<ServedLeaf[]> {
  const all: ServedLeaf[] = []
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: Awaited<ReturnType<Generation['leaves']>> = await generation.leaves(name, [], {
      from,
      max,
      maxBytes: 1 << 20,
    })
    expect(page.total).toBeGreaterThanOrEqual(BigInt(all.length))
    all.push(...page.leaves)
    from = page.next
  }
  return all
}

async function* each(leaves: readonly ServedLeaf[]): AsyncIterable<ServedLeaf> {
  yield* leaves
}

export interface StateComplianceOptions {
  /** A fresh, empty state at each call. */
  readonly make: () => Promise<State>
  /** Whether it makes traversal proofs. */
  readonly proves: boolean
}

export function stateCompliance(name: string, { make, proves }: StateComplianceOptions): void {
  describe(`State: ${name}`, () => {
    let state: State
    beforeEach(async () => {
      state = await make()
    })
    afterEach(async () => {
      await state.close()
    })

    test('changes are read at once, before any commit, each set on its own', async () => {
      await state.apply([add(at(1), 1), add(at(1, 'hyperedge'), 2), add(at(1), 3)])
      expect(await state.get(at(1))).toEqual(Uint8Array.of(3))
      expect(await state.get(at(1, 'hyperedge'))).toEqual(Uint8Array.of(2))
      expect(await state.get(at(2))).toBeUndefined()
      expect(await state.get(at(1, 'vertex', domain(6)))).toBeUndefined()
    })

    test('HYP-04 what is removed is gone for ever, also when it was never there', async () => {
      await state.apply([add(at(1), 1), remove(at(1)), remove(at(2))])
      expect(await state.get(at(1))).toBeUndefined()
      expect([await state.isRemoved(at(1)), await state.isRemoved(at(2)), await state.isRemoved(at(3))]).toEqual([
        true,
        true,
        false,
      ])
      await expect(state.apply([add(at(2), 1)])).rejects.toMatchObject({ code: 'removed' })
      await state.commit(1n)
      const generation = await state.generation()
      expect(await leavesOf(generation, tree(0))).toHaveLength(2)
      expect((await leavesOf(generation, tree(1))).map(({ value }) => value.length)).toEqual([0, 0])
      generation.release()
    })

    test('a list of changes is applied whole or not at all', async () => {
      await state.apply([remove(at(9))])
      await expect(state.apply([add(at(1), 1), add(at(9), 1)])).rejects.toMatchObject({ code: 'removed' })
      expect(await state.get(at(1))).toBeUndefined()
    })

    test('HYP-09 a commit gives 256 values and the registry root, once per frame', async () => {
      await state.apply([add(at(1), 1), add(at(1, 'vertex', REGISTRY), 2), add(at(2, 'vertex', REGISTRY), 3)])
      const first = await state.commit(7n)
      expect(first.globalCommitments).toHaveLength(256)
      expect(new Set(first.globalCommitments.map(({ length }) => length))).toEqual(new Set([64, 74]))
      expect(first.globalCommitments.filter(({ length }) => length === 74)).toHaveLength(3)
      expect(first.proverRoot).toHaveLength(74)
      await expect(state.commit(7n)).rejects.toMatchObject({ code: 'frame' })
      await state.apply([add(at(3, 'vertex', REGISTRY), 4)])
      const second = await state.commit(8n)
      expect(second.globalCommitments).toEqual(first.globalCommitments)
      expect(second.proverRoot).not.toEqual(first.proverRoot)
      expect(second.changed.map((shard) => shard.shardKey)).toEqual([shardKey(REGISTRY)])
    })

    test('SYN-11 a generation stays as it was while frames go on, and is found by its root', async () => {
      await state.apply([add(at(1), 1), add(at(2), 2)])
      await state.commit(1n)
      const held = await state.generation()
      const [root] = await held.roots(tree(0).shardKey)
      await state.apply([add(at(1), 9), remove(at(2)), add(at(3), 3)])
      await state.commit(2n)
      expect(await held.get(at(1))).toEqual(Uint8Array.of(1))
      expect(await held.get(at(2))).toEqual(Uint8Array.of(2))
      expect(await leavesOf(held, tree(0))).toHaveLength(2)
      held.release()
      const found = await state.generation({ shardKey: tree(0).shardKey, root })
      expect([found.frame, await found.get(at(1))]).toEqual([1n, Uint8Array.of(1)])
      found.release()
      const newest = await state.generation()
      expect([newest.frame, await newest.get(at(1))]).toEqual([2n, Uint8Array.of(9)])
      newest.release()
      const wanted = { shardKey: tree(0).shardKey, root: new Uint8Array(74) }
      await expect(state.generation(wanted)).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('SYN-02 nodes and pages: the root, a leaf, nothing; pages follow each other in order', async () => {
      await state.apply(Array.from({ length: 20 }, (_, n) => add(at(n * 8), n)))
      await state.commit(1n)
      const generation = await state.generation()
      const root = await generation.branch(tree(0), [])
      expect([root.isLeaf, root.leafCount]).toEqual([false, 20n])
      expect(root.commitment).toEqual((await generation.roots(tree(0).shardKey))[0])
      const child = root.children[0]
      const below = await generation.branch(tree(0), [...root.fullPath, child?.index ?? 0])
      expect(below.commitment).toEqual(child?.commitment)
      const all = await leavesOf(generation, tree(0), 7)
      expect(all).toEqual(await leavesOf(generation, tree(0)))
      expect(all.map(({ key }) => key[32])).toEqual(Array.from({ length: 20 }, (_, n) => n * 8))
      await expect(generation.branch(tree(0), [63, 63])).rejects.toMatchObject({ code: 'notFound' })
      expect(await generation.branch(tree(3), [])).toMatchObject({ children: [], leafCount: 0n })
      expect(await leavesOf(generation, tree(3))).toEqual([])
      generation.release()
    })

    test('the order of changes to different places never shows in a root', async () => {
      const numbers = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(numbers, fc.nat(), async (chosen, turn) => {
          const changes = chosen.flatMap((n) => [add(at(n), n), ...(n % 5 === 0 ? [remove(at(n, 'hyperedge'))] : [])])
          const at2 = turn % changes.length
          const roots = []
          for (const list of [changes, [...changes.slice(at2), ...changes.slice(0, at2)]]) {
            const fresh = await make()
            for (const change of list) await fresh.apply([change])
            roots.push((await fresh.commit(1n)).globalCommitments)
            await fresh.close()
          }
          expect(roots[0]).toEqual(roots[1])
        }),
        { numRuns: 5 },
      )
    })

    test('SYN-03 pulled trees are kept when they have the wanted root, and change nothing otherwise', async () => {
      await state.apply([...[1, 2, 3].map((n) => add(at(n), n)), remove(at(3))])
      await state.commit(1n)
      const generation = await state.generation()
      const roots = await generation.roots(tree(0).shardKey)
      const copy = await make()
      for (const phase of PHASES) {
        const leaves = await leavesOf(generation, tree(phase))
        const wrong = await copy.replace(tree(phase), each(leaves), new Uint8Array(74).fill(1))
        expect(wrong).toEqual(roots[phase])
        expect(await copy.get(at(1))).toEqual(phase === 0 ? undefined : Uint8Array.of(1))
        expect(await copy.replace(tree(phase), each(leaves), roots[phase])).toEqual(roots[phase])
      }
      expect([await copy.get(at(1)), await copy.isRemoved(at(3))]).toEqual([Uint8Array.of(1), true])
      const [first] = await leavesOf(generation, tree(0))
      await copy.apply([add(at(4), 4), add(at(1), 8)])
      const four = (await leavesOf(await committed(copy, 1n), tree(0))).at(-1)
      const changes = { deletes: [four?.key ?? new Uint8Array(64)], puts: first ? [first] : [] }
      expect(await copy.patch(tree(0), changes, new Uint8Array(64))).toEqual(roots[0])
      expect(await copy.get(at(4))).toEqual(Uint8Array.of(4))
      expect(await copy.patch(tree(0), changes, roots[0])).toEqual(roots[0])
      expect([await copy.get(at(4)), await copy.get(at(1))]).toEqual([undefined, Uint8Array.of(1)])
      generation.release()
      await copy.close()
    })

    test('a key that is not there has no proof', async () => {
      await state.apply([add(at(1), 1), add(at(2), 2)])
      const generation = await committed(state, 1n)
      const [first] = await leavesOf(generation, tree(0))
      if (proves) expect((await generation.prove(tree(0), [first?.key ?? new Uint8Array(0)])).length).toBeGreaterThan(0)
      await expect(generation.prove(tree(0), [new Uint8Array(64)])).rejects.toMatchObject({ code: 'notFound' })
      generation.release()
    })

    test('after close everything is refused as closed', async () => {
      await state.close()
      for (const call of [
        () => state.get(at(1)),
        () => state.apply([]),
        () => state.commit(1n),
        () => state.generation(),
      ])
        await expect(call()).rejects.toMatchObject({ code: 'closed' })
    })
  })
}

async function committed(state: State, frame: bigint): Promise<Generation> {
  await state.commit(frame)
  return await state.generation()
}
