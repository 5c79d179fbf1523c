/**
 * Schemas of applications: classes and fields of a Turtle document (spec 21 section 7, spec 41 section 5.1). What this reads is what both
 * node programs read alike; `rdfs:range` names the owning class, `rdfs:domain` the type of the value.
 */
import { SchemaError } from './errors.ts'
import { parseTurtle, type Term, type Triple } from './turtle.ts'

/** Largest order of a field in a document. */
export const MAX_ORDER = 65535
/** Largest `qcl:size`. */
export const MAX_FIELD_SIZE = 4294967295

/** `Uint`, `Int`, `ByteArray`, `String`, `Bool`, `Struct`, `Literal` (rdfs:Literal), or any other name of the qcl namespace. */
export type FieldType = string

export interface SchemaField {
  /** Without prefix. */
  readonly name: string
  /** Prefixed name of the owning class. */
  readonly className: string
  readonly order: number
  readonly type: FieldType
  /** `qcl:size` as written, bytes; absent when the document has none. */
  readonly size?: number
  /** Prefixed name of the class that an extrinsic reference (type `Struct`) points to. */
  readonly target?: string
}

export interface SchemaClass {
  /** With its prefix: part of the type hash. */
  readonly name: string
  /** By order, then name. */
  readonly fields: readonly SchemaField[]
}

export interface Schema {
  /** By name. */
  readonly classes: readonly SchemaClass[]
  /** Largest order over all classes, 0 without fields: decides the length of every key. */
  readonly largestOrder: number
}

const SIZED: readonly FieldType[] = ['Uint', 'Int', 'ByteArray', 'String']

/** Reads a document without the textual test of a deployment; '' is the schema without classes. Throws `SchemaError`. */
export function parseSchema(document: string): Schema {
  const triples = parseTurtle(document)
  const names = new Set<string>()
  const subjects = new Map<string, Triple[]>()
  for (const triple of triples) {
    if (triple.subject.kind !== 'name') continue
    const subject = triple.subject.text
    if (nameOf(triple.predicate) === 'rdf:type' && nameOf(triple.object) === 'rdfs:Class') names.add(subject)
    const known = subjects.get(subject)
    if (known) known.push(triple)
    else subjects.set(subject, [triple])
  }
  const classes = new Map([...names].map((name) => [name, new Map<string, SchemaField>()]))
  for (const statements of subjects.values()) {
    const field = readField(statements, names)
    if (field === undefined) continue
    const fields = classes.get(field.className)
    if (fields?.has(field.name)) throw new SchemaError('duplicate', `${field.className} has two fields ${field.name}`)
    fields?.set(field.name, field)
  }
  const sorted = [...classes].map(([name, fields]) => ({ name, fields: [...fields.values()].sort(byOrder) }))
  sorted.sort((a, b) => compareText(a.name, b.name))
  const largestOrder = sorted.flatMap(({ fields }) => fields).reduce((most, { order }) => Math.max(most, order), 0)
  return { classes: sorted, largestOrder }
}

/** Reads a document that may be deployed: also passes the textual gate of the current release. Throws `SchemaError`. */
export function parseDeployableSchema(document: string): Schema {
  const schema = parseSchema(document)
  passGate(document)
  return schema
}

/** The test that the current release makes on the text before it parses (spec 41 section 5.1), comments and strings included. */
function passGate(document: string): void {
  const refuse = (reason: string) => new SchemaError('gate', reason)
  if (!document.includes('.')) throw refuse('no "." anywhere')
  if (!/^[ \t]*(PREFIX|BASE|@prefix|@base)[ \t]/m.test(document)) throw refuse('no PREFIX or BASE line')
  if (!document.includes('rdfs:Class')) throw refuse('no rdfs:Class')
  if (/qcl:(size|order)(?!\s*\d)/.test(document)) throw refuse('qcl:size or qcl:order without a bare number')
  if (count(document, '<') !== count(document, '>')) throw refuse('unbalanced angle brackets')
  if (count(document, '"') % 2 !== 0) throw refuse('unbalanced quotes')
}

function count(text: string, char: string): number {
  let found = 0
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) found += 1
  return found
}

/** The field that the statements of one subject describe; undefined when its range is no class of the document. */
function readField(statements: readonly Triple[], classes: ReadonlySet<string>): SchemaField | undefined {
  const order = numberOf(statements, 'qcl:order', 'order', 0, MAX_ORDER)
  const size = numberOf(statements, 'qcl:size', 'size', 1, MAX_FIELD_SIZE)
  const ranges = new Set(objectsOf(statements, 'rdfs:range').map(({ object }) => nameOf(object)))
  const owners = [...ranges].filter((name) => name !== undefined && classes.has(name))
  const [className] = owners
  const subject = statements[0]?.subject
  if (className === undefined || subject?.kind !== 'name') return undefined
  if (ranges.size > 1) throw new SchemaError('duplicate', `${subject.text} has more than one rdfs:range`)
  if (order === undefined) throw new SchemaError('order', `${subject.text} has no qcl:order`)
  const value = valueType(subject.text, objectsOf(statements, 'rdfs:domain')[0]?.object, classes)
  if (size === undefined && SIZED.includes(value.type))
    throw new SchemaError('size', `${subject.text} has no qcl:size, which ${value.type} needs`)
  return { name: subject.local, className, order, ...value, ...(size === undefined ? {} : { size }) }
}

function valueType(
  subject: string,
  domain: Term | undefined,
  classes: ReadonlySet<string>,
): { type: FieldType; target?: string } {
  if (domain?.kind === 'name') {
    if (classes.has(domain.text)) return { type: 'Struct', target: domain.text }
    if (domain.prefix === 'qcl') return { type: domain.local }
    if (domain.text === 'rdfs:Literal') return { type: 'Literal' }
  }
  throw new SchemaError('type', `${subject} has no rdfs:domain that names a type or a class of the document`)
}

const objectsOf = (statements: readonly Triple[], predicate: string): Triple[] =>
  statements.filter((triple) => nameOf(triple.predicate) === predicate)

const nameOf = (term: Term): string | undefined => (term.kind === 'name' ? term.text : undefined)

/** The bare number of a predicate, within its bounds wherever it is written; undefined when there is none. */
function numberOf(
  statements: readonly Triple[],
  predicate: string,
  code: 'order' | 'size',
  least: number,
  most: number,
): number | undefined {
  let found: number | undefined
  for (const { object, line } of objectsOf(statements, predicate)) {
    if (object.kind !== 'integer') throw new SchemaError(code, `${predicate} is not a bare number`, line)
    const value = Number(object.text)
    if (value < least || value > most)
      throw new SchemaError(code, `${predicate} ${object.text.slice(0, 20)} is not in ${least} to ${most}`, line)
    if (found !== undefined && found !== value) throw new SchemaError(code, `${predicate} is given twice`, line)
    found = value
  }
  return found
}

const byOrder = (a: SchemaField, b: SchemaField): number => a.order - b.order || compareText(a.name, b.name)

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
