import { concat, toHex } from '../fields.ts'
import { eachCase } from '../runner.ts'

interface SigningMessages {
  readonly voteMessage: string
  readonly voteDomain: string
  readonly timeoutMessage: string
  readonly timeoutDomain: string
}

/** `consensus/messages.json`: signed bytes and signatures of votes and timeouts (spec 10 section 2.8, spec 30 section 5). */
export const messages = eachCase((engine, fields, check) => {
  const text = engine.signingMessages(
    fields.bytes('filter'),
    fields.bytes('identity'),
    fields.integer('rank'),
    fields.integer('newest_qc_rank'),
  )
  const signing = JSON.parse(text) as SigningMessages
  check.equal('vote_message', fields.hex('vote_message'), signing.voteMessage)
  check.equal('vote_domain', fields.hex('vote_domain'), signing.voteDomain)
  check.equal('timeout_message', fields.hex('timeout_message'), signing.timeoutMessage)
  check.equal('timeout_domain', fields.hex('timeout_domain'), signing.timeoutDomain)
  const secret = fields.bytes('secret_key')
  const key = fields.bytes('public_key')
  check.gives('public_key', toHex(key), () => engine.blsPublicKey(secret))
  check.gives('prover_address', fields.hex('prover_address'), () => engine.poseidonHashBytes(key))
  for (const kind of ['vote', 'timeout'] as const) {
    const message = fields.bytes(`${kind}_message`)
    const domain = fields.bytes(`${kind}_domain`)
    const signature = fields.bytes(`${kind}_signature`)
    check.gives(`${kind}_signature`, toHex(signature), () => engine.blsSign(secret, message, domain))
    check.gives(`${kind}_signature verifies`, true, () => engine.blsVerify(key, signature, message, domain))
  }
})

const SOLUTION_BYTES = 516

/** A proof cut in solutions; a rest that is too short stays, and must make the verdict false. */
function solutionsOf(proof: Uint8Array): Uint8Array[] {
  const count = Math.ceil(proof.length / SOLUTION_BYTES)
  return Array.from({ length: count }, (_, index) => proof.slice(index * SOLUTION_BYTES, (index + 1) * SOLUTION_BYTES))
}

const u32 = (value: number): Uint8Array =>
  Uint8Array.from(Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]))

/** The one case whose listed ids differ from the rule, by its documented name. */
const IDS_DIFFER = 'index in id'

/** `consensus/join_proof.json`: the multi-proof of a join (spec 11 section 3). */
export const joinProof = eachCase((engine, fields, check) => {
  const challenge = fields.bytes('challenge')
  const ids = fields.bytesList('ids')
  check.gives('challenge', toHex(challenge), () => engine.sha3_256(fields.bytes('frame_output')))
  if (fields.optionalText('name') !== IDS_DIFFER) {
    const prover = fields.bytes('prover_address')
    const expected = fields.bytesList('filters').map((filter, index) => toHex(concat(prover, filter, u32(index))))
    check.equal('ids = prover_address + filter + index', expected, ids.map(toHex))
  }
  check.gives('valid', fields.requiredVerdict(), () =>
    engine.vdfMultiVerify(challenge, fields.u32('difficulty'), ids, solutionsOf(fields.bytes('proof'))),
  )
})
