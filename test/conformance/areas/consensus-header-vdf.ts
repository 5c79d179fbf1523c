import type { EngineGlobalHeader, FullEngine } from '../../../core/platform/engine.ts'
import type { Checks } from '../checks.ts'
import { discriminantCache } from '../discriminants.ts'
import { concat, type Fields, parseHex, utf8 } from '../fields.ts'
import {
  type AppHeaderFacts,
  appHeaderProtobuf,
  bitsOf,
  compareHeader,
  globalHeaderProtobuf,
  type HeaderFacts,
} from '../headers.ts'
import type { RustRunner, VectorFile } from '../runner.ts'

type Kind = 'app' | 'global'

const kindOf = (fields: Fields): string => fields.optionalText('kind')

function readHeader(engine: FullEngine, kind: Kind, header: Fields): HeaderFacts {
  return kind === 'app'
    ? (JSON.parse(engine.appHeaderFacts(appHeaderProtobuf(header))) as AppHeaderFacts)
    : (JSON.parse(engine.globalHeaderFacts(globalHeaderProtobuf(header))) as EngineGlobalHeader)
}

/**
 * `consensus/header_vdf.json`: challenge, selector and time proof of listed headers, one field changed at a time
 * (spec 11 sections 4.1, 5.1, spec 31 section 6.1, TRV-12).
 */
export const headerVdf: RustRunner = {
  backing: 'rust',
  unhandled: (fields) => (['app', 'global'].includes(kindOf(fields)) ? null : `header of kind ${kindOf(fields)}`),
  open: (file, engine) => {
    const discriminantOf = discriminantCache(engine)
    const goodOutputOf = unmodifiedOutputs(file, engine)
    return (fields, check) => {
      const kind: Kind = kindOf(fields) === 'app' ? 'app' : 'global'
      const header = fields.child('header')
      const facts = readHeader(engine, kind, header)
      compareHeader(header, facts, check)
      check.equal('selector', fields.raw('selector'), facts.identity)
      checkParent(engine, fields, check)
      const output = header.bytes('output')
      check.gives('valid', fields.requiredVerdict(), () =>
        engine.vdfVerifyWith(discriminantOf(facts.challenge), header.u32('difficulty'), output),
      )
      if (kind === 'global') checkLeader(engine, fields, goodOutputOf, check)
    }
  },
}

/** `parent_selector` = P(previous output), zeros when there is none. */
function checkParent(engine: FullEngine, fields: Fields, check: Checks): void {
  const previous = fields.bytes('previous_output')
  const listed = fields.child('header').hex('parent_selector')
  if (previous.length === 0) check.equal('parent_selector', '00'.repeat(32), listed)
  else check.gives('parent_selector', listed, () => engine.poseidonHashBytes(previous))
}

/** Output of the header whose challenge is the given one: the unmodified header of a group. */
function unmodifiedOutputs(file: VectorFile, engine: FullEngine): (challenge: string) => Uint8Array | undefined {
  const outputs = new Map<string, Uint8Array>()
  for (const fields of file.cases.filter((candidate) => kindOf(candidate) === 'global'))
    try {
      if (!fields.requiredVerdict()) continue
      const header = fields.child('header')
      outputs.set(readHeader(engine, 'global', header).challenge, header.bytes('output'))
    } catch {
      // The case fails by itself when it is run.
    }
  return (challenge) => outputs.get(challenge)
}

/** The leader's signature is over challenge and output of the group's unmodified header (spec 11 section 4.3 step 1). */
function checkLeader(
  engine: FullEngine,
  fields: Fields,
  goodOutputOf: (challenge: string) => Uint8Array | undefined,
  check: Checks,
): void {
  const challenge = fields.hex('challenge_of_unmodified_header')
  const output = goodOutputOf(challenge)
  check.equal('challenge_of_unmodified_header is that of a listed header', true, output !== undefined)
  if (output === undefined) return
  const message = concat(parseHex(challenge, 'challenge'), output)
  check.equal('leader_bitmask bits', 1, bitsOf(fields.bytes('leader_bitmask')).length)
  check.gives('leader_signature', true, () =>
    engine.blsVerify(fields.bytes('leader_public_key'), fields.bytes('leader_signature'), message, utf8('global')),
  )
}
