/** Tokens of a schema document, in one linear pass over a text of bounded length (spec 41 section 5.1, H10). */
import { SchemaError } from './errors.ts'

export type Token =
  | { readonly kind: 'name'; readonly prefix: string; readonly local: string; readonly line: number }
  | { readonly kind: 'iri'; readonly text: string; readonly line: number }
  | { readonly kind: 'integer'; readonly text: string; readonly line: number }
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: 'literal' | '.' | ';' | ','; readonly line: number }

/** Longest IRI read: comparing an IRI with the declared namespaces costs its square. */
const MAX_IRI_LENGTH = 512

/** Characters that a full IRI may not hold (Turtle 1.1, IRIREF); escapes inside IRIs are not taken. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the grammar excludes them
const NOT_IN_IRI = /[\u0000-\u0020<>"{}|^`\\]/
const SPACE = /[ \t\r\n]+/y
/** `prefix:local`, or `prefix:` alone as in a declaration. A final dot ends the statement and is never part of a name. */
const NAME = /([\p{L}][\p{L}\p{N}_-]*):([\p{L}\p{N}_][\p{L}\p{N}_-]*)?/uy
/** Turtle reads on after such a dot, the purpose-built parser of the current release need not: neither reading is taken. */
const DOT_INSIDE = /\.+[\p{L}\p{N}_:%\\-]/uy
const NUMBER = /[+-]?\d+(\.\d+)?([eE][+-]?\d+)?/y
const WORD = /@?[A-Za-z]+/y
const LANGUAGE = /@[A-Za-z]+(-[A-Za-z0-9]+)*/y
const ESCAPES = 'tbnrf"\'\\uU'

/** Cuts a text in tokens. Time and memory grow with its length and with nothing else. */
export class Tokenizer {
  readonly #text: string
  #position = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  get line(): number {
    return this.#line
  }

  /** The next token, or undefined at the end. Throws `SchemaError` `syntax`. */
  next(): Token | undefined {
    this.#skip()
    const line = this.#line
    const char = this.#text[this.#position]
    if (char === undefined) return undefined
    if (char === '.' || char === ';' || char === ',') {
      this.#position += 1
      return { kind: char, line }
    }
    if (char === '<') return { kind: 'iri', text: this.#iri(), line }
    if (char === '"' || char === "'") return this.#literal(char, line)
    const name = this.#match(NAME)
    if (name) {
      if (this.#match(DOT_INSIDE)) throw new SchemaError('syntax', `a dot inside the name ${name[0]}`, line)
      return { kind: 'name', prefix: name[1] ?? '', local: name[2] ?? '', line }
    }
    const number = this.#match(NUMBER)
    if (number) return /^\d+$/.test(number[0]) ? { kind: 'integer', text: number[0], line } : { kind: 'literal', line }
    const word = this.#match(WORD)
    if (word) return { kind: 'word', text: word[0], line }
    throw new SchemaError('syntax', `unexpected ${JSON.stringify(char)}`, line)
  }

  /** White space and comments. */
  #skip(): void {
    for (;;) {
      const space = this.#match(SPACE)
      if (space) this.#count(space[0])
      else if (this.#text[this.#position] === '#') {
        const end = this.#text.indexOf('\n', this.#position)
        this.#position = end < 0 ? this.#text.length : end
      } else return
    }
  }

  #iri(): string {
    const end = this.#text.indexOf('>', this.#position)
    if (end < 0) throw new SchemaError('syntax', 'an IRI does not end', this.#line)
    if (end - this.#position > MAX_IRI_LENGTH)
      throw new SchemaError('long', `an IRI is longer than ${MAX_IRI_LENGTH} characters`, this.#line)
    const iri = this.#text.slice(this.#position + 1, end)
    if (NOT_IN_IRI.test(iri)) throw new SchemaError('syntax', 'an IRI holds a character that it may not', this.#line)
    this.#position = end + 1
    return iri
  }

  #literal(quote: string, line: number): Token {
    const long = this.#text.startsWith(quote.repeat(3), this.#position)
    const mark = long ? quote.repeat(3) : quote
    const start = this.#position + mark.length
    let at = start
    for (; !this.#text.startsWith(mark, at); at++) {
      const char = this.#text[at]
      if (char === undefined || (!long && (char === '\n' || char === '\r')))
        throw new SchemaError('syntax', 'a string does not end', line)
      if (char !== '\\') continue
      at += 1
      const escaped = this.#text[at]
      if (escaped === undefined || !ESCAPES.includes(escaped)) throw new SchemaError('syntax', 'unknown escape', line)
      const digits = escaped === 'u' ? 4 : escaped === 'U' ? 8 : 0
      if (!/^[0-9A-Fa-f]*$/.test(this.#text.slice(at + 1, at + 1 + digits)))
        throw new SchemaError('syntax', 'an escape without its hexadecimal digits', line)
    }
    this.#count(this.#text.slice(start, at))
    this.#position = at + mark.length
    if (this.#text.startsWith('^^', this.#position)) {
      this.#position += 2
      if (this.#text[this.#position] === '<') this.#iri()
      else if (!this.#match(NAME)) throw new SchemaError('syntax', 'a data type is missing after ^^', line)
    } else this.#match(LANGUAGE)
    return { kind: 'literal', line }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)
    if (found) this.#position += found[0].length
    return found
  }

  #count(text: string): void {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#line += 1
  }
}
