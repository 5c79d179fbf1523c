/**
 * Statements of a schema document: the part of Turtle that both node programs read alike (spec 41 section 5.1). No blank nodes, lists,
 * nested constructs or relative IRIs; names stay as written, because a class is known by its prefixed name.
 */
import { SchemaError } from './errors.ts'
import { type Token, Tokenizer } from './turtle-tokens.ts'

/** Longest document read, in UTF-16 code units. Far above any deployed one; parsing is linear. */
export const MAX_SCHEMA_LENGTH = 1 << 20

/** The namespaces that every document means by these prefixes (spec 21 section 7). */
const FIXED: Readonly<Record<string, string>> = {
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  qcl: 'https://types.quilibrium.com/qcl/',
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/

/** A name as written, a bare number, or something that no rule looks at (a string, a full IRI, a decimal). */
export type Term =
  | { readonly kind: 'name'; readonly text: string; readonly local: string; readonly prefix: string }
  | { readonly kind: 'integer'; readonly text: string }
  | { readonly kind: 'other' }

export interface Triple {
  readonly subject: Term
  readonly predicate: Term
  readonly object: Term
  readonly line: number
}

/** All statements of the document in order. Throws `SchemaError`. */
export function parseTurtle(text: string): Triple[] {
  if (text.length > MAX_SCHEMA_LENGTH)
    throw new SchemaError('long', `${text.length} characters, ${MAX_SCHEMA_LENGTH} allowed`)
  return new Parser(text).document()
}

class Parser {
  readonly #tokens: Tokenizer
  #token: Token | undefined
  /** Prefix -> namespace, and back. */
  readonly #namespaces = new Map<string, string>()
  readonly #prefixes = new Map<string, string>()
  readonly #triples: Triple[] = []
  /** Full IRIs, looked at when all namespaces are known. */
  readonly #iris: { readonly text: string; readonly line: number }[] = []

  constructor(text: string) {
    this.#tokens = new Tokenizer(text)
    this.#token = this.#tokens.next()
  }

  document(): Triple[] {
    while (this.#token !== undefined) {
      if (this.#token.kind === 'word' && this.#token.text !== 'a') this.#directive(this.#token.text)
      else this.#statement()
    }
    for (const { text, line } of this.#iris) this.#checkIri(text, line)
    return this.#triples
  }

  #directive(word: string): void {
    this.#advance()
    if (word === '@prefix' || word === 'PREFIX') this.#prefix()
    else if (word === '@base' || word === 'BASE') this.#namespace()
    else throw this.#unexpected(`the word ${JSON.stringify(word)}`)
    if (word.startsWith('@')) this.#expect('.')
  }

  #prefix(): void {
    const name = this.#take('name')
    if (name.local !== '') throw this.#unexpected('a local name in a declaration')
    const written = this.#namespace()
    const namespace = /[/#]$/.test(written) ? written : `${written}/`
    const refuse = (reason: string) => new SchemaError('prefix', `prefix ${name.prefix} ${reason}`, name.line)
    if ((this.#namespaces.get(name.prefix) ?? namespace) !== namespace) throw refuse('is declared twice')
    if ((this.#prefixes.get(namespace) ?? name.prefix) !== name.prefix)
      throw refuse('shares its namespace with another prefix')
    for (const [prefix, fixed] of Object.entries(FIXED))
      if ((prefix === name.prefix) !== (fixed === namespace))
        throw refuse(`must not be <${namespace}>: ${prefix} is <${fixed}>`)
    this.#namespaces.set(name.prefix, namespace)
    this.#prefixes.set(namespace, name.prefix)
  }

  /** An absolute IRI of a declaration. */
  #namespace(): string {
    const iri = this.#take('iri')
    if (!ABSOLUTE.test(iri.text)) throw new SchemaError('iri', 'a relative IRI in a declaration', iri.line)
    return iri.text
  }

  /** subject (verb object (, object)*) (; ...)* . */
  #statement(): void {
    const subject = this.#name('a subject')
    for (;;) {
      const predicate = this.#verb()
      do {
        const line = this.#tokens.line
        this.#triples.push({ subject, predicate, object: this.#object(), line })
      } while (this.#skip(','))
      if (this.#skip('.')) return
      this.#expect(';')
      while (this.#skip(';'));
      if (this.#skip('.')) return
    }
  }

  #verb(): Term {
    if (this.#token?.kind !== 'word' || this.#token.text !== 'a') return this.#name('a predicate')
    this.#advance()
    return { kind: 'name', text: 'rdf:type', prefix: 'rdf', local: 'type' }
  }

  #name(what: string): Term {
    const token = this.#token
    if (token?.kind !== 'name' && token?.kind !== 'iri') throw this.#unexpected(`no name where ${what} should be`)
    return this.#object()
  }

  #object(): Term {
    const token = this.#token
    if (token === undefined) throw this.#unexpected('the end of the document')
    this.#advance()
    switch (token.kind) {
      case 'name': {
        const { prefix, local, line } = token
        if (!this.#namespaces.has(prefix)) throw new SchemaError('prefix', `prefix ${prefix} is not declared`, line)
        if (local === '') throw new SchemaError('syntax', `${prefix}: names nothing`, line)
        return { kind: 'name', text: `${prefix}:${local}`, prefix, local }
      }
      case 'iri':
        this.#iris.push({ text: token.text, line: token.line })
        return { kind: 'other' }
      case 'integer':
        return { kind: 'integer', text: token.text }
      case 'literal':
        return { kind: 'other' }
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'other' }
        throw this.#unexpected(`the word ${JSON.stringify(token.text)}`, token.line)
      default:
        throw this.#unexpected(JSON.stringify(token.kind), token.line)
    }
  }

  /** One program compares names, the other IRIs: only an IRI that no prefix could write is the same to both. */
  #checkIri(text: string, line: number): void {
    if (!ABSOLUTE.test(text)) throw new SchemaError('iri', 'a relative IRI', line)
    const cut = Math.max(text.lastIndexOf('/'), text.lastIndexOf('#')) + 1
    for (let end = cut; end > 0; end = Math.max(text.lastIndexOf('/', end - 2), text.lastIndexOf('#', end - 2)) + 1)
      if (this.#prefixes.has(text.slice(0, end)))
        throw new SchemaError('iri', `<${text}> must be written by its prefix`, line)
  }

  #take<K extends 'name' | 'iri'>(kind: K): Extract<Token, { kind: K }> {
    const token = this.#token
    if (token?.kind !== kind) throw this.#unexpected(`no ${kind} where one should be`)
    this.#advance()
    return token as Extract<Token, { kind: K }>
  }

  #skip(kind: '.' | ';' | ','): boolean {
    if (this.#token?.kind !== kind) return false
    this.#advance()
    return true
  }

  #expect(kind: '.' | ';'): void {
    if (!this.#skip(kind)) throw this.#unexpected(`no ${JSON.stringify(kind)} where one should be`)
  }

  #advance(): void {
    this.#token = this.#tokens.next()
  }

  #unexpected(what: string, line = this.#tokens.line): SchemaError {
    return new SchemaError('syntax', what, line)
  }
}
