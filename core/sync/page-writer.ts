/**
 * A page of leaves as bytes, written once into their final place: pages are most of what a node sends, and the general encoder copies each of
 * them several times. The bytes are those that it would write (spec 22 section 2, SYN-01).
 */
import type { LeavesAnswer } from './messages.ts'

const SIZE_BYTES = 32

/** Tags of members that are length-delimited: number and wire type. */
const tag = (number: number): number => number * 8 + 2
const TOTAL_TAG = 4 * 8

const varintBytes = (value: number): number => {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

const memberBytes = (length: number): number => (length === 0 ? 0 : 1 + varintBytes(length) + length)

/** Members of a leaf by their numbers, 1 to 5; an empty one is left out, the size is in its place between them. */
const membersOf = ({ key, value, hashTarget, underlyingData }: LeavesAnswer['leaves'][number]) =>
  [key, value, hashTarget, null, underlyingData] as const

const leafBytes = (leaf: LeavesAnswer['leaves'][number]): number =>
  membersOf(leaf).reduce((sum, member) => sum + memberBytes(member === null ? SIZE_BYTES : member.length), 0)

/** Bytes of a response that is this page. Elements of the path are 0 to 63, the total is below 2^53. */
export function encodePage({ path, leaves, token, total }: LeavesAnswer): Uint8Array {
  const lengths = leaves.map(leafBytes)
  const totalBytes = total === 0n ? 0 : 1 + varintBytes(Number(total))
  const listed = lengths.reduce((sum, length) => sum + 1 + varintBytes(length) + length, 0)
  const body = memberBytes(path.length) + listed + memberBytes(token.length) + totalBytes
  const writer = new Writer(1 + varintBytes(body) + body)
  writer.head(tag(2), body)
  if (path.length > 0) writer.member(tag(1), Uint8Array.from(path))
  for (const [index, leaf] of leaves.entries()) {
    writer.head(tag(2), lengths[index] ?? 0)
    for (const [at, member] of membersOf(leaf).entries()) {
      if (member === null) writer.size(tag(at + 1), leaf.size)
      else if (member.length > 0) writer.member(tag(at + 1), member)
    }
  }
  if (token.length > 0) writer.member(tag(3), token)
  if (total !== 0n) writer.head(TOTAL_TAG, Number(total))
  return writer.bytes
}

class Writer {
  readonly bytes: Uint8Array
  #at = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
  }

  /** A tag and the number behind it. */
  head(tag: number, value: number): void {
    this.bytes[this.#at++] = tag
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.#at++] = (rest % 0x80) + 0x80
    this.bytes[this.#at++] = rest
  }

  member(tag: number, content: Uint8Array): void {
    this.head(tag, content.length)
    this.bytes.set(content, this.#at)
    this.#at += content.length
  }

  /** Unsigned, big-endian, 32 bytes. */
  size(tag: number, size: bigint): void {
    this.head(tag, SIZE_BYTES)
    this.#at += SIZE_BYTES
    for (let at = this.#at - 1, left = size; left > 0n && at >= this.#at - SIZE_BYTES; at--, left >>= 8n)
      this.bytes[at] = Number(left & 0xffn)
  }
}
