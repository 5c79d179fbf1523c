import type { FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, toHex, utf8 } from '../fields.ts'
import { eachCase, type RustRunner } from '../runner.ts'

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

const ALLOCATION_TAG = 'PROVER_ALLOCATION'

/** Constants of the engine that may be compared with a listed mainnet genesis. */
const CONSTANTS = [
  'frame_number',
  'timestamp',
  'difficulty',
  'parent_selector',
  'header_prover',
  'selector',
  'seniority_each',
] as const

/** Addresses, selector and the shape of the genesis certificate (spec 11 section 4.5, spec 31 section 10.2, TRV-16 in part). */
export const genesisMainnet: RustRunner = {
  ...eachCase((engine, fields, check) => {
    const output = fields.bytes('output')
    check.equal('output length', 516, output.length)
    check.equal('parent_selector length', 32, fields.bytes('parent_selector').length)
    check.gives('selector', fields.hex('selector'), () => engine.poseidonHashBytes(output))
    for (const prover of fields.children('provers')) {
      const key = prover.bytes('public_key')
      const allocation = concat(utf8(ALLOCATION_TAG), key)
      check.gives(`${prover.path}.prover_address`, prover.hex('prover_address'), () => engine.poseidonHashBytes(key))
      check.gives(`${prover.path}.allocation_address`, prover.hex('allocation_address'), () =>
        engine.poseidonHashBytes(allocation),
      )
      check.gives(`${prover.path} decodes`, toHex(key), () => engine.blsAggregateKeys([key]))
    }
    const keys = fields.children('provers').map((prover) => prover.hex('public_key'))
    check.equal('header_prover is one of the keys', true, keys.includes(fields.hex('header_prover')))
    const certificate = fields.child('qc')
    check.equal('qc.rank', 0, certificate.integer('rank'))
    check.equal('qc.timestamp', 0, certificate.integer('timestamp'))
    check.equal('qc.frame_number', fields.integer('frame_number'), certificate.integer('frame_number'))
    check.equal('qc.signature', '00'.repeat(74), certificate.hex('signature'))
    check.equal('qc.bitmask', 'ff'.repeat(32), certificate.hex('bitmask'))
    compareConstants(engine, fields, check)
  }),
  unchecked: [
    'nonzero_global_commitments',
    'zero_commitment_lengths',
    'shard_roots_after_commit',
    'prover_tree_commitment',
  ],
}

interface PinnedProver {
  readonly public_key: string
  readonly prover_address: string
  readonly allocation_address: string
}

/** JSON of `mainnetGenesis`, as far as it is compared. */
interface PinnedGenesis extends Readonly<Record<(typeof CONSTANTS)[number] | 'output', unknown>> {
  readonly qc: Readonly<Record<string, unknown>>
  readonly provers: readonly PinnedProver[]
  readonly initial_commitments: readonly { readonly key: string; readonly value: string; readonly l1: unknown }[]
}

/** When the case is the mainnet genesis itself (same output), the engine's pinned constants say the same. */
function compareConstants(engine: FullEngine, fields: Fields, check: Checks): void {
  const pinned = JSON.parse(engine.mainnetGenesis()) as PinnedGenesis
  if (pinned.output !== fields.hex('output')) return
  for (const name of CONSTANTS) check.equal(`engine ${name}`, String(fields.raw(name)), String(pinned[name]))
  for (const name of ['rank', 'frame_number', 'timestamp', 'signature', 'bitmask'] as const)
    check.equal(`engine qc.${name}`, fields.child('qc').text(name), pinned.qc[name])
  check.equal('engine qc.public_key', '00'.repeat(585), pinned.qc.public_key)
  for (const prover of fields.children('provers')) {
    const own = pinned.provers.find((candidate) => candidate.public_key === prover.hex('public_key'))
    for (const name of ['prover_address', 'allocation_address'] as const)
      check.equal(`engine ${prover.path}.${name}`, prover.hex(name), own?.[name] ?? 'no such key')
  }
  for (const [index, initial] of fields.children('initial_commitments').entries()) {
    const own = pinned.initial_commitments[index]
    check.equal(`engine ${initial.path}`, [initial.hex('key'), initial.hex('value')], [own?.key, own?.value])
    check.equal(`engine ${initial.path}.l1`, initial.raw('l1'), own?.l1)
  }
}
