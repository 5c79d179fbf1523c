/** Inputs: random strings, and known good ones changed a little, which get further into a decoder. */
import type { Random } from './random.ts'

const MOST_RANDOM_BYTES = 1200
const STRANGE_BYTES = [0, 1, 2, 3, 0x40, 0x7f, 0x80, 0xa0, 0xc0, 0xe0, 0xfe, 0xff] as const
/** Pieces that a JSON reader may stumble over. */
const JSON_PIECES = [
  'null',
  '-1',
  '1e400',
  '""',
  '[]',
  '{}',
  '"\\ud800"',
  '18446744073709551616',
  '"0x00"',
  'true',
  '-0',
  '1.5',
] as const

function changeOnce(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const at = random.below(bytes.length + 1)
  const copy = bytes.slice()
  switch (random.below(8)) {
    case 0: // one bit
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
      return copy
    case 1:
      if (at < copy.length) copy[at] = random.pick(STRANGE_BYTES)
      return copy
    case 2:
      return copy.subarray(0, at)
    case 3:
      return join(copy, random.bytes(1 + random.below(40)))
    case 4:
      return join(copy.subarray(0, at), random.bytes(1 + random.below(8)), copy.subarray(at))
    case 5: // a stretch of one byte value
      return copy.fill(random.pick(STRANGE_BYTES), at, at + 1 + random.below(64))
    case 6: // a stretch removed
      return join(copy.subarray(0, at), copy.subarray(at + 1 + random.below(16)))
    default: {
      const other = random.pick(others) ?? copy
      return join(copy.subarray(0, at), other.subarray(Math.min(at, other.length)))
    }
  }
}

/** A string of random length and content, a seed as it is, or a seed changed one to four times. */
export function inputBytes(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const kind = random.below(20)
  const seed = random.pick(seeds)
  if (seed === undefined || kind < 4) return random.bytes(random.below(MOST_RANDOM_BYTES + 1))
  if (kind === 4) return seed.slice()
  let bytes = seed
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = changeOnce(bytes, seeds, random)
  return bytes.slice()
}

/** A text that is JSON, or nearly: values replaced, pieces cut out and put in. */
export function inputText(seeds: readonly string[], random: Random): string {
  const seed = random.pick(seeds) ?? ''
  const values = [...seed.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null/g)]
  let text = seed
  for (let changes = Math.max(0, random.below(6) - 2); changes > 0; changes--) {
    const value = random.pick(values)
    const at = random.below(text.length + 1)
    switch (random.below(5)) {
      case 0:
      case 1:
        if (value) text = text.replace(value[0], random.pick(JSON_PIECES))
        break
      case 2:
        text = text.slice(0, at) + String.fromCharCode(random.below(300)) + text.slice(at + 1)
        break
      case 3:
        text = text.slice(0, at) + text.slice(at + random.below(30))
        break
      default:
        text = text.slice(0, at) + random.pick(JSON_PIECES) + text.slice(at)
    }
  }
  return text
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
