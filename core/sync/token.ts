/** Continuation tokens: the index of the next leaf in tree order (spec 22 section 2, SYN-04). */
import { utf8ToBytes } from '@noble/hashes/utils.js'

const DIGITS = /^[0-9a-fA-F]{8}$/

/** Eight lower-case hexadecimal digits. Throws `RangeError` for what is no u32. */
export function tokenOf(index: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index > 0xffffffff) throw new RangeError(`leaf index ${index}`)
  return utf8ToBytes(index.toString(16).padStart(8, '0'))
}

/** Index that a token names; null when it is malformed, which a server takes for 0. Empty = 0. */
export function readToken(token: Uint8Array): number | null {
  if (token.length === 0) return 0
  const text = String.fromCharCode(...token.subarray(0, 9))
  return DIGITS.test(text) ? Number.parseInt(text, 16) : null
}
