import { eachCase } from '../runner.ts'

/** `poseidon/hash_elements.json`: 1 to 16 field elements; other counts are errors (spec 10 section 3.2, CRY-10). */
export const hashElements = eachCase((engine, fields, check) => {
  const inputs = fields.bytesList('inputs')
  const call = () => engine.poseidonHashElements(inputs)
  if (fields.requiredVerdict()) check.gives('hash', fields.hex('hash'), call)
  else check.refuses('hash', call)
})

/** `poseidon/hash_bytes.json`: P(m); the empty message is an error (spec 10 section 3.3, CRY-10). */
export const hashBytes = eachCase((engine, fields, check) => {
  const message = fields.bytes('message')
  if (fields.has('length')) check.equal('length', fields.integer('length'), message.length)
  const call = () => engine.poseidonHashBytes(message)
  if (fields.requiredVerdict()) check.gives('hash', fields.hex('hash'), call)
  else check.refuses('hash', call)
})
