/** Headers as vector files list them: to protobuf, and compared with what an engine reads (spec 11 sections 4, 5). */
import type { EngineGlobalHeader } from '../../core/platform/engine.ts'
import type { Checks } from './checks.ts'
import { concat, type Fields, Malformed } from './fields.ts'
import { bytesField, presentField, scalarField } from './protobuf.ts'

/** JSON of `appHeaderFacts`. */
export interface AppHeaderFacts {
  readonly address: string
  readonly frameNumber: string
  readonly rank: string
  readonly timestamp: string
  readonly difficulty: number
  readonly output: string
  readonly parentSelector: string
  readonly requestsRoot: string
  readonly stateRoots: readonly string[]
  readonly prover: string
  readonly feeMultiplierVote: string
  readonly signature: EngineGlobalHeader['signature']
  readonly challenge: string
  readonly identity: string | null
}

export type HeaderFacts = EngineGlobalHeader | AppHeaderFacts

/** Names of the two signature notations: `signature`, or the protobuf names of document 40. */
const SIGNATURE_FIELDS = ['signature', 'public_key_signature_bls48581'] as const

type Signature = NonNullable<EngineGlobalHeader['signature']>

/** The aggregate signature of a listed header; null when it is absent. */
export function listedSignature(header: Fields): Signature | null {
  const name = SIGNATURE_FIELDS.find((candidate) => header.has(candidate))
  if (name === undefined) return null
  const listed = header.child(name)
  const nested = name === 'public_key_signature_bls48581'
  const publicKey = nested
    ? listed.has('public_key')
      ? listed.child('public_key').hex('key_value')
      : ''
    : listed.hex('public_key')
  return { signature: listed.hex('signature'), publicKey, bitmask: listed.hex('bitmask') }
}

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Field `field` with the AggregateSignature, empty when the header has none. */
function signatureField(field: number, signature: Signature | null): Uint8Array {
  if (signature === null) return new Uint8Array()
  const aggregate = concat(
    bytesField(1, fromHex(signature.signature)),
    presentField(2, bytesField(1, fromHex(signature.publicKey))),
    bytesField(3, fromHex(signature.bitmask)),
  )
  return presentField(field, aggregate)
}

/** The global commitments: listed, or as a count of 64-byte zeros. */
function listedCommitments(header: Fields): Uint8Array[] {
  if (!header.has('zero_commitments_of_64_bytes')) return header.bytesList('global_commitments')
  const count = header.u32('zero_commitments_of_64_bytes')
  if (count > 4096) throw new Malformed(`${count} commitments`)
  return Array.from({ length: count }, () => new Uint8Array(64))
}

/** Protobuf `GlobalFrameHeader` of a listed header (spec 11 section 4). */
export const globalHeaderProtobuf = (header: Fields): Uint8Array =>
  concat(
    scalarField(1, header.integer('frame_number')),
    scalarField(2, header.integer('rank')),
    scalarField(3, header.integer('timestamp')),
    scalarField(4, header.integer('difficulty')),
    bytesField(5, header.bytes('output')),
    bytesField(6, header.bytes('parent_selector')),
    ...listedCommitments(header).map((commitment) => presentField(7, commitment)),
    bytesField(8, header.bytes('prover_tree_commitment')),
    bytesField(9, header.bytes('requests_root')),
    bytesField(10, header.bytes('prover')),
    signatureField(11, listedSignature(header)),
  )

/** Protobuf `FrameHeader` of a listed header (spec 11 section 5). */
export const appHeaderProtobuf = (header: Fields): Uint8Array =>
  concat(
    bytesField(1, header.bytes('address')),
    scalarField(2, header.integer('frame_number')),
    scalarField(3, header.integer('rank')),
    scalarField(4, header.integer('timestamp')),
    scalarField(5, header.integer('difficulty')),
    bytesField(6, header.bytes('output')),
    bytesField(7, header.bytes('parent_selector')),
    bytesField(8, header.bytes('requests_root')),
    ...header.bytesList('state_roots').map((root) => presentField(9, root)),
    bytesField(10, header.bytes('prover')),
    scalarField(11, header.integer('fee_multiplier_vote')),
    signatureField(12, listedSignature(header)),
  )

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const INTEGER_FIELDS = ['frame_number', 'rank', 'timestamp', 'difficulty', 'fee_multiplier_vote']
const BYTES_FIELDS = [
  'address',
  'output',
  'parent_selector',
  'prover_tree_commitment',
  'requests_root',
  'prover',
  'challenge',
]
const LIST_FIELDS = ['global_commitments', 'state_roots']

/** Every listed field of a header equals what the engine read; a listed field without a rule is malformed. */
export function compareHeader(header: Fields, facts: HeaderFacts, check: Checks): void {
  const read = facts as unknown as Readonly<Record<string, unknown>>
  for (const name of header.names()) {
    const got = read[camel(name)]
    if (INTEGER_FIELDS.includes(name)) check.equal(`header.${name}`, header.integer(name), got)
    else if (BYTES_FIELDS.includes(name)) check.equal(`header.${name}`, header.hex(name), got)
    else if (LIST_FIELDS.includes(name)) check.equal(`header.${name}`, header.hexList(name), got)
    else if (name === 'global_commitments_count' || name === 'zero_commitments_of_64_bytes')
      check.equal(`header.${name}`, header.integer(name), (read.globalCommitments as readonly string[]).length)
    else if ((SIGNATURE_FIELDS as readonly string[]).includes(name)) compareSignature(header, facts, check)
    else throw new Malformed(`field ${header.path}.${name} of a header is unknown`)
  }
}

function compareSignature(header: Fields, facts: HeaderFacts, check: Checks): void {
  const listed = listedSignature(header)
  for (const name of ['signature', 'publicKey', 'bitmask'] as const)
    check.equal(`header.signature.${name}`, listed?.[name] ?? null, facts.signature?.[name] ?? null)
}

/** Indices of the bits set: bit i is byte i/8, mask 1 << (i mod 8) (spec 11 section 4.3). */
export const bitsOf = (bitmask: Uint8Array): number[] =>
  Array.from({ length: bitmask.length * 8 }, (_, index) => index).filter(
    (index) => ((bitmask[index >> 3] ?? 0) >> (index & 7)) & 1,
  )
