/**
 * The protobuf form of messages that exist in both (spec 40 section 6): gRPC services speak it, everything hashed or signed is canonical.
 * Member names are the same in both forms, so one converter walks the generated descriptions (`core/proto/node`).
 *
 * Two things have no canonical form and read as absent: an aggregate signature that is present but wholly empty, and a public key without
 * bytes (spec 40 section 3.1; the mainnet genesis header). A message without member in a bundle is a null request.
 */
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message as Generated,
  toBinary,
} from '@bufbuild/protobuf'
import * as consensus from '../gen/node/consensus_pb.js'
import * as keys from '../gen/node/keys_pb.js'
import * as peer from '../gen/node/peer_pb.js'
import * as requests from '../gen/node/requests_pb.js'
import { CodecError } from './errors.ts'
import type { Message } from './message.ts'
import { checkWire } from './protobuf-wire.ts'

type Members = Record<string, unknown>

const isDescription = (value: unknown): value is DescMessage =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message'

const DESCRIPTIONS: ReadonlyMap<string, DescMessage> = new Map(
  [consensus, keys, peer, requests]
    .flatMap((file) => Object.values(file) as unknown[])
    .filter(isDescription)
    .map((description) => [description.name, description]),
)

/** Whether a message has a protobuf form here. */
export const hasProtobuf = (table: Message<unknown>): boolean => DESCRIPTIONS.has(table.name)

/** Protobuf bytes of a value. Throws `CodecError` `kind` for a request kind that has no protobuf form, or a message without one. */
export function toProtobuf<T>(table: Message<T>, value: T): Uint8Array {
  const description = descriptionOf(table.name)
  return toBinary(description, generatedOf(description, value as Members))
}

/**
 * Reads protobuf bytes and holds the value to the limits of the canonical form. Throws `CodecError`: `protobuf` for bytes that are none of
 * this message or have unknown fields (a request kind read as null would change hashes), else the codes of encoding. Bytes are copies.
 */
export function fromProtobuf<T>(table: Message<T>, bytes: Uint8Array): T {
  const description = descriptionOf(table.name)
  const value = canonicalOf(parse(description, bytes)) as T | null
  if (value === null) throw new CodecError('absent', `an empty ${table.name} has no canonical form`)
  table.encode(value)
  return value
}

function descriptionOf(name: string): DescMessage {
  const description = DESCRIPTIONS.get(name)
  if (description === undefined) throw new CodecError('kind', `${name} has no protobuf form`)
  return description
}

function parse(description: DescMessage, bytes: Uint8Array): Generated {
  checkWire(description, bytes)
  try {
    return fromBinary(description, bytes)
  } catch {
    throw new CodecError('protobuf', `${bytes.length} bytes are no protobuf of ${description.name}`)
  }
}

function generatedOf(description: DescMessage, value: Members): Generated {
  const generated = create(description) as Generated & Members
  const names = new Set(description.fields.map((field) => field.name))
  const unknown = Object.keys(value).find((name) => !names.has(name))
  if (unknown !== undefined) throw new CodecError('kind', `${unknown} of ${description.name} has no protobuf form`)
  for (const field of description.fields) {
    const member = value[field.name]
    if (member === undefined || member === null) continue
    if (field.oneof === undefined) generated[field.localName] = generatedMember(field, member)
    else generated[field.oneof.localName] = { case: field.localName, value: generatedMember(field, member) }
  }
  return generated
}

function generatedMember(field: DescField, member: unknown): unknown {
  if (field.fieldKind === 'list') return (member as unknown[]).map((item) => generatedItem(field.message, item))
  if (field.fieldKind === 'map') {
    const entries = [...(member as ReadonlyMap<string, unknown>)]
    return Object.fromEntries(entries.map(([key, item]) => [key, generatedItem(field.message, item)]))
  }
  return generatedItem(field.message, member)
}

/** A null element of a list is a message without members. */
const generatedItem = (description: DescMessage | undefined, item: unknown): unknown =>
  description === undefined ? item : generatedOf(description, (item ?? {}) as Members)

/** Null for what has no canonical form. */
function canonicalOf(generated: Generated): Members | null {
  const description = descriptionOf(generated.$typeName.slice(generated.$typeName.lastIndexOf('.') + 1))
  const value: Members = {}
  for (const field of description.fields) {
    const member = memberOf(field, generated as Generated & Members)
    if (member !== undefined) value[field.name] = member
  }
  return isAbsent(description.name, value) ? null : value
}

/** Undefined for the members of a oneof that are not chosen. */
function memberOf(field: DescField, generated: Members): unknown {
  if (field.oneof !== undefined) {
    const chosen = generated[field.oneof.localName] as { readonly case: string | undefined; readonly value?: unknown }
    return chosen.case === field.localName ? canonicalItem(chosen.value) : undefined
  }
  const member = generated[field.localName]
  if (field.fieldKind === 'list') return (member as unknown[]).map(canonicalItem)
  if (field.fieldKind === 'map')
    return new Map(Object.entries(member as Members).map(([key, item]) => [key, canonicalItem(item)]))
  return field.fieldKind === 'message' ? canonicalItem(member ?? null) : member
}

const isGenerated = (item: unknown): item is Generated =>
  typeof item === 'object' && item !== null && '$typeName' in item

const canonicalItem = (item: unknown): unknown => (isGenerated(item) ? canonicalOf(item) : item)

const isEmptyBytes = (member: unknown): boolean => member instanceof Uint8Array && member.length === 0

function isAbsent(name: string, value: Members): boolean {
  if (name === 'MessageRequest') return Object.keys(value).length === 0
  if (name.endsWith('PublicKey')) return isEmptyBytes(value.key_value)
  if (name !== 'BLS48581AggregateSignature') return false
  return isEmptyBytes(value.signature) && value.public_key === null && isEmptyBytes(value.bitmask)
}
