import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { type Fields, toHex } from '../fields.ts'

const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n
  for (let b = ((base % modulus) + modulus) % modulus, e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % modulus
    b = (b * b) % modulus
  }
  return result
}

/** Integers named alike in the file and in the engine's own constants, where only one value is right. */
const INTEGERS = ['p', 'r', 'x_abs', 'g1_beta_cube_root', 'g1_cofactor_multiplier'] as const
const POINTS = [
  'g1_generator_compressed',
  'g1_generator_uncompressed',
  'g2_generator_compressed',
  'g2_generator_uncompressed',
] as const

/** Constants of the engine equal the file's, and both obey the relations of spec 10 sections 1 and 1.3. */
export function checkParameters(engine: FullEngine, fields: Fields, check: Checks): void {
  const own = JSON.parse(engine.blsParams()) as Record<string, unknown>
  for (const name of INTEGERS)
    check.gives(name, fields.hexInteger(name).toString(16), () => BigInt(`0x${String(own[name])}`).toString(16))
  for (const name of POINTS) check.equal(name, fields.hex(name), own[name])
  check.equal('x_negative', fields.boolean('x_negative'), own.x_negative)
  checkRelations(fields, check)
  checkGenerators(engine, fields, check)
  // Either root of -3 is a right answer.
  const p = fields.hexInteger('p')
  check.gives('sqrt_minus3 squared, engine', p - 3n, () => BigInt(`0x${String(own.sqrt_minus3)}`) ** 2n % p)
}

function checkRelations(fields: Fields, check: Checks): void {
  const p = fields.hexInteger('p')
  const r = fields.hexInteger('r')
  const u = fields.hexInteger('x_abs') * (fields.boolean('x_negative') ? -1n : 1n)
  check.equal('r = u^16 - u^8 + 1', u ** 16n - u ** 8n + 1n, r)
  check.equal('p = (u-1)^2 r / 3 + u', ((u - 1n) ** 2n * r) / 3n + u, p)
  check.equal('g1_cofactor_multiplier = 1 - u', 1n - u, fields.hexInteger('g1_cofactor_multiplier'))
  check.equal('sqrt_minus3 squared', p - 3n, fields.hexInteger('sqrt_minus3') ** 2n % p)
  const beta = fields.hexInteger('g1_beta_cube_root')
  check.equal('beta^2 + beta + 1', 0n, (beta ** 2n + beta + 1n) % p)
  if (fields.has('frobenius_fp2_a')) checkFrobenius(fields, check, p)
}

/** a + i b = (-1-i)^((p-19)/24) in F_p(i). */
function checkFrobenius(fields: Fields, check: Checks, p: bigint): void {
  type Complex = readonly [bigint, bigint]
  const reduce = (value: bigint): bigint => ((value % p) + p) % p
  const multiply = ([a, b]: Complex, [c, d]: Complex): Complex => [reduce(a * c - b * d), reduce(a * d + b * c)]
  let result: Complex = [1n, 0n]
  let base: Complex = [p - 1n, p - 1n]
  for (let exponent = (p - 19n) / 24n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = multiply(result, base)
    base = multiply(base, base)
  }
  check.equal('frobenius_fp2_a', fields.hexInteger('frobenius_fp2_a'), result[0])
  check.equal('frobenius_fp2_b', fields.hexInteger('frobenius_fp2_b'), result[1])
}

function checkGenerators(engine: FullEngine, fields: Fields, check: Checks): void {
  const one = Uint8Array.from({ length: 73 }, (_, index) => (index === 72 ? 1 : 0))
  const g1 = fields.bytes('g1_generator_compressed')
  const g2 = fields.bytes('g2_generator_compressed')
  check.gives('G1 generator decodes', fields.hex('g1_generator_uncompressed'), () => engine.blsDecodeG1(g1))
  check.gives('G2 generator decodes', fields.hex('g2_generator_uncompressed'), () => engine.blsDecodeG2(g2))
  check.gives('1 * G1 generator', toHex(g1), () => engine.blsMultiplyGeneratorG1(one))
  check.gives('1 * G2 generator', toHex(g2), () => engine.blsMultiplyGeneratorG2(one))
  const p = fields.hexInteger('p')
  const x = BigInt(`0x${fields.hex('g1_generator_uncompressed').slice(2, 148)}`)
  const y = BigInt(`0x${fields.hex('g1_generator_uncompressed').slice(148)}`)
  check.equal('G1 generator on y^2 = x^3 + 1', (power(x, 3n, p) + 1n) % p, power(y, 2n, p))
}
