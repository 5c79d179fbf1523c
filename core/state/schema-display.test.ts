import { sha256 } from '@noble/hashes/sha2.js'
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { TYPE_KEY } from './field-keys.ts'
import { parseSchema } from './schema.ts'
import { decodeVertex } from './schema-display.ts'
import { typeHash, VertexSchema } from './schema-values.ts'

const DOMAIN = new Uint8Array(32).fill(7)
const field = (name: string, order: number, type: string, size = '', owner = 'Item') =>
  `x:${name} a rdfs:Property; rdfs:domain ${type}; ${size}qcl:order ${order}; rdfs:range x:${owner}.\n`
const DOCUMENT = `PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX qcl: <https://types.quilibrium.com/qcl/>
PREFIX x: <https://example.org/x/>
x:Item a rdfs:Class. x:Box a rdfs:Class.
${field('Count', 0, 'qcl:Uint', 'qcl:size 2; ')}${field('Delta', 1, 'qcl:Int', 'qcl:size 1; ')}
${field('Name', 2, 'qcl:String', 'qcl:size 2; ')}${field('Flag', 3, 'qcl:Bool')}${field('Link', 4, 'x:Box')}
${field('Other', 0, 'qcl:ByteArray', 'qcl:size 3; ', 'Box')}`
// any hash will do here: the classes of the document only have to be told apart
const schema = new VertexSchema(parseSchema(DOCUMENT), DOMAIN, sha256)
const leaf = (key: string, value: Uint8Array) => ({ key: hexToBytes(key), value })
const type = (name: string) => ({ key: TYPE_KEY, value: typeHash(DOMAIN, name, sha256) })

test('fields are shown by name, type and value, of the class that the vertex says it is', () => {
  const leaves = [
    leaf('00', hexToBytes('0102')),
    leaf('04', hexToBytes('ff')),
    leaf('08', utf8ToBytes('hi')),
    leaf('0c', hexToBytes('01')),
    leaf('10', new Uint8Array(32)),
    type('x:Item'),
  ]
  const vertex = decodeVertex(schema, leaves)
  expect(vertex.className).toBe('x:Item')
  expect(vertex.fields.map(({ name, type, value, fits }) => [name, type, value, fits])).toEqual([
    ['Count', 'Uint', 258n, true],
    ['Delta', 'Int', -1n, true],
    ['Name', 'String', 'hi', true],
    ['Flag', 'Bool', true, true],
    ['Link', 'x:Box', '00'.repeat(32), true],
  ])
  expect(decodeVertex(schema, [leaf('00', hexToBytes('010203')), type('x:Box')]).fields[0]?.name).toBe('Other')
})

test('what does not fit is shown as it is and marked', () => {
  const leaves = [leaf('04', hexToBytes('0102')), leaf('08', hexToBytes('ff')), leaf('7c', hexToBytes('aa'))]
  expect(decodeVertex(schema, leaves)).toEqual({
    fields: [
      { name: 'Delta', type: 'Int', value: '0102', fits: false, raw: hexToBytes('0102') },
      { name: 'Name', type: 'String', value: 'ff', fits: false, raw: hexToBytes('ff') },
      { name: '7c', type: 'unknown', value: 'aa', fits: false, raw: hexToBytes('aa') },
    ],
  })
})

test('HYP-10 unknown keys, types and lengths are named', () => {
  const check = (...leaves: { key: Uint8Array; value: Uint8Array }[]) => schema.check(leaves, { encrypted: false })
  expect(check()).toBeNull()
  expect(check(leaf('00', new Uint8Array(3)))).toBeNull()
  expect(check(leaf('00', new Uint8Array(4)))).toMatch(/Other.*Count|Count.*Other/)
  expect(check(leaf('20', new Uint8Array(1)))).toMatch(/20/)
  expect(check({ key: TYPE_KEY, value: new Uint8Array(32) })).toMatch(/no class/)
})
