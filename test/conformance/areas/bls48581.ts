import type { EngineKeyPair, FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { type Fields, Malformed, toHex, utf8 } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'
import { checkParameters } from './bls48581-parameters.ts'

/** `bls48581/params.json` (spec 10 section 1, CRY-01). */
export const params = eachCase(checkParameters)

/** `bls48581/scalars.json`: arithmetic mod r and multiples of the generators (spec 10 section 1.2). */
export const scalars = eachCase((engine, fields, check) => {
  const a = fields.bytes('a')
  const b = fields.bytes('b')
  for (const operation of ['add', 'sub', 'mul'] as const)
    check.gives(operation, fields.hex(operation), () => engine.blsScalar(operation, a, b))
  check.gives('inv_a', fields.hex('inv_a'), () => engine.blsScalar('inv', a, b))
  check.gives('g1', fields.hex('g1'), () => engine.blsMultiplyGeneratorG1(a))
  check.gives('g2', fields.hex('g2'), () => engine.blsMultiplyGeneratorG2(a))
})

interface HashedToCurve {
  readonly expanded: string
  readonly u: readonly string[]
  readonly mapped: readonly string[]
  readonly point: string
}

/** The suite's only DST (spec 10 section 2.1). */
const DST = 'BLS_SIG_ZZZG1_XMD:SHA-512_SVDW_RO_NUL_'

/** `bls48581/hash_to_curve.json`: every intermediate value (spec 10 section 2.1, CRY-02). */
export const hashToCurve: RustRunner = {
  backing: 'rust',
  open: (file, engine) => (fields, check) => {
    if (file.document.has('dst')) check.equal('dst', file.document.hex('dst'), toHex(utf8(DST)))
    const hashed = JSON.parse(engine.blsHashToCurve(fields.bytes('message'))) as HashedToCurve
    check.equal('expanded', fields.hex('expanded'), hashed.expanded)
    check.equal('u', fields.hexList('u'), hashed.u)
    check.equal('mapped', fields.hexList('mapped'), hashed.mapped)
    check.equal('point', fields.hex('point'), hashed.point)
  },
}

/** `bls48581/keygen.json`: keys from key material, with proof of possession (spec 10 sections 2.2, 2.4, CRY-03). */
export const keygen = eachCase((engine, fields, check) => {
  const pair = JSON.parse(engine.blsGenerateKey(fields.bytes('ikm'))) as EngineKeyPair
  check.equal('secret_key', fields.hex('secret_key'), pair.secretKey)
  check.equal('public_key', fields.hex('public_key'), pair.publicKey)
  check.equal('pop_signature', fields.hex('pop_signature'), pair.proofOfPossession)
  check.equal('address', fields.hex('address'), pair.address)
  const secret = fields.bytes('secret_key')
  const key = fields.bytes('public_key')
  const proof = fields.bytes('pop_signature')
  check.gives('public key of the secret', toHex(key), () => engine.blsPublicKey(secret))
  check.gives('signature of the key', toHex(proof), () => engine.blsSign(secret, key, fields.bytes('pop_domain')))
  check.gives('proof of possession', true, () => engine.blsVerifyPossession(key, proof))
  check.gives('address = P(key)', fields.hex('address'), () => engine.poseidonHashBytes(key))
})

/** The calls that differ between G1 and G2. */
const groups = {
  G1: {
    decode: (engine: FullEngine, point: Uint8Array) => engine.blsDecodeG1(point),
    inSubgroup: (engine: FullEngine, point: Uint8Array) => engine.blsInSubgroupG1(point),
    encode: (engine: FullEngine, point: Uint8Array) => engine.blsAggregateSignatures([point]),
    multiple: (engine: FullEngine, scalar: Uint8Array) => engine.blsMultiplyGeneratorG1(scalar),
  },
  G2: {
    decode: (engine: FullEngine, point: Uint8Array) => engine.blsDecodeG2(point),
    inSubgroup: (engine: FullEngine, point: Uint8Array) => engine.blsInSubgroupG2(point),
    encode: (engine: FullEngine, point: Uint8Array) => engine.blsAggregateKeys([point]),
    multiple: (engine: FullEngine, scalar: Uint8Array) => engine.blsMultiplyGeneratorG2(scalar),
  },
}

const groupOf = (name: string) => {
  if (name !== 'G1' && name !== 'G2') throw new Malformed(`group ${name} is neither G1 nor G2`)
  return groups[name]
}

/** `bls48581/encodings.json`: the strict decoder, and the subgroup test alone (spec 10 sections 1.2, 1.3, CRY-07). */
export const encodings = eachCase((engine, fields, check) => {
  const group = groupOf(fields.text('group'))
  const input = fields.bytes('input')
  if (fields.requiredVerdict()) {
    check.gives('uncompressed', fields.hex('uncompressed'), () => group.decode(engine, input))
    check.gives('encoded again', toHex(input), () => group.encode(engine, input))
    if (fields.has('scalar'))
      check.gives('scalar times generator', toHex(input), () => group.multiple(engine, fields.bytes('scalar')))
  } else check.refuses('input', () => group.decode(engine, input))
  // The canonical encoding of what the lax reference decoder read: a point of the curve, in the subgroup or not.
  if (fields.optionalText('compressed') !== '')
    check.gives('in_subgroup', fields.boolean('in_subgroup'), () =>
      group.inSubgroup(engine, fields.bytes('compressed')),
    )
})

/** `bls48581/sign_verify.json`: strict verdict, and signing where the secret is known (spec 10 section 2.3, CRY-04, CRY-05, CRY-06). */
export const signVerify = eachCase((engine, fields, check) => {
  const key = fields.bytes('public_key')
  const signature = fields.bytes('signature')
  const message = fields.bytes('message')
  const domain = fields.bytes('domain')
  check.gives('verify', fields.requiredVerdict(), () => engine.blsVerify(key, signature, message, domain))
  if (!fields.has('secret_key')) return
  const secret = fields.bytes('secret_key')
  check.gives('public_key', toHex(key), () => engine.blsPublicKey(secret))
  check.gives('signature', toHex(signature), () => engine.blsSign(secret, message, domain))
})

/** `bls48581/aggregate.json`: sums, joint and multi-message verdicts (spec 10 sections 2.3, 2.5, CRY-08). */
export const aggregate = eachCase((engine, fields, check) => {
  if (fields.has('signatures')) checkSums(engine, fields, check)
  if (fields.has('message')) checkJointVerdict(engine, fields, check)
  if (fields.has('messages')) checkMultiVerdict(engine, fields, check)
})

function checkSums(engine: FullEngine, fields: Fields, check: Checks): void {
  const keys = fields.bytesList('public_keys')
  const signatures = fields.bytesList('signatures')
  check.gives('aggregate_public_key', fields.hex('aggregate_public_key'), () => engine.blsAggregateKeys(keys))
  check.gives('aggregate_signature', fields.hex('aggregate_signature'), () => engine.blsAggregateSignatures(signatures))
}

/** Any 32 bytes do: they only have to be unknown to who made the signatures. */
const BATCH_RANDOMNESS = Uint8Array.from({ length: 32 }, (_, index) => 31 * index + 7)

function checkJointVerdict(engine: FullEngine, fields: Fields, check: Checks): void {
  const key = fields.bytes('aggregate_public_key')
  const signature = fields.bytes('aggregate_signature')
  const message = fields.bytes('message')
  const domain = fields.bytes('domain')
  const verdict = fields.requiredVerdict()
  check.gives('verify', verdict, () => engine.blsVerify(key, signature, message, domain))
  check.gives('verify as a batch of two', verdict, () =>
    engine.blsVerifyBatch([key, key], [signature, signature], [message, message], [domain, domain], BATCH_RANDOMNESS),
  )
}

function checkMultiVerdict(engine: FullEngine, fields: Fields, check: Checks): void {
  const keys = fields.bytesList('public_keys')
  const signature = fields.bytes('aggregate_signature')
  const messages = fields.bytesList('messages')
  const domain = fields.bytes('domain')
  check.gives('verify_multi', fields.requiredVerdict(), () => engine.blsVerifyMulti(keys, signature, messages, domain))
  check.gives('verify_multi with one message less', false, () =>
    engine.blsVerifyMulti(keys, signature, messages.slice(1), domain),
  )
}

/** `bls48581/infinity_output.json`: what the reference writes for infinity is refused (spec 10 section 1.2, CRY-09). */
export const infinityOutput = eachCase((engine, fields, check) => {
  const output = fields.bytes('output')
  if (output.length === 74) check.refuses('output as G1', () => engine.blsDecodeG1(output))
  else if (output.length === 585) check.refuses('output as G2', () => engine.blsDecodeG2(output))
  else throw new Malformed(`output of ${output.length} bytes is neither a G1 nor a G2 encoding`)
})
