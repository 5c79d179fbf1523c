/** One small damage to a copy of a header: the panel shows that some check sees each of them. */
import type { FieldRange } from '../client.ts'
import { hexByte } from './format.ts'
import { fieldWords } from './words.ts'

export type Damage =
  | { readonly kind: 'byte'; readonly offset: number }
  | { readonly kind: 'field'; readonly field: FieldRange }
  | { readonly kind: 'signer'; readonly bitmask: FieldRange; readonly signer: number }

export interface Damaged {
  readonly bytes: Uint8Array
  /** What was done, as a sentence. */
  readonly deed: string
}

/** Bits of the bitmask value, so many as its bytes hold. */
export function signersOf(header: Uint8Array, bitmask: FieldRange): readonly boolean[] {
  const mask = header.subarray(bitmask.offset, bitmask.offset + bitmask.length)
  return Array.from({ length: mask.length * 8 }, (_, index) => (((mask[index >> 3] ?? 0) >> (index & 7)) & 1) === 1)
}

/** Flips bits of one byte of a copy; undefined when the header has no such byte. */
function flipped(
  header: Uint8Array,
  offset: number,
  mask: number,
): { bytes: Uint8Array; before: number; after: number } | undefined {
  const before = header[offset]
  if (before === undefined) return undefined
  const bytes = header.slice()
  bytes[offset] = before ^ mask
  return { bytes, before, after: before ^ mask }
}

/**
 * Does the damage. A number changes in its lowest bit, which keeps its encoding readable; bytes change in the last bit of the
 * middle byte; a signer is added to or taken from the list.
 */
export function damage(header: Uint8Array, wish: Damage): Damaged | undefined {
  if (wish.kind === 'signer') {
    const change = flipped(header, wish.bitmask.offset + (wish.signer >> 3), 1 << (wish.signer & 7))
    if (change === undefined) return undefined
    const added = change.after > change.before
    return { bytes: change.bytes, deed: `Signer ${wish.signer} was ${added ? 'added to' : 'taken from'} the list.` }
  }
  if (wish.kind === 'byte') {
    const change = flipped(header, wish.offset, 1)
    if (change === undefined) return undefined
    return {
      bytes: change.bytes,
      deed: `Byte ${wish.offset} went from ${hexByte(change.before)} to ${hexByte(change.after)}.`,
    }
  }
  const { field } = wish
  const offset = field.kind === 'bytes' ? field.offset + (field.length >> 1) : field.offset
  const change = flipped(header, offset, 1)
  if (change === undefined) return undefined
  const which = field.index === null ? '' : ` ${field.index}`
  return {
    bytes: change.bytes,
    deed: `${fieldWords(field.name)}${which}: one bit was flipped (byte ${offset}, ${hexByte(change.before)} to ${hexByte(change.after)}).`,
  }
}
