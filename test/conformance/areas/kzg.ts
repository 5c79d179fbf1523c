import { createHash } from 'node:crypto'
import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'

/** `kzg/commit.json`: byte-equal, over-long data refused (spec 20 sections 3 and 4, CVT-02). */
export const commit = eachCase((engine, fields, check) => {
  const call = () => engine.kzgCommit(fields.bytes('data'), fields.u32('size'))
  if (fields.requiredVerdict()) check.gives('commitment', fields.hex('commitment'), call)
  else check.refuses('commitment', call)
})

/** The encoding of the identity, which the reference writes and accepts and a strict verifier refuses (H-06). */
const IDENTITY = `03${'00'.repeat(73)}`

/**
 * The verdict of an opening. Two kinds of case name the reference's: a value of 73 bytes may be refused (`optional`), and the identity
 * as the proof of a constant vector must be.
 */
function checkOpening(engine: FullEngine, fields: Fields, check: Checks): void {
  const [commitment, value, proof] = [fields.bytes('commitment'), fields.bytes('value'), fields.bytes('proof')]
  const [index, size] = [fields.u32('index'), fields.u32('size')]
  const required = fields.requiredVerdict() && (fields.has('strict_valid') || toHex(proof) !== IDENTITY)
  const verify = () => engine.kzgVerify(commitment, index, value, proof, size)
  if (fields.has('optional') && fields.boolean('optional'))
    check.gives('verify gives a verdict', 'boolean', () => typeof verify())
  else check.gives('verify', required, verify)
  if (!fields.has('data')) return
  const data = fields.bytes('data')
  check.gives('commitment', toHex(commitment), () => engine.kzgCommit(data, size))
  check.gives('proof', toHex(proof), () => engine.kzgOpen(data, index, size))
}

/** `kzg/open.json`: verdicts, and commitment and proof where the data is given (spec 20 section 5, CVT-03). */
export const open = eachCase(checkOpening)

/** Bytes of the length before each field of a plain multiproof. */
const LENGTH_BYTES = 4
const POINT_BYTES = 74

function checkMultiproof(engine: FullEngine, fields: Fields, check: Checks): void {
  const commitments = fields.bytesList('commitments')
  const values = fields.bytesList('values')
  const indices = indexList(fields)
  const [multicommitment, proof] = [fields.bytes('multicommitment'), fields.bytes('proof')]
  const size = fields.u32('size')
  for (const list of [commitments, values, indices]) check.equal('count', fields.u32('count'), list.length)
  check.gives('verify', fields.requiredVerdict(), () =>
    engine.kzgMultiVerify(commitments, indices, values, multicommitment, proof, size),
  )
  if (!fields.has('polynomials')) return
  const vectors = fields.bytesList('polynomials')
  for (const [at, vector] of vectors.entries())
    check.gives(`commitments[${at}]`, toHex(commitments[at] ?? new Uint8Array()), () => engine.kzgCommit(vector, size))
  const made = engine.kzgMultiprove(commitments, vectors, indices, size)
  const end = LENGTH_BYTES + POINT_BYTES
  check.equal('multicommitment', toHex(multicommitment), toHex(made.slice(LENGTH_BYTES, end)))
  check.equal('proof', toHex(proof), toHex(made.slice(end + LENGTH_BYTES)))
}

function indexList(fields: Fields): Uint32Array {
  const indices = fields.integerList('indices')
  if (indices.some((index) => index < 0n || index > 0xffffffffn)) throw new Malformed('an index does not fit 32 bits')
  return Uint32Array.from(indices, Number)
}

/** `kzg/multiproof.json`: verdicts, and D and proof where the polynomials are given (spec 20 section 6, CVT-04). */
export const multiproof = eachCase(checkMultiproof)

/** `kzg/points.json`: points outside the subgroup and undecodable ones, strict verdicts (spec 20 H-02, CVT-11). */
export const points = eachCase((engine, fields, check) => {
  const kind = fields.text('kind')
  if (kind === 'open') checkOpening(engine, fields, check)
  else if (kind === 'multiproof') checkMultiproof(engine, fields, check)
  else throw new Malformed(`kind ${kind} is neither open nor multiproof`)
})

/** `kzg/ceremony.json`: digests, points and roots of unity (spec 20 sections 1 and 2, CVT-01). */
export const ceremony: RustRunner = {
  backing: 'rust',
  open: (file, engine) => {
    const own = JSON.parse(engine.kzgSetup()) as Readonly<Record<string, unknown>>
    return (fields, check, index) => {
      if (index === 0) checkConstants(file.document, own, check)
      const name = fields.text('name')
      const binary = file.binary(`kzg/${name}`)
      check.equal('bytes', fields.integer('bytes'), binary.length)
      check.equal('sha256', fields.hex('sha256'), createHash('sha256').update(binary).digest('hex'))
      const digest = OWN_DIGESTS[name]
      if (digest !== undefined) check.equal(`engine ${digest}`, fields.hex('sha256'), own[digest])
      for (const [field, offset] of POINTS_AT[name] ?? []) {
        const point = file.document.hex(field)
        check.equal(`${field} in the file`, point, toHex(binary.slice(offset, offset + point.length / 2)))
      }
    }
  },
}

/** Which digests the engine computes from what it embeds. */
const OWN_DIGESTS: Readonly<Record<string, string>> = {
  'ceremony_verifier.bin': 'verifier_sha256',
  'ceremony_prover64.bin': 'prover64_sha256',
}

const POWERS = 257
const LAGRANGE_POINTS = 496
/** Lagrange points of 16 and 32 slots, which precede those of 64. */
const BEFORE_64 = 48
const FULL_LAGRANGE = (POWERS + BEFORE_64) * POINT_BYTES
const FULL_G2 = (POWERS + LAGRANGE_POINTS) * POINT_BYTES
const G2_BYTES = 585

/** Where known points stand in the binaries: field, offset. */
const POINTS_AT: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'ceremony_verifier.bin': [['tau_g2', 0]],
  'ceremony_prover64.bin': [
    ['g1_generator', 0],
    ['tau_g1', POINT_BYTES],
    ['lagrange64_first', 64 * POINT_BYTES],
    ['lagrange64_last', 127 * POINT_BYTES],
  ],
  'ceremony_full.bin': [
    ['g1_generator', 0],
    ['tau_g1', POINT_BYTES],
    ['lagrange64_first', FULL_LAGRANGE],
    ['lagrange64_last', FULL_LAGRANGE + 63 * POINT_BYTES],
    ['g2_generator', FULL_G2],
    ['tau_g2', FULL_G2 + G2_BYTES],
  ],
}

const POINT_FIELDS = [
  'g1_generator',
  'g2_generator',
  'tau_g1',
  'tau_g2',
  'lagrange64_first',
  'lagrange64_last',
] as const

function checkConstants(document: Fields, own: Readonly<Record<string, unknown>>, check: Checks): void {
  for (const name of POINT_FIELDS) check.equal(`engine ${name}`, document.hex(name), own[name])
  for (const name of ['group_order', 'field_prime'] as const)
    check.equal(`engine ${name}`, document.hexInteger(name), BigInt(`0x${String(own[name])}`))
  const roots = document.child('roots_of_unity')
  const ownRoots = own.roots_of_unity as Readonly<Record<string, string>>
  const order = document.hexInteger('group_order')
  for (const size of roots.names()) {
    check.equal(`engine w_${size}`, roots.hex(size), ownRoots[size])
    check.equal(
      `w_${size} = 37^((r-1)/${size})`,
      power(37n, (order - 1n) / BigInt(size), order),
      roots.hexInteger(size),
    )
  }
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus]
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}
