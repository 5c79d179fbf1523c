import { SchemaError } from '../../../core/state/errors.ts'
import { fieldKey } from '../../../core/state/field-keys.ts'
import { parseDeployableSchema, type Schema, type SchemaField } from '../../../core/state/schema.ts'
import { checkSchemaUpdate, writtenSize } from '../../../core/state/schema-evolution.ts'
import { VertexSchema } from '../../../core/state/schema-values.ts'
import type { Checks } from '../checks.ts'
import { type Fields, toHex } from '../fields.ts'
import { type CoreRunner, eachCase } from '../runner.ts'

/** A runner of the core whose cases share nothing. */
const coreCases = (run: (fields: Fields, check: Checks) => void): CoreRunner => ({
  backing: 'core',
  open: () => run,
})

/** The value of `call`, or null when it refuses with a `SchemaError`; anything else thrown is a failure. */
function unlessRefused<T>(call: () => T): T | null {
  try {
    return call()
  } catch (error) {
    if (error instanceof SchemaError) return null
    throw error
  }
}

/** `execution/order_keys.json`, `hypergraph/field_keys.json`: keys of schema fields (spec 21 section 7, HYP-06, EXE-02). */
export const orderKeys = coreCases((fields, check) => {
  const order = Number(fields.integer('order'))
  const largest = Number(fields.integer('max_order'))
  const key = () => {
    try {
      return toHex(fieldKey(order, largest))
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }
  check.gives('key', fields.requiredVerdict() ? fields.hex('key') : null, key)
})

/** `execution/turtle.json`, `execution/turtle_limits.json`: which documents may be deployed, and what they say (EXE-04). */
export const turtle = coreCases((fields, check) => {
  const schema = unlessRefused(() => parseDeployableSchema(fields.text('document')))
  check.equal('valid', fields.requiredVerdict(), schema !== null)
  if (schema === null || !fields.requiredVerdict()) return
  const parsed = fields.child('parsed')
  const older = fields.child('older_parsed')
  const classes = parsed.children('classes')
  check.equal(
    'classes',
    classes.map((item) => item.text('name')),
    schema.classes.map(({ name }) => name),
  )
  for (const listed of classes) compareClass(listed, older.child(listed.text('name')), schema, check)
})

function compareClass(listed: Fields, older: Fields, schema: Schema, check: Checks): void {
  const fields = schema.classes.find(({ name }) => name === listed.text('name'))?.fields ?? []
  const listedFields = listed.children('fields')
  check.equal(
    `${listed.path} fields`,
    listedFields.map((field) => field.text('name')),
    fields.map((field) => field.name),
  )
  for (const [index, field] of fields.entries()) {
    const listedField = listedFields[index]
    if (listedField !== undefined) compareField(listedField, older.child(field.name), field, check)
  }
}

function compareField(listed: Fields, older: Fields, field: SchemaField, check: Checks): void {
  const where = listed.path
  check.equal(`${where}.order`, listed.integer('order'), field.order)
  check.equal(`${where}.range`, listed.text('range'), field.className)
  const type = field.type === 'Literal' ? '' : field.type
  check.equal(`${where} older type`, older.text('type'), type)
  check.equal(`${where} extrinsic`, older.text('extrinsic'), field.target ?? '')
  if (field.target !== undefined) return
  check.equal(`${where}.type`, listed.text('type'), type)
  check.equal(`${where}.size`, listed.integer('size'), writtenSize(field))
}

/** `execution/schema_evolution.json`: which updates both node programs accept (spec 41 section 5.1). */
export const schemaEvolution = coreCases((fields, check) => {
  const schema = unlessRefused(() => checkSchemaUpdate(fields.text('old'), fields.text('new')))
  check.equal('valid', fields.requiredVerdict(), schema !== null)
})

/** `execution/schema_values.json`: vertices against a schema (spec 21 section 7, HYP-10). */
export const schemaValues = eachCase((engine, fields, check) => {
  const schema = parseDeployableSchema(fields.text('document'))
  const vertex = new VertexSchema(schema, fields.bytes('domain'), (message) => engine.poseidonHashBytes(message))
  const leaves = fields.children('leaves').map((leaf) => ({ key: leaf.bytes('key'), value: leaf.bytes('value') }))
  const verdict = vertex.check(leaves, { encrypted: fields.boolean('encrypted') }) === null
  if (fields.has('optional') && fields.boolean('optional')) check.equal('answers', 'boolean', typeof verdict)
  else check.equal('valid', fields.requiredVerdict(), verdict)
})
