/** Base58 of Bitcoin's alphabet, for peer ids (spec 50 section 1). Quadratic: only for short strings, which callers bound. */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const DIGITS: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, digit) => [character, digit]))

export function base58Encode(bytes: Uint8Array): string {
  let value = 0n
  for (const byte of bytes) value = value * 256n + BigInt(byte)
  let text = ''
  for (; value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text
  return ALPHABET.charAt(0).repeat(leading(bytes, 0)) + text
}

/** Null when a character is outside the alphabet. */
export function base58Decode(text: string): Uint8Array | null {
  let value = 0n
  for (const character of text) {
    const digit = DIGITS.get(character)
    if (digit === undefined) return null
    value = value * 58n + BigInt(digit)
  }
  const bytes: number[] = []
  for (; value > 0n; value /= 256n) bytes.push(Number(value % 256n))
  const zeros = leading([...text], ALPHABET.charAt(0))
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()])
}

function leading<T>(list: Iterable<T>, wanted: T): number {
  let count = 0
  for (const item of list) {
    if (item !== wanted) break
    count++
  }
  return count
}
