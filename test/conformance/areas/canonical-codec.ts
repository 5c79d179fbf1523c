import { createHash, createPublicKey, verify } from 'node:crypto'
import { CodecError, MESSAGES, type Message } from '../../../core/codec/index.ts'
import type { Json } from '../../../core/codec/json.ts'
import { type ValidationContext, validate } from '../../../core/codec/validation.ts'
import { isMultiaddr } from '../../../server-node/peers/judge-peer-info.ts'
import type { Checks } from '../checks.ts'
import { concat, type Fields, Malformed, parseHex, toHex } from '../fields.ts'
import type { CaseRunner, CoreRunner } from '../runner.ts'
import { MOST_CUTS, mutate, originOf, SURPLUS } from './canonical.ts'

const tableOf = (fields: Fields): Message<unknown> => {
  const table = MESSAGES.get(fields.text('type'))
  if (table === undefined) throw new Malformed(`no message is named ${fields.text('type')}`)
  return table
}

/** Objects with their members in order of name, so that values compare whatever the order. */
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, item]) => [name, ordered(item)]))
}

const read = (table: Message<unknown>, bytes: Uint8Array): unknown => ordered(table.toJson(table.decode(bytes)))

/** A decoder of core refuses with `CodecError` and nothing else. */
function accepts(table: Message<unknown>, bytes: Uint8Array): boolean {
  try {
    table.decode(bytes)
    return true
  } catch (thrown) {
    if (thrown instanceof CodecError) return false
    throw thrown
  }
}

const runner = (unhandled: CoreRunner['unhandled'], run: CoreRunner['open']): CoreRunner => ({
  backing: 'core',
  open: run,
  ...(unhandled === undefined ? {} : { unhandled }),
})

const unknownType = (fields: Fields): string | null => {
  const type = fields.optionalText('type')
  return MESSAGES.has(type) ? null : `type ${type || 'missing'}`
}

/** Encodings, mutations and cuts of one area of messages (spec 40, CAN-01, CAN-02, CAN-03, CAN-05, CAN-09). */
export const canonicalMessages = runner(
  unknownType,
  (file): CaseRunner =>
    (fields, check) => {
      const table = tableOf(fields)
      if (fields.has('fields')) checkEncoding(table, fields, check)
      else if (fields.has('informative')) checkStrictness(table, originOf(file, fields), check)
      else
        check.gives('accepted', fields.requiredVerdict(), () => accepts(table, mutate(originOf(file, fields), fields)))
    },
)

function checkEncoding(table: Message<unknown>, fields: Fields, check: Checks): void {
  const canonical = fields.bytes('canonical')
  check.equal('length', fields.integer('length'), canonical.length)
  check.equal('type_prefix', fields.hex('type_prefix'), canonical.subarray(0, 4))
  check.equal('sha3_256', fields.hex('sha3_256'), createHash('sha3-256').update(canonical).digest())
  if (fields.has('valid')) check.gives('accepted', fields.requiredVerdict(), () => accepts(table, canonical))
  const value = table.fromJson(fields.raw('fields') as Json)
  check.gives('encode(fields)', toHex(canonical), () => table.encode(value))
  check.gives('decode', ordered(table.toJson(value)), () => read(table, canonical))
  check.gives('encode(decode)', toHex(canonical), () => table.encode(table.decode(canonical)))
  check.gives('read with surplus bytes', read(table, canonical), () => read(table, concat(canonical, SURPLUS)))
}

const TAILED: readonly string[] = ['PeerInfo', 'ProverConfirm', 'ProverReject']

/** Bytes of the numbers that a PeerInfo ends with: each one only when it is not zero. */
const tailBytes = (json: Json): number => {
  const { last_received_frame: received, last_global_head_frame: head } = json as Readonly<Record<string, Json>>
  return 8 * [received, head].filter((number) => number !== '0').length
}

/** Cuts that read as if an optional tail were absent (CAN-03): inside PeerInfo's two numbers, before the last array of two others. */
function isTailCut(table: Message<unknown>, canonical: Uint8Array, length: number): boolean {
  if (!TAILED.includes(table.name)) return false
  const value = table.decode(canonical)
  if (table.name === 'PeerInfo') return canonical.length - length <= tailBytes(table.toJson(value))
  const whole = table.toJson(value) as { readonly filters: readonly string[] }
  const array = 4 + whole.filters.reduce((sum, filter) => sum + 4 + filter.length / 2, 0)
  return canonical.length - length === array
}

function checkStrictness(table: Message<unknown>, canonical: Uint8Array, check: Checks): void {
  check.gives('read with surplus bytes', read(table, canonical), () => read(table, concat(canonical, SURPLUS)))
  const stride = Math.max(1, Math.floor(canonical.length / MOST_CUTS))
  for (let length = canonical.length - 1; length >= 0; length -= length > canonical.length - 100 ? 1 : stride)
    if (!isTailCut(table, canonical, length))
      check.gives(`cut to ${length} bytes`, false, () => accepts(table, canonical.subarray(0, length)))
}

/** Longest encoding that `parts` may spell. */
const LONGEST = 64 * 1024 * 1024

/** `canonical`, or `parts` = [hex, times], each repeated that often. */
function bytesOf(fields: Fields): Uint8Array {
  if (fields.has('canonical')) return fields.bytes('canonical')
  const chunks: Uint8Array[] = []
  let total = 0
  for (const [index, part] of fields.list('parts').entries()) {
    const [hex, times]: readonly unknown[] = Array.isArray(part) ? part : []
    const bytes = parseHex(hex, `${fields.path}.parts[${index}]`)
    const length = bytes.length * Number(times)
    total += length
    if (!Number.isInteger(times) || !(length >= 0 && total <= LONGEST))
      throw new Malformed(`${fields.path}.parts[${index}] is not [hex, times] within ${LONGEST} bytes`)
    chunks.push(Buffer.alloc(length, bytes))
  }
  return Uint8Array.from(Buffer.concat(chunks))
}

/** `canonical/limits.json`, `strictness.json`, `sub_lengths.json`: accepted exactly when required (spec 40, CAN-04, CAN-13). */
export const decoderVerdicts = runner(
  unknownType,
  (): CaseRunner => (fields, check) => {
    const table = tableOf(fields)
    const bytes = bytesOf(fields)
    const verdict = fields.requiredVerdict()
    check.gives('accepted', verdict, () => accepts(table, bytes))
    if (verdict && fields.has('reencoded'))
      check.gives('reencoded', fields.hex('reencoded'), () => table.encode(table.decode(bytes)))
  },
)

/** The same where accepted bytes without `reencoded` are their own encoding. */
export const strictness = runner(
  unknownType,
  (): CaseRunner => (fields, check) => {
    const table = tableOf(fields)
    const bytes = bytesOf(fields)
    const verdict = fields.requiredVerdict()
    check.gives('accepted', verdict, () => accepts(table, bytes))
    const expected = fields.has('reencoded') ? fields.bytes('reencoded') : bytes
    if (verdict) check.gives('encode(decode)', toHex(expected), () => table.encode(table.decode(bytes)))
  },
)

/** DER of an Ed448 public key before its 57 bytes (RFC 8410). */
const ED448_DER = '3043300506032b6571033a00'

const context: ValidationContext = {
  verifyEd448(publicKey, message, signature) {
    if (publicKey.length !== 57 || signature.length !== 114) return false
    const der = Buffer.concat([Buffer.from(ED448_DER, 'hex'), publicKey])
    try {
      return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
    } catch {
      return false
    }
  },
  isMultiaddr,
}

/** `canonical/validation.json`: every case decodes; the verdict is that of spec 40 section 4 (CAN-14). */
export const validation = runner(
  unknownType,
  (): CaseRunner => (fields, check) => {
    const table = tableOf(fields)
    const bytes = bytesOf(fields)
    check.gives('decodes', true, () => accepts(table, bytes))
    check.gives('valid', fields.requiredVerdict(), () => validate(table.name, table.decode(bytes), context) === null)
  },
)
