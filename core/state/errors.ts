/** Why a schema document or an update of one is refused. */
export type SchemaErrorCode =
  | 'long' // the document is longer than MAX_SCHEMA_LENGTH
  | 'gate' // fails the textual test of the deployment gate (spec 41 section 5.1)
  | 'syntax' // not Turtle, or a construct outside the shape of spec 21 section 7
  | 'prefix' // a prefix is not declared, declared twice, or shares its namespace with another
  | 'iri' // a relative IRI, or a full IRI inside a declared namespace
  | 'order' // order missing, above 65535 or given twice
  | 'size' // size missing, 0, above 4294967295 or given twice
  | 'type' // a field without rdfs:domain, or with one that names no type
  | 'duplicate' // two fields of one class with one name, or two owning classes
  | 'changed' // an update removes or changes what the old document holds

/** A refused schema; `line` is where, 1-based, or 0 when no one line is to blame. */
export class SchemaError extends Error {
  readonly code: SchemaErrorCode
  readonly line: number
  constructor(code: SchemaErrorCode, message: string, line = 0) {
    super(line === 0 ? message : `line ${line}: ${message}`)
    this.name = 'SchemaError'
    this.code = code
    this.line = line
  }
}
