import type { EngineVerdict, FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { checkCommittee, type ListedCommittee, listedCommittee } from '../committee.ts'
import { type Fields, Malformed, parseHex, toHex } from '../fields.ts'
import { type AppHeaderFacts, bitsOf, compareHeader } from '../headers.ts'
import type { RustRunner, VectorFile } from '../runner.ts'

const factsOf = (engine: FullEngine, header: Uint8Array): AppHeaderFacts =>
  JSON.parse(engine.appHeaderFacts(header)) as AppHeaderFacts

/** Weight is not part of the verdict of these files (FRM-04). */
const WITHOUT_WEIGHT = 'quorum'
/** Null in a file where the frame has one signer, and then no part of the verdict. */
const TAIL = 'signature_with_ids'

function judge(engine: FullEngine, committee: ListedCommittee, header: Uint8Array, ids: readonly Uint8Array[]) {
  return JSON.parse(engine.verifyAppHeader(header, committee.json, [...ids])) as EngineVerdict
}

/** `checks` and the verdict of FRM-04: the conjunction of the checks that are not null. */
function compareChecks(fields: Fields, verdict: EngineVerdict, check: Checks): void {
  const expected = fields.child('checks')
  const found = new Map(verdict.checks.map((item) => [item.name, item.ok]))
  for (const name of expected.names())
    if (expected.has(name))
      check.equal(`checks.${name}`, expected.boolean(name), found.get(name) ?? `no check named ${name}`)
  const counted = verdict.checks.filter(
    (item) => item.name !== WITHOUT_WEIGHT && (item.name !== TAIL || expected.has(TAIL)),
  )
  check.equal(
    'verdict without weight',
    fields.requiredVerdict(),
    counted.every((item) => item.ok),
  )
}

/** `frames/app_chain.json`: linked shard headers (spec 11 section 5, FRM-01, FRM-02, FRM-04). */
export const appChain: RustRunner = {
  backing: 'rust',
  open: (file, engine) => {
    const committee = listedCommittee(file)
    return (fields, check, index) => {
      checkCommittee(file, committee, engine, check)
      const header = fields.bytes('header_pb')
      const facts = factsOf(engine, header)
      compareHeader(fields.child('header'), facts, check)
      check.equal('address', file.document.hex('address'), facts.address)
      check.equal('challenge', fields.hex('challenge'), facts.challenge)
      check.equal('identity', fields.hex('identity'), facts.identity)
      const previous = file.cases[index - 1]?.hex('identity') ?? '00'.repeat(32)
      check.equal('link to the previous identity', previous, facts.parentSelector)
      checkForms(engine, header, facts, check)
      checkSigners(engine, committee, fields, facts, check)
      const verdict = judge(engine, committee, header, fields.bytesList('multiproof_ids'))
      check.equal('signers (engine)', fields.integerList('signers').map(Number), verdict.signers)
      compareChecks(fields, verdict, check)
    }
  },
}

function checkForms(engine: FullEngine, header: Uint8Array, facts: AppHeaderFacts, check: Checks): void {
  check.gives('protobuf written again', toHex(header), () => engine.appHeaderEncode(header, 'protobuf'))
  check.gives('canonical form read again', facts, () => factsOf(engine, engine.appHeaderEncode(header, 'canonical')))
}

/** Vote bytes, signers, and the challenge and ids of the multi-proof tail (spec 11 sections 5.3, 5.4). */
function checkSigners(
  engine: FullEngine,
  committee: ListedCommittee,
  fields: Fields,
  facts: AppHeaderFacts,
  check: Checks,
): void {
  if (facts.identity === null) throw new Malformed('a header of a chain has no identity')
  const address = parseHex(facts.address, 'address')
  const identity = parseHex(facts.identity, 'identity')
  const messages = JSON.parse(engine.signingMessages(address, identity, BigInt(facts.rank), 0n)) as {
    voteMessage: string
    voteDomain: string
  }
  check.equal('vote_message', fields.hex('vote_message'), messages.voteMessage)
  check.equal('vote_domain', fields.hex('vote_domain'), messages.voteDomain)
  const signers = bitsOf(parseHex(facts.signature?.bitmask ?? '', 'bitmask'))
  check.equal('signers', fields.integerList('signers').map(Number), signers)
  const ids = signers.map((signer) => committee.addresses[signer] ?? `no member ${signer}`)
  check.equal('multiproof_ids', fields.hexList('multiproof_ids'), ids)
  check.gives('multiproof_challenge', fields.hex('multiproof_challenge'), () =>
    engine.sha3_256(parseHex(facts.parentSelector, 'parent_selector')),
  )
}

/** Ids of the tail: those of the frame named before the colon, in `app_chain.json` of the same directory. */
function idsByFrame(file: VectorFile): (name: string) => Uint8Array[] {
  const chain = file.sibling('frames/app_chain.json')
  const frames = new Map(chain.cases.map((frame) => [frame.text('name'), frame]))
  return (name) => {
    const base = name.split(':', 1)[0] ?? ''
    const frame = frames.get(base)
    if (frame === undefined) throw new Malformed(`app_chain.json has no case named ${JSON.stringify(base)}`)
    return frame.bytesList('multiproof_ids')
  }
}

/** `frames/app_negative.json`: single faults, tail included, weight not (spec 11 section 5.5, FRM-04, FRM-11, TRV-13, TRV-14). */
export const appNegative: RustRunner = {
  backing: 'rust',
  open: (file, engine) => {
    const committee = listedCommittee(file)
    const idsOf = idsByFrame(file)
    return (fields, check) => {
      checkCommittee(file, committee, engine, check)
      const ids = idsOf(fields.text('name'))
      compareChecks(fields, judge(engine, committee, fields.bytes('header_pb'), ids), check)
    }
  },
}
