/** Updates of a schema: what both node programs accept (spec 41 section 5.1). New classes and fields are free, old ones stay. */
import { SchemaError } from './errors.ts'
import { parseDeployableSchema, parseSchema, type Schema, type SchemaField } from './schema.ts'

/** Checks that `next` may replace `previous` ('' allows anything deployable). Returns the new schema; throws `SchemaError`. */
export function checkSchemaUpdate(previous: string, next: string): Schema {
  const schema = parseDeployableSchema(next)
  const classes = new Map(schema.classes.map(({ name, fields }) => [name, new Map(fields.map((f) => [f.name, f]))]))
  for (const { name, fields } of parseSchema(previous).classes) {
    const kept = classes.get(name)
    if (kept === undefined) throw new SchemaError('changed', `class ${name} was removed`)
    for (const field of fields) {
      const now = kept.get(field.name)
      if (now === undefined) throw new SchemaError('changed', `field ${field.name} was removed from ${name}`)
      const fact = FACTS.find(({ of }) => of(now) !== of(field))
      if (fact)
        throw new SchemaError('changed', `${name} ${field.name}: ${fact.name} ${fact.of(field)} became ${fact.of(now)}`)
    }
  }
  return schema
}

/** What must stay of a field. */
const FACTS: readonly { readonly name: string; readonly of: (field: SchemaField) => string | number }[] = [
  { name: 'order', of: (field) => field.order },
  { name: 'type', of: (field) => field.type },
  { name: 'target', of: (field) => field.target ?? '' },
  { name: 'size', of: writtenSize },
]

/** The size number as the current release reads it: none is 0, of a Bool 1. */
export function writtenSize(field: SchemaField): number {
  return field.size ?? (field.type === 'Bool' ? 1 : 0)
}
