/** Keys and signatures (spec 40 section 3.1). */
import { CodecError } from '../errors.ts'
import type { Message } from '../message.ts'
import { type Inline, type MessageValue, message, required, sub } from '../message.ts'
import type { Reader } from '../reader.ts'
import { arr, atMost, exactly, type Lengths, lp, map, raw, str, u64 } from '../types.ts'
import type { Writer } from '../writer.ts'

export const Ed448PublicKey = message('Ed448PublicKey', 0x0110, [['key_value', raw(57)]])
export const X448PublicKey = message('X448PublicKey', 0x0113, [['key_value', raw(57)]])
export const BLS48581G2PublicKey = message('BLS48581G2PublicKey', 0x0117, [['key_value', raw(585)]])
export const Decaf448PublicKey = message('Decaf448PublicKey', 0x011d, [['key_value', raw(56)]])

export const Ed448Signature = message('Ed448Signature', 0x0112, [
  ['public_key', sub(Ed448PublicKey, atMost(61))],
  ['signature', lp(atMost(114))],
])

export const BLS48581Signature = message('BLS48581Signature', 0x0119, [
  ['public_key', sub(BLS48581G2PublicKey, atMost(589))],
  ['signature', lp(atMost(74))],
])

export const Decaf448Signature = message('Decaf448Signature', 0x011f, [
  ['public_key', sub(Decaf448PublicKey, exactly(0, 60))],
  ['signature', lp(atMost(336))],
])

export const BLS48581SignatureWithProofOfPossession = message('BLS48581SignatureWithProofOfPossession', 0x011a, [
  ['signature', lp(exactly(74))],
  ['public_key', sub(BLS48581G2PublicKey, exactly(0, 589))],
  ['pop_signature', lp(exactly(74))],
])

export const BLS48581AddressedSignature = message('BLS48581AddressedSignature', 0x011b, [
  ['signature', lp(exactly(74, 590))],
  ['address', lp(exactly(32))],
])

/** 74 bytes, then nothing, 1 to 64 proofs, or a count and 0 to 64 proofs (spec 11 section 5.4). */
const aggregateLengths: Lengths = {
  allows: (length) => {
    const plain = (length - 74) / 516
    const counted = (length - 78) / 516
    const proofs = Number.isInteger(plain) ? plain : counted
    return Number.isInteger(proofs) && proofs >= 0 && proofs <= 64
  },
  code: 'length',
  text: '74, 74 + 516 k or 78 + 516 m',
}

export const BLS48581AggregateSignature = message('BLS48581AggregateSignature', 0x011c, [
  ['signature', lp(aggregateLengths)],
  ['public_key', sub(BLS48581G2PublicKey, exactly(0, 589))],
  ['bitmask', lp(atMost(32))],
])

/** At most one signature of a signed key, by kind: 1 Ed448, 2 BLS, 3 Decaf; none is kind 0 without a length field. */
export interface SubKeySignature {
  readonly ed448_signature?: MessageValue<typeof Ed448Signature>
  readonly bls_signature?: MessageValue<typeof BLS48581Signature>
  readonly decaf_signature?: MessageValue<typeof Decaf448Signature>
}

const KINDS: readonly (readonly [keyof SubKeySignature, Message<unknown>])[] = [
  ['ed448_signature', Ed448Signature],
  ['bls_signature', BLS48581Signature],
  ['decaf_signature', Decaf448Signature],
]

const subKeySignature: Inline<SubKeySignature> = {
  inline: true,
  read(reader: Reader): SubKeySignature {
    const kind = reader.u8()
    if (kind === 0) return {}
    const row = KINDS[kind - 1]
    if (row === undefined) throw new CodecError('kind', `signature kind ${kind}, 0 to 3 allowed`)
    return { [row[0]]: required(row[1], atMost(675)).read(reader) }
  },
  write(writer: Writer, value: SubKeySignature) {
    const index = KINDS.findIndex(([name]) => value[name] != null)
    writer.u8(index + 1)
    const row = KINDS[index]
    if (row !== undefined) required(row[1], atMost(675)).write(writer, value[row[0]])
  },
  toJson: (value) =>
    Object.fromEntries(
      KINDS.filter(([name]) => value[name] != null).map(([name, table]) => [name, table.toJson(value[name])]),
    ),
  fromJson: (json) =>
    Object.fromEntries(
      KINDS.filter(([name]) => json[name] != null).map(([name, table]) => [name, table.fromJson(json[name] ?? null)]),
    ),
}

const signedKeyTail = [
  ['parent_key_address', lp(atMost(64))],
  subKeySignature,
  ['created_at', u64],
  ['expires_at', u64],
  ['key_purpose', str(atMost(32))],
] as const

export const SignedX448Key = message('SignedX448Key', 0x0120, [
  ['key', sub(X448PublicKey, atMost(61))],
  ...signedKeyTail,
])

export const SignedDecaf448Key = message('SignedDecaf448Key', 0x0124, [
  ['key', sub(Decaf448PublicKey, atMost(60))],
  ...signedKeyTail,
])

export const KeyCollection = message('KeyCollection', 0x0122, [
  ['key_purpose', str(atMost(32))],
  ['x448_keys', arr(required(SignedX448Key, atMost(869)), atMost(20))],
  ['decaf448_keys', arr(required(SignedDecaf448Key, atMost(869)), atMost(20))],
])

export const KeyRegistry = message('KeyRegistry', 0x0123, [
  ['identity_key', sub(Ed448PublicKey, atMost(61))],
  ['prover_key', sub(BLS48581G2PublicKey, atMost(589))],
  ['identity_to_prover', sub(Ed448Signature, atMost(187))],
  ['prover_to_identity', sub(BLS48581Signature, atMost(675))],
  ['keys_by_purpose', map(str(atMost(32)), required(KeyCollection, atMost(27604)), atMost(20))],
  ['last_updated', u64],
])
