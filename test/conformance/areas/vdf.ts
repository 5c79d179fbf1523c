import type { EngineDiscriminantSearch, FullEngine } from '../../../core/platform/engine.ts'
import { type Fields, Malformed, parseHex, toHex } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'

const none = new Uint8Array()

/** Candidates per call of the sliced search: small, so that every vector crosses several slices. */
const SLICE = 48
/** Far beyond any search that occurs (the reference sieves 65,536 positions). */
const LAST_CANDIDATE = 1 << 16

/** The discriminant found by the resumable search, slice by slice. */
function searchInSlices(search: EngineDiscriminantSearch): string {
  for (let from = 0; from < LAST_CANDIDATE; from += SLICE) {
    const index = search.testRange(from, SLICE)
    if (index >= 0) return integerText(search.candidate(index))
  }
  return `no prime below index ${LAST_CANDIDATE}`
}

const integerText = (bigEndian: Uint8Array): string => BigInt(`0x${toHex(bigEndian) || '0'}`).toString(16)

/** `vdf/discriminant.json`: disc(challenge, length), whole and in slices (spec 11 section 1.1, VDF-01). */
export const discriminant = eachCase((engine, fields, check) => {
  const challenge = fields.bytes('challenge')
  const bits = fields.u32('length')
  const expected = fields.hexInteger('minus_discriminant').toString(16)
  check.gives('minus_discriminant', expected, () => integerText(engine.vdfDiscriminant(challenge, bits)))
  check.gives('minus_discriminant (search in slices)', expected, () => {
    const search = new engine.DiscriminantSearch(challenge, bits)
    try {
      return searchInSlices(search)
    } finally {
      search.free()
    }
  })
})

/** The two constants of a group are the only form cases that are told apart by name. */
const constantForm = (fields: Fields): string | null =>
  fields.has('form') && !['identity', 'generator'].includes(fields.optionalText('name'))
    ? `form ${fields.optionalText('name') || 'without name'}`
    : null

/** `vdf/forms.json`: group operations on encoded forms (spec 11 section 1.2, VDF-02). */
export const forms: RustRunner = {
  ...eachCase((engine, fields, check) => {
    const challenge = fields.bytes('challenge')
    if (fields.has('form')) {
      check.gives('form', fields.hex('form'), () => engine.vdfForm(fields.text('name'), challenge, none, none))
      return
    }
    const f = fields.bytes('f')
    const g = fields.bytes('g')
    const exponent = evenHex(fields.text('g_exponent'))
    check.gives('g', fields.hex('g'), () =>
      engine.vdfFormPower(challenge, engine.vdfForm('generator', challenge, none, none), exponent),
    )
    check.gives('f_times_g', fields.hex('f_times_g'), () => engine.vdfForm('multiply', challenge, f, g))
    check.gives('g_inverse', fields.hex('g_inverse'), () => engine.vdfForm('inverse', challenge, g, none))
    check.gives('g_squared', fields.hex('g_squared'), () => engine.vdfForm('square', challenge, g, none))
    const repeated = fields.child('g_squared_n')
    check.gives('g_squared_n.result', repeated.hex('result'), () =>
      engine.vdfFormSquareN(challenge, g, repeated.u32('n')),
    )
  }),
  unhandled: constantForm,
}

const evenHex = (digits: string): Uint8Array => parseHex(digits.length % 2 ? `0${digits}` : digits, 'g_exponent')

/** `vdf/solve.json`: the output is unique and verifies (spec 11 section 2, VDF-03 and VDF-04). */
export const solve = eachCase((engine, fields, check) => {
  const challenge = fields.bytes('challenge')
  const difficulty = fields.u32('difficulty')
  const output = fields.bytes('output')
  const verdict = fields.requiredVerdict()
  check.gives('verify', verdict, () => engine.vdfVerify(challenge, difficulty, output))
  check.gives('verify with known discriminant', verdict, () =>
    engine.vdfVerifyWith(engine.vdfDiscriminant(challenge, 2048), difficulty, output),
  )
  if (verdict) check.gives('output', toHex(output), () => engine.vdfSolve(challenge, difficulty))
})

/** `vdf/verify_negative.json`: the strict verdict, and no abort (spec 11 section 1.2, VDF-05). */
export const verifyNegative = eachCase((engine, fields, check) => {
  const challenge = fields.bytes('challenge')
  const difficulty = fields.u32('difficulty')
  const output = fields.bytes('output')
  check.gives('strict_valid', fields.requiredVerdict(), () => engine.vdfVerify(challenge, difficulty, output))
})

const verifyMulti = (engine: FullEngine, fields: Fields): boolean =>
  engine.vdfMultiVerify(
    fields.bytes('challenge'),
    fields.u32('difficulty'),
    fields.bytesList('ids'),
    fields.bytesList('solutions'),
  )

/** `vdf/multi_forms.json`: tolerant decoding of solutions (spec 11 section 3, VDF-08). */
export const multiForms = eachCase((engine, fields, check) => {
  check.gives('valid', fields.requiredVerdict(), () => verifyMulti(engine, fields))
})

interface MultiValues {
  readonly idsCommitment: string
  readonly fixedPrime: string
  readonly r: string
}

const integerOf = (hex: string): string => BigInt(`0x${hex || '0'}`).toString(16)

/** `vdf/multi.json`: joint verdicts, honest solutions, intermediate values (spec 11 section 3, VDF-06). */
export const multi = eachCase((engine, fields, check) => {
  const challenge = fields.bytes('challenge')
  const difficulty = fields.u32('difficulty')
  const ids = fields.bytesList('ids')
  if (fields.has('informational')) {
    const values = JSON.parse(engine.vdfMultiValues(challenge, difficulty, ids)) as MultiValues
    check.equal('ids_commitment', fields.hex('ids_commitment'), values.idsCommitment)
    check.equal('fixed_prime_b', fields.hexInteger('fixed_prime_b').toString(16), integerOf(values.fixedPrime))
    check.equal('r_2_pow_t_mod_b', fields.hexInteger('r_2_pow_t_mod_b').toString(16), integerOf(values.r))
    return
  }
  check.gives('valid', fields.requiredVerdict(), () => verifyMulti(engine, fields))
  if (!/^[0-9]+ ids$/.test(fields.optionalText('name'))) return
  const solutions = fields.hexList('solutions')
  if (solutions.length !== ids.length) throw new Malformed('an honest case has one solution for each id')
  for (const [index, solution] of solutions.entries())
    check.gives(`solutions[${index}]`, solution, () => engine.vdfMultiSolve(challenge, difficulty, ids, index))
})
