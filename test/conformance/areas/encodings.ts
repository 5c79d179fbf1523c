import { MESSAGES, type Message } from '../../../core/codec/index.ts'
import type { Json, JsonObject } from '../../../core/codec/json.ts'
import { type Fields, Malformed, toHex } from '../fields.ts'
import type { CoreRunner } from '../runner.ts'

type Members = Readonly<Record<string, unknown>>

/** A vote of this file has its signature and address at top level; both empty is no signature at all. */
function vote(flat: Members): JsonObject {
  const { signature, address, ...rest } = flat as Readonly<Record<string, Json>>
  const absent = signature === '' && address === ''
  return {
    ...rest,
    public_key_signature_bls48581: absent ? null : { signature: signature ?? null, address: address ?? null },
  }
}

/** An aggregate's public key is the 585-byte key itself; one that is wholly empty is written as absent (spec 40 section 3.1). */
function aggregate(flat: Members): Json {
  const { public_key: key, ...rest } = flat as Readonly<Record<string, Json>>
  const hasKey = key !== '' && key != null
  if (!hasKey && rest.signature === '' && rest.bitmask === '') return null
  return { ...rest, public_key: hasKey ? { key_value: key } : null }
}

const optional = (value: unknown, shape: (members: Members) => Json): Json =>
  value === null || value === undefined ? null : shape(value as Members)

function quorumCertificate(flat: Members): JsonObject {
  return { ...(flat as JsonObject), aggregate_signature: optional(flat.aggregate_signature, aggregate) }
}

function timeoutCertificate(flat: Members): JsonObject {
  return {
    ...(flat as JsonObject),
    latest_quorum_certificate: optional(flat.latest_quorum_certificate, quorumCertificate),
    aggregate_signature: optional(flat.aggregate_signature, aggregate),
  }
}

function timeoutState(flat: Members): JsonObject {
  return {
    ...(flat as JsonObject),
    latest_quorum_certificate: optional(flat.latest_quorum_certificate, quorumCertificate),
    prior_rank_timeout_certificate: optional(flat.prior_rank_timeout_certificate, timeoutCertificate),
    vote: optional(flat.vote, vote),
  }
}

/** From the flatter values of this file to the readable form of the codec. */
const SHAPES: Readonly<Record<string, (flat: Members) => JsonObject>> = {
  ProposalVote: vote,
  QuorumCertificate: quorumCertificate,
  TimeoutCertificate: timeoutCertificate,
  TimeoutState: timeoutState,
}

function shapeOf(fields: Fields): { readonly table: Message<unknown>; readonly json: Json } {
  const type = fields.text('type')
  const table = MESSAGES.get(type)
  const shape = Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined
  if (table === undefined || shape === undefined) throw new Malformed(`type ${type} has no flat form`)
  return { table, json: shape(fields.raw('value') as Members) }
}

/** `consensus/encodings.json`: votes, certificates and timeouts, both ways (spec 40 section 3.3, CAN-01, CAN-02). */
export const encodings: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const { table, json } = shapeOf(fields)
    const canonical = fields.bytes('canonical')
    const value = table.fromJson(json)
    check.gives('encode(value)', toHex(canonical), () => table.encode(value))
    check.gives('decode', table.toJson(value), () => table.toJson(table.decode(canonical)))
    check.gives('encode(decode)', toHex(canonical), () => table.encode(table.decode(canonical)))
  },
}
