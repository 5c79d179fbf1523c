/** State rules: locations, change sets, schemas. See README.md. */
export { ChangeSet, type Savepoint } from './change-set.ts'
export { SchemaError, type SchemaErrorCode } from './errors.ts'
export { fieldKey, fieldSlots, MAX_KEY_ORDER, TYPE_KEY } from './field-keys.ts'
export { LeafGeneration } from './leaf-generation.ts'
export {
  ADDRESS_BYTES,
  atomId,
  GLOBAL_DOMAIN,
  locationKey,
  METADATA_ADDRESS,
  pathOf,
  QUIL_TOKEN,
  SHARD_KEY_BYTES,
  shardKey,
  shardL1,
} from './location.ts'
export { MemoryState, type ProveLeaves } from './memory-state.ts'
export { type AppMetadata, decodeMetadata, readMetadata } from './metadata.ts'
export {
  type FieldType,
  MAX_FIELD_SIZE,
  MAX_ORDER,
  parseDeployableSchema,
  parseSchema,
  type Schema,
  type SchemaClass,
  type SchemaField,
} from './schema.ts'
export { type DecodedField, type DecodedVertex, decodeVertex } from './schema-display.ts'
export { checkSchemaUpdate } from './schema-evolution.ts'
export { type FieldLeaf, type HashBytes, typeHash, VertexSchema } from './schema-values.ts'
export { readTreeLeaves, TREE_LIMITS } from './tree-reader.ts'
export { MAX_SCHEMA_LENGTH } from './turtle.ts'
