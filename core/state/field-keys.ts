/** Tree keys of schema fields (spec 21 section 7, HYP-06): the largest order of the document decides their length. */

/** Largest order that has a key at all; documents end at 65535. */
export const MAX_KEY_ORDER = 262142

/** Key of the type of a vertex: 32 x ff. */
export const TYPE_KEY: Uint8Array = new Uint8Array(32).fill(0xff)

/** Bytes and shift of the keys of a document. */
function widthOf(largestOrder: number): { bytes: number; shift: number } {
  if (largestOrder <= 63) return { bytes: 1, shift: 2 }
  if (largestOrder <= 4093) return { bytes: 2, shift: 4 }
  return { bytes: 3, shift: 6 }
}

/** Key of the field with that order, 1 to 3 bytes. Throws `RangeError` unless 0 <= order <= largestOrder <= 262142, all integers. */
export function fieldKey(order: number, largestOrder: number): Uint8Array {
  if (!Number.isInteger(order) || !Number.isInteger(largestOrder) || order < 0 || order > largestOrder)
    throw new RangeError(`order ${order} is not in 0 to ${largestOrder}`)
  if (largestOrder > MAX_KEY_ORDER) throw new RangeError(`order ${largestOrder} is above ${MAX_KEY_ORDER}`)
  const { bytes, shift } = widthOf(largestOrder)
  const number = order << shift
  return Uint8Array.from({ length: bytes }, (_, index) => (number >>> (8 * (bytes - 1 - index))) & 0xff)
}

/** Number of slots of the polynomial that opens fields of such a document: 64, 4096 or 262144 (spec 41 section 5). */
export const fieldSlots = (largestOrder: number): number => 64 ** widthOf(largestOrder).bytes
