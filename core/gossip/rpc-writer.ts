/** Length-delimited fields of protobuf, written in place. */

/** Bytes of a varint below 2^31. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++
  return length
}

/** Writes a varint; answers the position behind it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let next = at
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) into[next++] = (rest & 0x7f) | 0x80
  into[next++] = rest
  return next
}

/** Writes field `field` (below 16); answers the position behind it. */
export function writeBytes(into: Uint8Array, at: number, field: number, content: Uint8Array): number {
  into[at] = (field << 3) | 2
  const start = writeVarint(into, at + 1, content.length)
  into.set(content, start)
  return start + content.length
}
