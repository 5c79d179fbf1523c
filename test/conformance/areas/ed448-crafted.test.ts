/**
 * CRY-18, CH-8: Ed448 on crafted input. Keys, commitments and encodings are made so that every part of the rule of spec 10 section 4 decides
 * some of them; the rule is spelled out with the points of @noble/curves and both engines must agree with it. Needs the built engines.
 */
import { ed448 } from '@noble/curves/ed448.js'
import { shake256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import type { FullEngine } from '../../../core/platform/engine.ts'
import { loadNativeEngine } from '../../engines/native.ts'
import { loadWasmEngine } from '../../engines/wasm.ts'
import { concat, toHex, utf8 } from '../fields.ts'

const { Point } = ed448
type EdwardsPoint = InstanceType<typeof Point>
const { n: L } = Point.CURVE()
const P = 2n ** 448n - 2n ** 224n - 1n

const little = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex').reverse())
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
const times = (point: EdwardsPoint, scalar: bigint): EdwardsPoint => point.multiplyUnsafe(scalar % L)

/** Bytes that follow from a label, so that a failure can be looked at again. */
const drawn = (label: string, length: number): Uint8Array => shake256(utf8(label), { dkLen: length })

const challenge = (commitment: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
  numberOf(shake256(concat(utf8('SigEd448\0\0'), commitment, key, message), { dkLen: 114 })) % L

function decoded(bytes: Uint8Array): EdwardsPoint | null {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return null
  }
}

/** The rule: exact lengths, canonical points with x != 0, 0 < S < L, 4 S B = 4 R + 4 h A. */
function rule(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 57 || signature.length !== 114) return false
  const [a, r] = [decoded(key), decoded(signature.subarray(0, 57))]
  const s = numberOf(signature.subarray(57))
  if (a === null || r === null || a.x === 0n || r.x === 0n || s === 0n || s >= L) return false
  const h = challenge(signature.subarray(0, 57), key, message)
  return times(Point.BASE, s).subtract(r).subtract(times(a, h)).clearCofactor().is0()
}

interface Crafted {
  readonly what: string
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The four points of small order: y = 1, y = -1, and y = 0 twice. */
const SMALL: readonly EdwardsPoint[] = [
  Point.ZERO,
  Point.fromAffine({ x: 0n, y: P - 1n }),
  Point.fromAffine({ x: 1n, y: 0n }),
  Point.fromAffine({ x: P - 1n, y: 0n }),
]

/** Signatures that hold but for components of small order in A and R, of keys and nonces that may be zero; then S beside them. */
function* components(): Generator<Crafted> {
  for (const [a, small] of SMALL.entries())
    for (const [r, other] of SMALL.entries())
      for (const zero of ['neither', 'key', 'nonce', 'both']) {
        const what = `A + ${a}, R + ${r}, zero: ${zero}`
        const secret = ['key', 'both'].includes(zero) ? 0n : numberOf(drawn(`key ${what}`, 56)) % L
        const nonce = ['nonce', 'both'].includes(zero) ? 0n : numberOf(drawn(`nonce ${what}`, 56)) % L
        const key = times(Point.BASE, secret).add(small).toBytes()
        const commitment = times(Point.BASE, nonce).add(other).toBytes()
        const message = utf8(what)
        const s = (nonce + challenge(commitment, key, message) * secret) % L
        for (const value of [s, (s + 1n) % L, s + L])
          yield { what: `${what}, S ${value - s}`, key, message, signature: concat(commitment, little(value, 57)) }
      }
}

/** Encodings near the limits of y, with every kind of last byte, as key, as commitment and as both. */
function* encodings(): Generator<Crafted> {
  const seed = drawn('seed', 57)
  const message = utf8('encodings')
  const [good, honest] = [ed448.getPublicKey(seed), ed448.sign(message, seed)]
  for (const y of [0n, 1n, 2n, P - 2n, P - 1n, P, P + 1n, P + 2n, 2n ** 448n - 1n])
    for (const last of [0, 0x80, 0x01, 0x40, 0x7f, 0xff]) {
      const bytes = concat(little(y, 56), Uint8Array.of(last))
      const what = `y ${y} ${last}`
      yield { what: `key ${what}`, key: bytes, message, signature: honest }
      yield { what: `R ${what}`, key: good, message, signature: concat(bytes, honest.subarray(57)) }
      for (const s of [0n, 1n, L - 1n, L, 2n ** 446n, 2n ** 448n])
        yield { what: `both ${what} S ${s}`, key: bytes, message, signature: concat(bytes, little(s, 57)) }
    }
}

/** Honest signatures, and the same cut, lengthened, with a context, with a bit changed, under another key. */
function* honest(): Generator<Crafted> {
  for (let index = 0; index < 12; index++) {
    const seed = drawn(`honest ${index}`, 57)
    const message = drawn(`message ${index}`, index * 17)
    const [key, signature] = [ed448.getPublicKey(seed), ed448.sign(message, seed)]
    const at = index * 9
    const parts = { key, message, signature }
    yield { what: `honest ${index}`, ...parts }
    yield { what: `cut ${index}`, ...parts, signature: signature.subarray(0, -1) }
    yield { what: `long ${index}`, ...parts, signature: concat(signature, Uint8Array.of(0)) }
    yield { what: `context ${index}`, ...parts, signature: ed448.sign(message, seed, { context: Uint8Array.of(1) }) }
    yield { what: `bit ${index}`, ...parts, signature: signature.with(at, (signature[at] ?? 0) ^ 4) }
    yield { what: `other key ${index}`, ...parts, key: ed448.getPublicKey(drawn('other', 57)) }
  }
}

describe.each(['native', 'wasm'])('Ed448 of the %s engine', { timeout: 120_000 }, (name) => {
  const load = async (): Promise<FullEngine> => (name === 'native' ? loadNativeEngine() : await loadWasmEngine('simd'))

  test.each([
    ['components of small order', components, 32],
    ['encodings', encodings, 0],
    ['honest signatures', honest, 12],
  ] as const)('CRY-18 %s', async (_what, make, good) => {
    const engine = await load()
    let accepted = 0
    for (const { what, key, message, signature } of make()) {
      const wanted = rule(key, message, signature)
      expect(engine.ed448Verify(key, message, signature), what).toBe(wanted)
      if (wanted) accepted++
    }
    expect(accepted).toBe(good)
  })

  test('CRY-12 keys and signatures are those of @noble/curves, whatever the length of the message', async () => {
    const engine = await load()
    for (const length of [0, 1, 57, 113, 135, 136, 137, 271, 272, 1024]) {
      const [seed, message] = [drawn(`seed ${length}`, 57), drawn(`message ${length}`, length)]
      expect(toHex(engine.ed448PublicKey(seed))).toBe(toHex(ed448.getPublicKey(seed)))
      expect(toHex(engine.ed448Sign(seed, message))).toBe(toHex(ed448.sign(message, seed)))
    }
  })
})
