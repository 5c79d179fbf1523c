/** Records of the registry as leaves of their trees, and back (spec 32 section 2). */
import { bytesToHex } from '@noble/hashes/utils.js'
import { type BuiltTree, StateError, type TreeLeaf, type Trees } from '../platform/state.ts'
import { TYPE_KEY } from '../state/field-keys.ts'
import { CLASSES, type ClassName, type FieldRule } from './classes.ts'

/** A record: present fields by name. Absent = never written. Records are values; `withFields` makes a changed copy. */
export interface RegistryRecord {
  readonly class: ClassName
  readonly fields: ReadonlyMap<string, Uint8Array>
}

const NO_BYTES = new Uint8Array(0)

/** Makes a record. Throws `StateError` `arguments` for a field that the class does not have, or of a wrong length. */
export function record(name: ClassName, fields: Readonly<Record<string, Uint8Array>>): RegistryRecord {
  return withFields({ class: name, fields: new Map() }, fields)
}

export function withFields(base: RegistryRecord, changes: Readonly<Record<string, Uint8Array>>): RegistryRecord {
  const fields = new Map(base.fields)
  for (const [name, value] of Object.entries(changes)) {
    const rule = CLASSES[base.class].fields[name]
    if (rule === undefined) throw new StateError('arguments', `${CLASSES[base.class].name} has no field ${name}`)
    if (!lengthFits(rule, value))
      throw new StateError('arguments', `${name}: ${value.length} bytes, ${rule.bytes} are needed`)
    fields.set(name, value)
  }
  return { class: base.class, fields }
}

const lengthFits = (rule: FieldRule, value: Uint8Array): boolean =>
  rule.shorter ? value.length <= rule.bytes : value.length === rule.bytes

const keyOf = ({ order }: FieldRule): Uint8Array => Uint8Array.of(order << 2)

const leaf = (key: Uint8Array, value: Uint8Array): TreeLeaf => ({
  key,
  value,
  hashTarget: NO_BYTES,
  size: BigInt(value.length),
})

/** Leaves in tree order: fields by order, then the type. */
export function recordLeaves(from: RegistryRecord): TreeLeaf[] {
  const { fields, typeHash } = CLASSES[from.class]
  const leaves = Object.entries(fields).flatMap(([name, rule]) => {
    const value = from.fields.get(name)
    return value === undefined ? [] : [leaf(keyOf(rule), value)]
  })
  return [...leaves, leaf(TYPE_KEY, typeHash)]
}

/** The record as its vertex stores it: serialised without a commit (spec 21 section 4.1). */
export const buildRecord = (from: RegistryRecord, trees: Trees): BuiltTree =>
  trees.build(recordLeaves(from), { commit: false })

const BY_TYPE = new Map(
  Object.entries(CLASSES).map(([name, { typeHash }]) => [bytesToHex(typeHash), name as ClassName]),
)
const TYPE_KEY_HEX = bytesToHex(TYPE_KEY)

/** Why leaves are no record: another type (not the registry's business), or a field that its class does not allow. */
export type NoRecord = { readonly unknown: 'type' | 'field' }

/** Reads the leaves of a vertex tree, in any order. Never throws. */
export function readRecord(
  leaves: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
): RegistryRecord | NoRecord {
  const type = leaves.find(({ key }) => bytesToHex(key) === TYPE_KEY_HEX)
  const name = type && BY_TYPE.get(bytesToHex(type.value))
  if (name === undefined) return { unknown: 'type' }
  const rules = Object.entries(CLASSES[name].fields)
  const fields = new Map<string, Uint8Array>()
  for (const { key, value } of leaves) {
    if (bytesToHex(key) === TYPE_KEY_HEX) continue
    const found = rules.find(([, rule]) => bytesToHex(keyOf(rule)) === bytesToHex(key))
    if (found === undefined || !lengthFits(found[1], value)) return { unknown: 'field' }
    fields.set(found[0], value)
  }
  return { class: name, fields }
}

/** 8 bytes, big-endian. Throws `StateError` `arguments` outside 0 to 2^64 - 1. */
export function u64Bytes(value: bigint): Uint8Array {
  if (value < 0n || value >= 1n << 64n) throw new StateError('arguments', `${value} does not fit 64 bits`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

/** Big-endian number of a field; undefined when it is absent. */
export function numberField(from: RegistryRecord, name: string): bigint | undefined {
  const value = from.fields.get(name)
  return value === undefined ? undefined : BigInt(`0x0${bytesToHex(value)}`)
}

/** The status byte; undefined when the record has none. */
export const statusOf = (from: RegistryRecord): number | undefined => from.fields.get('Status')?.[0]
