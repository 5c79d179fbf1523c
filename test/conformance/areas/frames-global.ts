import type {
  EngineCheck,
  EngineCommitteeHandle,
  EngineGlobalHeader,
  EngineRules,
  EngineVerdict,
  FullEngine,
} from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { checkCommittee, type ListedCommittee, listedCommittee } from '../committee.ts'
import { discriminantCache } from '../discriminants.ts'
import { type Fields, Malformed, toHex, utf8 } from '../fields.ts'
import { bitsOf, compareHeader } from '../headers.ts'
import { bytesOf, readMessage, scalarOf } from '../protobuf.ts'
import { eachCase, type RustRunner, type VectorFile } from '../runner.ts'

const factsOf = (engine: FullEngine, header: Uint8Array): EngineGlobalHeader =>
  JSON.parse(engine.globalHeaderFacts(header)) as EngineGlobalHeader

/** What the cases of one file share. */
interface GlobalBench {
  readonly engine: FullEngine
  readonly committee: ListedCommittee
  readonly handle: EngineCommitteeHandle
  readonly discriminantOf: (challenge: string) => Uint8Array
}

function prepare(file: VectorFile, engine: FullEngine): GlobalBench {
  const committee = listedCommittee(file)
  const handle = new engine.Committee(committee.json)
  return { engine, committee, handle, discriminantOf: discriminantCache(engine) }
}

/** The configured genesis of a test chain is its checkpoint; number, prover field and floor are not decided by these files. */
const rulesOf = (checkpoint: Fields | undefined): string => {
  const rules: EngineRules = {
    genesisNumber: checkpoint?.child('header').integer('frame_number').toString() ?? '0',
    genesisIdentity: checkpoint?.hex('identity') ?? '00'.repeat(32),
    proverInCommittee: false,
    difficultyFloor: 0,
  }
  return JSON.stringify(rules)
}

interface Judged {
  readonly facts: EngineGlobalHeader
  readonly verdict: EngineVerdict
  readonly timeProof: EngineCheck
}

function judge(bench: GlobalBench, header: Uint8Array, rules: string): Judged {
  const facts = factsOf(bench.engine, header)
  const verdict = JSON.parse(bench.handle.verifyCertificate(header, rules)) as EngineVerdict
  const proof = bench.engine.verifyTimeProof(header, bench.discriminantOf(facts.challenge))
  return { facts, verdict, timeProof: JSON.parse(proof) as EngineCheck }
}

/** `checks` of FRM-03, each compared with the engine's check of that name. */
function compareChecks(expected: Fields, judged: Judged, check: Checks): void {
  const found = new Map([...judged.verdict.checks, judged.timeProof].map((item) => [item.name, item.ok]))
  for (const name of expected.names())
    if (name === 'signed_weight')
      check.equal('checks.signed_weight', expected.integer(name), judged.verdict.signedWeight)
    else check.equal(`checks.${name}`, expected.boolean(name), found.get(name) ?? `no check named ${name}`)
  const all = judged.verdict.checks.every((item) => item.ok)
  check.equal('verdict = conjunction of its checks', all, judged.verdict.valid)
}

/** `frames/global_negative.json`: single faults (spec 11 section 4.4, FRM-03, TRV-13). */
export const globalNegative: RustRunner = {
  backing: 'rust',
  open: (file, engine) => {
    const bench = prepare(file, engine)
    return (fields, check) => {
      checkCommittee(file, bench.committee, engine, check)
      const judged = judge(bench, fields.bytes('header_pb'), rulesOf(undefined))
      compareChecks(fields.child('checks'), judged, check)
      check.equal('strict_valid', fields.requiredVerdict(), judged.verdict.valid && judged.timeProof.ok)
    }
  },
}

const isCheckpoint = (fields: Fields): boolean => fields.has('checkpoint') && fields.boolean('checkpoint')

/** `frames/global_chain.json`: a linked chain after a checkpoint (spec 11 section 4, FRM-01, FRM-02, FRM-03, FRM-06, FRM-07). */
export const globalChain: RustRunner = {
  backing: 'rust',
  open: (file, engine) => {
    const bench = prepare(file, engine)
    const rules = rulesOf(file.cases.find(isCheckpoint))
    return (fields, check, index) => {
      checkCommittee(file, bench.committee, engine, check)
      const header = fields.bytes('header_pb')
      checkReading(engine, fields, header, check)
      if (isCheckpoint(fields)) return
      const judged = judge(bench, header, rules)
      check.equal('challenge', fields.hex('challenge'), judged.facts.challenge)
      const previous = file.cases[index - 1]
      if (previous !== undefined)
        check.equal('link to the previous identity', previous.hex('identity'), judged.facts.parentSelector)
      compareChecks(fields.child('checks'), judged, check)
      checkVerdicts(fields, judged, check)
      checkVote(engine, fields, judged.facts, check)
      checkProposal(bench, fields, judged.facts, check)
      checkCertificate(fields, judged.facts, check)
    }
  },
}

/** Fields, identity, byte-exact protobuf, and the canonical form where one exists. */
function checkReading(engine: FullEngine, fields: Fields, header: Uint8Array, check: Checks): void {
  const facts = factsOf(engine, header)
  compareHeader(fields.child('header'), facts, check)
  if (fields.has('identity')) check.equal('identity', fields.hex('identity'), facts.identity)
  check.gives('protobuf written again', toHex(header), () => engine.globalHeaderEncode(header, 'protobuf'))
  // An aggregate signature that is present and empty has no canonical form (spec 40 section 3.1).
  if (facts.signature === null || facts.signature.signature === '') return
  check.gives('canonical form read again', facts, () => factsOf(engine, engine.globalHeaderEncode(header, 'canonical')))
}

/** `valid` leaves the quorum out; `quorum` is that check alone; `signers` are the bits of the bitmask. */
function checkVerdicts(fields: Fields, judged: Judged, check: Checks): void {
  const others = judged.verdict.checks.filter((item) => item.name !== 'quorum')
  check.equal('valid', fields.requiredVerdict(), others.every((item) => item.ok) && judged.timeProof.ok)
  if (fields.has('quorum'))
    check.equal('quorum', fields.boolean('quorum'), judged.verdict.checks.find((item) => item.name === 'quorum')?.ok)
  check.equal('signers', fields.integerList('signers').map(Number), judged.verdict.signers)
}

function checkVote(engine: FullEngine, fields: Fields, facts: EngineGlobalHeader, check: Checks): void {
  if (facts.identity === null) throw new Malformed('a header of a chain has no identity')
  const identity = Uint8Array.from(Buffer.from(facts.identity, 'hex'))
  const messages = JSON.parse(engine.signingMessages(new Uint8Array(), identity, BigInt(facts.rank), 0n)) as {
    voteMessage: string
    voteDomain: string
  }
  check.equal('vote_message', fields.hex('vote_message'), messages.voteMessage)
  check.equal('vote_domain', fields.hex('vote_domain'), messages.voteDomain)
}

/** The leader's own signature over challenge and output, before certification (spec 11 section 4.3 step 1). */
function checkProposal(bench: GlobalBench, fields: Fields, facts: EngineGlobalHeader, check: Checks): void {
  const payload = fields.bytes('proof_payload')
  check.equal('proof_payload', toHex(payload), facts.challenge + facts.output)
  const proposal = fields.child('proposal_signature')
  const bits = bitsOf(proposal.bytes('bitmask'))
  check.equal('proposal_signature.bitmask length', 32, proposal.bytes('bitmask').length)
  check.equal('proposal_signature.bitmask bits', 1, bits.length)
  check.equal('proposal_signature.public_key', proposal.hex('public_key'), bench.committee.publicKeys[bits[0] ?? -1])
  check.equal('address of the leader', facts.prover, bench.committee.addresses[bits[0] ?? -1])
  check.gives('proposal_signature', true, () =>
    bench.engine.blsVerify(proposal.bytes('public_key'), proposal.bytes('signature'), payload, utf8('global')),
  )
}

/** The quorum certificate says the same as the header (spec 11 section 4.3). */
function checkCertificate(fields: Fields, facts: EngineGlobalHeader, check: Checks): void {
  const certificate = readMessage(fields.bytes('quorum_certificate_pb'))
  const aggregate = readMessage(bytesOf(certificate, 6))
  check.equal('certificate filter', '', bytesOf(certificate, 1))
  check.equal('certificate rank', facts.rank, scalarOf(certificate, 2))
  check.equal('certificate frame number', facts.frameNumber, scalarOf(certificate, 3))
  check.equal('certificate selector', facts.identity, bytesOf(certificate, 4))
  check.equal('certificate signature', facts.signature?.signature, bytesOf(aggregate, 1))
  check.equal('certificate key', facts.signature?.publicKey, bytesOf(readMessage(bytesOf(aggregate, 2)), 1))
  check.equal('certificate bitmask', facts.signature?.bitmask, bytesOf(aggregate, 3))
}

/** `frames/global_fields.json`: complete field listings (spec 11 sections 4, 4.1, FRM-01). */
export const globalFields = eachCase((engine, fields, check) => {
  const header = fields.bytes('header_pb')
  checkReading(engine, fields, header, check)
  check.equal('challenge', fields.hex('challenge'), factsOf(engine, header).challenge)
})
