/**
 * Strict parser of `network.json` and of anchors given by a person (types in `anchors.ts`; spec 11 section 8). The text comes from a server
 * or a clipboard, so it is bounded before it is parsed, every field is checked, and nothing unknown is carried along.
 * That keys are points of the curve is checked by the engine when the committee is opened.
 */
import type { EngineCommittee, EngineRules } from '../platform/engine.ts'
import type { Millis } from '../platform/machine.ts'
import type { Anchors, Checkpoint, NetworkDescription, StateExample } from './anchors.ts'

export const DESCRIPTION_LIMITS = {
  /** Longest text in UTF-16 units: 256 members take about 300 kB. */
  characters: 1 << 20,
  members: 256,
  addresses: 64,
  addressCharacters: 512,
  nameCharacters: 64,
  examples: 32,
} as const

export type DescriptionErrorCode =
  | 'size' // text too long to be looked at
  | 'syntax' // not JSON
  | 'format' // a later format than this program knows
  | 'field' // a field is missing or has a wrong value; see `path`

/** Why a description cannot be used. The text says what to do about it. */
export class DescriptionError extends Error {
  readonly code: DescriptionErrorCode
  /** Which field, for instance `anchors.committee.members[2].publicKey`; empty for the whole text. */
  readonly path: string
  constructor(code: DescriptionErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DescriptionError'
    this.code = code
    this.path = path
  }
}

const U64_MAX = 0xffff_ffff_ffff_ffffn
const I64_MAX = 0x7fff_ffff_ffff_ffffn
const U32_MAX = 0xffff_ffff
const DAY_MILLIS = 86_400_000

/** Reads the text of a `network.json`. Throws `DescriptionError`. */
export function parseNetworkDescription(text: string): NetworkDescription {
  return readNetworkDescription(parseJson(text))
}

/** Checks a value that an embedder gives as network description. Throws `DescriptionError`. */
export function readNetworkDescription(value: unknown): NetworkDescription {
  const root = record(value, '')
  if (root.format !== 1) {
    throw new DescriptionError(
      'format',
      'format',
      `This network description has format ${show(root.format)}; this program reads format 1. Update the program or ask the operator for format 1.`,
    )
  }
  return {
    format: 1,
    network: text(root.network, 'network', DESCRIPTION_LIMITS.nameCharacters),
    profile: text(root.profile, 'profile', DESCRIPTION_LIMITS.nameCharacters),
    addresses: list(root.addresses, 'addresses', DESCRIPTION_LIMITS.addresses).map((address, i) =>
      text(address, `addresses[${i}]`, DESCRIPTION_LIMITS.addressCharacters),
    ),
    anchors: readAnchors(root.anchors, 'anchors'),
    frameIntervalMillis: integer(root.frameIntervalMillis, 'frameIntervalMillis', 1, DAY_MILLIS),
    ...(root.examples === undefined ? {} : { examples: readExamples(root.examples) }),
  }
}

function readExamples(value: unknown): readonly StateExample[] {
  return list(value, 'examples', DESCRIPTION_LIMITS.examples).map((item, i) => {
    const at = `examples[${i}]`
    const example = record(item, at)
    const kind = EXAMPLE_KINDS.find((known) => known === example.kind)
    if (kind === undefined) throw wrong(`${at}.kind`, show(example.kind), `one of ${EXAMPLE_KINDS.join(', ')}`)
    return {
      title: text(example.title, `${at}.title`, DESCRIPTION_LIMITS.nameCharacters),
      kind,
      address: hex(example.address, `${at}.address`, kind === 'vertex' || kind === 'hyperedge' ? 64 : 32),
    }
  })
}

const EXAMPLE_KINDS: readonly StateExample['kind'][] = ['vertex', 'hyperedge', 'prover', 'shard']

/** Reads the text of anchors alone, as a person pastes them. Throws `DescriptionError`. */
export function parseAnchors(text: string): Anchors {
  return readAnchors(parseJson(text))
}

/** Checks a value as anchors. Throws `DescriptionError`. */
export function readAnchors(value: unknown, path = ''): Anchors {
  const anchors = record(value, path)
  const checkpoint = readCheckpoint(anchors.checkpoint, join(path, 'checkpoint'))
  const rules = readRules(anchors.rules, join(path, 'rules'))
  const issuedAt = integer(anchors.issuedAt, join(path, 'issuedAt'), 0, Number.MAX_SAFE_INTEGER)
  const { alertKey } = anchors
  const rest = {
    checkpoint,
    rules,
    issuedAt,
    ...(alertKey === undefined ? {} : { alertKey: hex(alertKey, join(path, 'alertKey'), 57) }),
  }
  if (anchors.committee !== undefined)
    return { committee: readCommittee(anchors.committee, join(path, 'committee')), ...rest }
  // the output of a genesis is a constant: its identity binds nothing of the header
  if (checkpoint.registryRoot === undefined && checkpoint.number === rules.genesisNumber) {
    const needed =
      'the root of the registry (64 or 74 bytes as hex digits), since there is no committee and the checkpoint is the genesis'
    throw wrong(join(path, 'checkpoint.registryRoot'), 'nothing', needed)
  }
  return rest
}

function readCommittee(value: unknown, path: string): EngineCommittee {
  const committee = record(value, path)
  const members = list(committee.members, join(path, 'members'), DESCRIPTION_LIMITS.members).map((item, i) => {
    const at = `${join(path, 'members')}[${i}]`
    const member = record(item, at)
    return {
      publicKey: hex(member.publicKey, `${at}.publicKey`, 585),
      weight: decimal(member.weight, `${at}.weight`, U64_MAX),
    }
  })
  if (members.length === 0) throw wrong(join(path, 'members'), 'an empty list', 'at least one member')
  if (new Set(members.map((member) => member.publicKey)).size < members.length) {
    throw wrong(join(path, 'members'), 'a key that is listed twice', 'each key once')
  }
  const total = members.reduce((sum, member) => sum + BigInt(member.weight), 0n)
  if (total === 0n || total > U64_MAX)
    throw wrong(join(path, 'members'), `a total weight of ${total}`, 'one of 1 to 2^64 - 1')
  if (committee.threshold === null || committee.threshold === undefined) return { members, threshold: null }
  const threshold = decimal(committee.threshold, join(path, 'threshold'), U64_MAX)
  if (BigInt(threshold) === 0n || BigInt(threshold) > total) {
    throw wrong(join(path, 'threshold'), threshold, `a weight of 1 to ${total}, the total of the members`)
  }
  return { members, threshold }
}

function readCheckpoint(value: unknown, path: string): Checkpoint {
  const checkpoint = record(value, path)
  return {
    number: decimal(checkpoint.number, join(path, 'number'), U64_MAX),
    identity: hex(checkpoint.identity, join(path, 'identity'), 32),
    rank: decimal(checkpoint.rank, join(path, 'rank'), U64_MAX),
    timestamp: decimal(checkpoint.timestamp, join(path, 'timestamp'), I64_MAX),
    difficulty: integer(checkpoint.difficulty, join(path, 'difficulty'), 0, U32_MAX),
    ...(checkpoint.registryRoot === undefined
      ? {}
      : { registryRoot: registryRoot(checkpoint.registryRoot, join(path, 'registryRoot')) }),
  }
}

/** A root of at most one leaf has 64 bytes, any other 74 (spec 20 section 8.1). */
function registryRoot(value: unknown, path: string): string {
  return hex(value, path, typeof value === 'string' && value.length === 128 ? 64 : 74)
}

function readRules(value: unknown, path: string): EngineRules {
  const rules = record(value, path)
  if (typeof rules.proverInCommittee !== 'boolean') {
    throw wrong(join(path, 'proverInCommittee'), show(rules.proverInCommittee), 'true or false')
  }
  const { signersByKey } = rules
  if (signersByKey !== undefined && typeof signersByKey !== 'boolean') {
    throw wrong(join(path, 'signersByKey'), show(signersByKey), 'true or false')
  }
  return {
    genesisNumber: decimal(rules.genesisNumber, join(path, 'genesisNumber'), U64_MAX),
    genesisIdentity: hex(rules.genesisIdentity, join(path, 'genesisIdentity'), 32),
    proverInCommittee: rules.proverInCommittee,
    difficultyFloor: integer(rules.difficultyFloor, join(path, 'difficultyFloor'), 0, U32_MAX),
    ...(signersByKey === undefined ? {} : { signersByKey }),
  }
}

/** How long ago anchors were made, for people: `3 days old`. */
export function describeAge(issuedAt: Millis, now: Millis): string {
  const millis = now - issuedAt
  if (millis < 0) return 'dated in the future (check the clock of this device)'
  const units: readonly (readonly [string, number])[] = [
    ['day', DAY_MILLIS],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ]
  for (const [unit, size] of units) {
    const count = Math.floor(millis / size)
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} old`
  }
  return 'just made'
}

function parseJson(source: string): unknown {
  if (source.length > DESCRIPTION_LIMITS.characters) {
    throw new DescriptionError(
      'size',
      '',
      `The text has ${source.length} characters; a network description has at most ${DESCRIPTION_LIMITS.characters}. Check that the address leads to a network.json.`,
    )
  }
  try {
    return JSON.parse(source)
  } catch (cause) {
    throw new DescriptionError(
      'syntax',
      '',
      'The text is not JSON. Check that the address leads to a network.json, or paste the whole text again.',
      { cause },
    )
  }
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, show(value), 'an object')
  return value as Record<string, unknown>
}

function list(value: unknown, path: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, show(value), 'a list')
  if (value.length > most) throw wrong(path, `a list of ${value.length}`, `at most ${most} items`)
  return value
}

function text(value: unknown, path: string, most: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > most) {
    throw wrong(path, show(value), `a text of 1 to ${most} characters`)
  }
  return value
}

function integer(value: unknown, path: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw wrong(path, show(value), `a whole number of ${least} to ${most}`)
  }
  return value
}

function decimal(value: unknown, path: string, most: bigint): string {
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,19})$/.test(value) || BigInt(value) > most) {
    throw wrong(path, show(value), `a decimal number of 0 to ${most}, as text`)
  }
  return value
}

function hex(value: unknown, path: string, bytes: number): string {
  if (typeof value !== 'string' || value.length !== 2 * bytes || !/^[0-9a-f]*$/.test(value)) {
    throw wrong(path, show(value), `${bytes} bytes as lower-case hex digits`)
  }
  return value
}

const join = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`)

/** What was found, short enough for a message. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const shown = String(value)
  return shown.length > 40 ? `${shown.slice(0, 40)}... (${shown.length} characters)` : shown
}

function wrong(path: string, found: string, expected: string): DescriptionError {
  const name = path === '' ? 'The description' : `Field ${path} of the network description`
  return new DescriptionError(
    'field',
    path,
    `${name} is ${found}; expected is ${expected}. Ask whoever gave you the description for a correct one.`,
  )
}
