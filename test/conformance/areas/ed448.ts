import { createHash } from 'node:crypto'
import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, Malformed, toHex } from '../fields.ts'
import { eachCase } from '../runner.ts'

const NOTHING = new Uint8Array()

/** `field` is what `call` gives, or `call` refuses, by the verdict of the case. */
function answers(fields: Fields, check: Checks, field: string, call: () => Uint8Array): void {
  if (fields.requiredVerdict()) check.gives(field, fields.hex(field), call)
  else check.refuses(field, call)
}

/** Key record of type 4 (spec 10 section 4.1): `08 04 12 39 || key`. */
const RECORD_PREFIX = Uint8Array.of(0x08, 0x04, 0x12, 0x39)
const SHA2_256_MULTIHASH = Uint8Array.of(0x12, 0x20)

function peerId(publicKey: Uint8Array): Uint8Array {
  const record = concat(RECORD_PREFIX, publicKey)
  return concat(SHA2_256_MULTIHASH, createHash('sha256').update(record).digest())
}

/** The verdict of a signature alone, and among others: twice beside one that holds. */
function verdicts(engine: FullEngine, check: Checks, valid: boolean, signed: readonly Uint8Array[]): void {
  const [key = NOTHING, message = NOTHING, signature = NOTHING] = signed
  check.gives('verify', valid, () => engine.ed448Verify(key, message, signature))
  const seed = new Uint8Array(57).fill(1)
  const [ownKey, own] = [engine.ed448PublicKey(seed), engine.ed448Sign(seed, message)]
  const together = () =>
    engine.ed448VerifyBatch([key, ownKey, key], [message, message, message], [signature, own, signature])
  const one = valid ? '01' : '00'
  check.gives('verify among others', `${one}01${one}`, together)
}

/** `ed448/ed448_sign.json`: verdicts; with a seed also key, signature, peer id and legacy address (spec 10 section 4, CRY-12). */
export const sign = eachCase((engine, fields, check) => {
  const key = fields.bytes('public_key')
  const message = concat(fields.bytes('domain'), fields.bytes('message'))
  const signature = fields.bytes('signature')
  verdicts(engine, check, fields.requiredVerdict(), [key, message, signature])
  if (!fields.requiredVerdict() || !fields.has('seed')) return
  const seed = fields.bytes('seed')
  const both = concat(seed, key)
  check.gives('public_key', toHex(key), () => engine.ed448PublicKey(seed))
  check.gives('signature', toHex(signature), () => engine.ed448Sign(seed, message))
  check.gives('signature by seed and public key', toHex(signature), () => engine.ed448Sign(both, message))
  check.gives('signature by the expanded key', toHex(signature), () =>
    engine.ed448SignExpanded(engine.ed448ExpandedKey(seed), message),
  )
  check.equal('peer_id_multihash', fields.hex('peer_id_multihash'), peerId(key))
  check.gives('peer_id_poseidon_address', fields.hex('peer_id_poseidon_address'), () =>
    engine.poseidonHashBytes(fields.bytes('peer_id_multihash')),
  )
})

/** `ed448/ed448_edge.json`: exactly the rule of spec 10 section 4 (CRY-18). */
export const edge = eachCase((engine, fields, check) => {
  const signed = ['public_key', 'message', 'signature'].map((name) => fields.bytes(name))
  verdicts(engine, check, fields.requiredVerdict(), signed)
})

/** `ed448/x448_edwards_keys.json` (spec 10 section 5, CRY-15). */
export const agreementKeys = eachCase((engine, fields, check) => {
  const secret = fields.bytes('secret')
  answers(fields, check, 'public_key', () => engine.agreementPublicKey(secret))
})

type Operation = (engine: FullEngine, fields: Fields, check: Checks) => void

/** A scalar and its multiple of the generator. */
const scalarAndPoint =
  (field: string, call: (engine: FullEngine, fields: Fields) => Uint8Array): Operation =>
  (engine, fields, check) => {
    answers(fields, check, field, () => call(engine, fields))
    answers(fields, check, 'point', () => engine.decafMultiplyGenerator(call(engine, fields)))
  }

/** What each `op` of `ed448/decaf448.json` computes. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  generator: (engine, fields, check) => answers(fields, check, 'point', () => engine.decafGenerator('first')),
  alt_generator: (engine, fields, check) => answers(fields, check, 'point', () => engine.decafGenerator('second')),
  scalar_to_point: (engine, fields, check) => {
    const scalar = fields.bytes('scalar')
    answers(fields, check, 'point', () => engine.decafMultiplyGenerator(scalar))
    answers(fields, check, 'point', () => engine.decafMultiply(scalar, engine.decafGenerator('first')))
  },
  scalar_mult: scalarAndPoint('scalar', (engine, fields) =>
    engine.decafScalar('mul', fields.bytes('a'), fields.bytes('b')),
  ),
  scalar_inverse: scalarAndPoint('inverse', (engine, fields) =>
    engine.decafScalar('inv', fields.bytes('scalar'), NOTHING),
  ),
  hash_to_scalar: scalarAndPoint('scalar', (engine, fields) => engine.decafHashToScalar(fields.bytes('input'))),
  agree: (engine, fields, check) =>
    answers(fields, check, 'shared', () => engine.decafAgree(fields.bytes('secret'), fields.bytes('peer_public'))),
  agree_hash_to_scalar: (engine, fields, check) => {
    const both = () => engine.decafAgreeHash(fields.bytes('secret'), fields.bytes('peer_public'))
    answers(fields, check, 'scalar', () => both().subarray(0, 56))
    answers(fields, check, 'point', () => both().subarray(56))
  },
  scalar_addition: (engine, fields, check) =>
    answers(fields, check, 'scalar', () => engine.decafScalar('add', fields.bytes('a'), fields.bytes('b'))),
  scalar_subtraction: (engine, fields, check) =>
    answers(fields, check, 'scalar', () => engine.decafScalar('sub', fields.bytes('a'), fields.bytes('b'))),
  point_addition: (engine, fields, check) =>
    answers(fields, check, 'point', () => engine.decafPoint('add', fields.bytes('a'), fields.bytes('b'))),
  point_subtraction: (engine, fields, check) =>
    answers(fields, check, 'point', () => engine.decafPoint('sub', fields.bytes('a'), fields.bytes('b'))),
  simple_verify: (engine, fields, check) =>
    check.gives('verify', fields.requiredVerdict(), () =>
      engine.decafVerify(fields.bytes('public'), fields.bytes('message'), fields.bytes('signature')),
    ),
  decode: (engine, fields, check) => answers(fields, check, 'point', () => engine.decafDecode(fields.bytes('point'))),
}

/** `ed448/decaf448.json`: every operation of spec 10 section 5, byte for byte (CRY-14, CH-10). */
export const decaf448 = eachCase((engine, fields, check) => {
  const op = fields.text('op')
  const run = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined
  if (run === undefined) throw new Malformed(`operation ${op} is not one of ${Object.keys(OPERATIONS).join(', ')}`)
  run(engine, fields, check)
})
