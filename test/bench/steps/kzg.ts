/** KZG over 64 slots (spec 20 sections 2 to 6): commit, openings, multiproofs. */
import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Kit } from '../kit.ts'
import { demand, type Prepared, type Step } from '../step.ts'

const SLOTS = 64
const SLOT_BYTES = 64
const POINT_BYTES = 74

/** A vector with all slots full: 64 scalars of 512 bits, as branch nodes hold. */
const vector = (kit: Kit, seed: number): Uint8Array => kit.bytes(2_000 + seed, SLOTS * SLOT_BYTES)

const slot = (data: Uint8Array, index: number): Uint8Array =>
  data.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES)

const repeated = (operations: number, once: () => void): Prepared => ({
  operations,
  run() {
    for (let index = 0; index < operations; index++) once()
  },
})

const commit = (slots: number, native: number, wasm: number): Step => ({
  name: `kzg-commit-${slots}`,
  title: `KZG commit, ${slots} of 64 slots full`,
  reference: { native, wasm },
  repetitions: { native: 30, wasm: 20 },
  prepare(engine, kit) {
    const data = vector(kit, 1)
    const filled = new Uint8Array(data.length)
    filled.set(data.subarray(0, slots * SLOT_BYTES))
    const opened = engine.kzgOpen(filled, 1, SLOTS)
    const commitment = engine.kzgCommit(filled, SLOTS)
    demand(engine.kzgVerify(commitment, 1, slot(filled, 1), opened, SLOTS), 'a commitment that cannot be opened')
    return repeated(slots === SLOTS ? 4 : 40, () => void engine.kzgCommit(filled, SLOTS))
  },
})

const openingVerify: Step = {
  name: 'kzg-verify',
  title: 'KZG opening verify',
  reference: { native: 44_590, wasm: 25_300 },
  repetitions: { native: 30, wasm: 20 },
  prepare(engine, kit) {
    const data = vector(kit, 2)
    const [commitment, proof] = [engine.kzgCommit(data, SLOTS), engine.kzgOpen(data, 3, SLOTS)]
    const holds = (value: Uint8Array) => engine.kzgVerify(commitment, 3, value, proof, SLOTS)
    demand(!holds(slot(data, 4)), 'a wrong value was accepted')
    return repeated(1, () => demand(holds(slot(data, 3)), 'a good opening was refused'))
  },
}

/** As many different vectors as openings, each opened at another slot. */
function statements(engine: FullEngine, kit: Kit, count: number) {
  const vectors = Array.from({ length: count }, (_, index) => vector(kit, 100 + index))
  const indices = Uint32Array.from(vectors, (_, index) => index % SLOTS)
  return {
    vectors,
    indices,
    commitments: vectors.map((data) => engine.kzgCommit(data, SLOTS)),
    values: vectors.map((data, index) => slot(data, index % SLOTS)),
  }
}

/** Plain form: u32 length and multicommitment, u32 length and proof. */
const partsOf = (plain: Uint8Array): readonly [Uint8Array, Uint8Array] => [
  plain.subarray(4, 4 + POINT_BYTES),
  plain.subarray(8 + POINT_BYTES),
]

const multiproofVerify = (count: number, native: number, wasm: number): Step => ({
  name: `multiproof-verify-${count}`,
  title: `multiproof verify, ${count} opening${count === 1 ? '' : 's'}`,
  reference: { native, wasm },
  repetitions: { native: 20, wasm: 12 },
  prepare(engine, kit) {
    const { vectors, indices, commitments, values } = statements(engine, kit, count)
    const [multicommitment, proof] = partsOf(engine.kzgMultiprove(commitments, vectors, indices, SLOTS))
    const holds = (claimed: Uint8Array[]) =>
      engine.kzgMultiVerify(commitments, indices, claimed, multicommitment, proof, SLOTS)
    demand(!holds([kit.bytes(1, SLOT_BYTES), ...values.slice(1)]), 'a wrong value was accepted')
    return repeated(1, () => demand(holds(values), 'a good multiproof was refused'))
  },
})

const multiproofProve: Step = {
  name: 'multiproof-prove-64',
  title: 'multiproof prove, 64 openings',
  reference: { native: 428_700, wasm: 92_550 },
  repetitions: { native: 8, wasm: 4 },
  prepare(engine, kit) {
    const { vectors, indices, commitments, values } = statements(engine, kit, SLOTS)
    const [multicommitment, proof] = partsOf(engine.kzgMultiprove(commitments, vectors, indices, SLOTS))
    const holds = engine.kzgMultiVerify(commitments, indices, values, multicommitment, proof, SLOTS)
    demand(holds, 'a proof that does not hold')
    return repeated(1, () => void engine.kzgMultiprove(commitments, vectors, indices, SLOTS))
  },
}

export const kzgSteps: readonly Step[] = [
  openingVerify,
  multiproofVerify(1, 45_570, 25_880),
  multiproofVerify(64, 61_940, 36_200),
  commit(64, 10_200, 6_980),
  commit(2, 2_112, 1_451),
  multiproofProve,
]
