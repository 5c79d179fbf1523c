/**
 * Gossip messages: their bytes, who signed them, and their ids (spec 50 section 5). Whether a signature holds is found out elsewhere: here is
 * only what it is over and whose key it has to be.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { readField } from './rpc-reader.ts'
import { varintLength, writeBytes } from './rpc-writer.ts'

/** Fields of a message. Absent bytes are empty. */
export interface MessageFields {
  /** Peer id of the author: never to be believed before the signature is verified. */
  readonly from: Uint8Array
  readonly data: Uint8Array
  /** Counter of eight bytes, big-endian. */
  readonly seqno: Uint8Array
  readonly bitmask: Uint8Array
  readonly signature: Uint8Array
  /** Public key record of the author. */
  readonly key: Uint8Array
}

/** A message with the bytes in which it is stored, passed on and answered. */
export interface GossipMessage extends MessageFields {
  readonly bytes: Uint8Array
  /** Whether it came in these bytes: no field unknown, repeated, empty or out of order. */
  readonly plain: boolean
}

/** SHA2-256 of `data` in lower-case hex: what both id forms hold. */
export type MessageDigest = string

const DOMAIN = utf8ToBytes('libp2p-pubsub:')
const NOTHING = new Uint8Array()

/** Fields by their numbers, from 1. All are length-delimited. */
const FIELD_NAMES = ['from', 'data', 'seqno', 'bitmask', 'signature', 'key'] as const
/** Those that are signed: the first ones, so what is signed is the start of a message. */
const SIGNED_FIELDS = 4

/** Bytes of the first `count` fields. */
function encodedLength(fields: MessageFields, count: number): number {
  let length = 0
  for (let i = 0; i < count; i++) {
    const { length: content } = fields[FIELD_NAMES[i] ?? 'key']
    if (content > 0) length += 1 + varintLength(content) + content
  }
  return length
}

/** Protobuf bytes: fields in ascending order, empty ones left out. By hand, since every copy of every message passes here. */
export function encodeMessage(fields: MessageFields): Uint8Array {
  const bytes = new Uint8Array(encodedLength(fields, FIELD_NAMES.length))
  let at = 0
  for (const [index, name] of FIELD_NAMES.entries()) {
    const content = fields[name]
    if (content.length > 0) at = writeBytes(bytes, at, index + 1, content)
  }
  return bytes
}

/** What the author signs: the domain, then the message without signature and key. */
export const signingPayload = (fields: Omit<MessageFields, 'signature' | 'key'>): Uint8Array =>
  concatBytes(DOMAIN, encodeMessage({ ...fields, signature: NOTHING, key: NOTHING }))

/** The same for a message that has its bytes. */
export const signedPart = (message: GossipMessage): Uint8Array =>
  concatBytes(DOMAIN, message.bytes.subarray(0, encodedLength(message, SIGNED_FIELDS)))

/** A message of these fields, ready to be sent. */
export const messageOf = (fields: MessageFields): GossipMessage => ({
  ...fields,
  bytes: encodeMessage(fields),
  plain: true,
})

/**
 * Reads one message. Throws `RpcError`.
 *
 * Fields that are not known, repeated or empty are no part of what is signed: when there are any, `bytes` is the encoding without them, else it
 * is what was received.
 */
export function decodeMessage(received: Uint8Array): GossipMessage {
  const fields: { -readonly [name in keyof MessageFields]: Uint8Array } = {
    from: NOTHING,
    data: NOTHING,
    seqno: NOTHING,
    bitmask: NOTHING,
    signature: NOTHING,
    key: NOTHING,
  }
  const own = worthCopying(received) ? received.slice() : received
  const reader = new BinaryReader(own)
  let last = 0
  let ascending = true
  while (reader.pos < reader.len) {
    readField(reader, FIELD_NAMES.length, (field) => {
      ascending &&= field > last
      last = field
      fields[FIELD_NAMES[field - 1] ?? 'key'] = reader.bytes()
    })
  }
  // Known fields in order and not a byte more than they need: the same bytes would be written.
  const plain = ascending && encodedLength(fields, FIELD_NAMES.length) === own.length
  return { ...fields, bytes: plain ? own : encodeMessage(fields), plain }
}

/** A message that is kept must not keep the whole frame it came in. */
const worthCopying = (view: Uint8Array): boolean => view.buffer.byteLength > view.length + view.length / 4 + 64

/** Longest key record that stands in its peer id as it is. */
const LONGEST_INLINE_RECORD = 42

/** Peer id of a public key record: its SHA2-256 multihash, or the identity multihash of a short one (spec 50 section 1). */
export function peerIdOfKey(record: Uint8Array): Uint8Array {
  return record.length <= LONGEST_INLINE_RECORD
    ? concatBytes(Uint8Array.of(IDENTITY_MULTIHASH, record.length), record)
    : concatBytes(Uint8Array.of(0x12, 0x20), sha256(record))
}

/** Why a message cannot be from its author, before its signature is looked at. */
export type AuthorFault =
  | 'unsigned' // no signature and no key: an older answer to IWANT (P2P-H2), or a forgery
  | 'incomplete' // author, key or signature missing
  | 'foreignKey' // the key is not the author's
  | 'form' // a key or counter in another form than the one of spec 50, which some nodes take and pass on

/** Whether the message names its author and carries the author's key; the signature is then to be verified over `signingPayload`. */
export function authorFault(message: MessageFields): AuthorFault | null {
  const { from, key, signature, seqno } = message
  if (signature.length === 0 && key.length === 0) return 'unsigned'
  if (from.length === 0 || signature.length === 0) return 'incomplete'
  // Some authors leave out a key that is in their id.
  if (key.length === 0) return from[0] === IDENTITY_MULTIHASH ? 'form' : 'incomplete'
  if (seqno.length !== 8 || !isPlainRecord(key)) return 'form'
  if (sameBytes(peerIdOfKey(key), from)) return null
  return ONE_FORM_TYPES.includes(key[1] ?? 0) ? 'foreignKey' : 'form'
}

/** First byte of a peer id that holds its key. */
const IDENTITY_MULTIHASH = 0x00
/** Types of keys that have one encoding each: Ed25519 and Ed448. */
const ONE_FORM_TYPES = [1, 4]

/**
 * Whether a key record is the shortest encoding of its type and data. Others compute the id of a key from that one, so a message with another
 * record is bad in their eyes, and so is whoever passes it on.
 */
function isPlainRecord(record: Uint8Array): boolean {
  const [typeTag, type = 0x80, dataTag, low = 0, high = 0] = record
  const isShort = low < 0x80
  const length = isShort ? low : (low & 0x7f) | (high << 7)
  const isShortest = isShort || (high > 0 && high < 0x80)
  const isWhole = length > 0 && record.length === length + (isShort ? 4 : 5)
  return typeTag === 0x08 && type < 0x80 && dataTag === 0x12 && isShortest && isWhole
}

const DIGEST_BYTES = 32
/** First byte of the longer id form. */
const ID_PREFIX = 0x01

export const messageDigest = (data: Uint8Array): MessageDigest => bytesToHex(sha256(data))

/** Which of the two id forms a peer uses: `long` has a byte 01 before the digest (spec 50 section 9). */
export type IdForm = 'long' | 'short'

/** Digest and form of an id, or null when it is none. */
export function readId(id: Uint8Array): { readonly digest: MessageDigest; readonly form: IdForm } | null {
  if (id.length === DIGEST_BYTES) return { digest: bytesToHex(id), form: 'short' }
  if (id.length === DIGEST_BYTES + 1 && id[0] === ID_PREFIX) return { digest: bytesToHex(id.subarray(1)), form: 'long' }
  return null
}

/** The id of a digest in one of the forms. */
export function writeId(digest: MessageDigest, form: IdForm): Uint8Array {
  const bytes = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i++) bytes[i] = Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16)
  return form === 'short' ? bytes : concatBytes(Uint8Array.of(ID_PREFIX), bytes)
}

/** Big-endian eight bytes of a counter modulo 2^64. */
export function seqnoBytes(counter: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, counter))
  return bytes
}
