import fc from 'fast-check'
import { Parser } from 'n3'
import { expect, test } from 'vitest'
import { SchemaError } from './errors.ts'
import { parseDeployableSchema, parseSchema } from './schema.ts'
import { checkSchemaUpdate } from './schema-evolution.ts'
import { MAX_SCHEMA_LENGTH, parseTurtle } from './turtle.ts'

const HEAD = `BASE <https://types.quilibrium.com/schema-repository/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX qcl: <https://types.quilibrium.com/qcl/>
PREFIX x: <https://example.org/x/>
`
const FIELD = 'x:A a rdfs:Property; rdfs:domain qcl:Uint; qcl:size 8; qcl:order 0; rdfs:range x:Item.\n'
const CLASS = 'x:Item a rdfs:Class.\n'
const valid = HEAD + CLASS + FIELD

/** Code of the refusal, or 'accepted'. */
function verdict(document: string): string {
  try {
    parseDeployableSchema(document)
    return 'accepted'
  } catch (error) {
    if (error instanceof SchemaError) return error.code
    throw error
  }
}

test('EXE-04 every rule of the document shape refuses with its own code', () => {
  const changed = (from: string, to: string) => valid.replace(from, to)
  const cases: readonly (readonly [string, string])[] = [
    [valid, 'accepted'],
    [changed('x:Item a', 'y:Item a'), 'prefix'],
    [changed('qcl:order 0', 'qcl:order 65536'), 'order'],
    [changed('qcl:order 0; ', ''), 'order'],
    [changed('qcl:order 0', 'qcl:order 0; qcl:order 1'), 'order'],
    [changed('qcl:order 0', 'qcl:order 0.5'), 'order'],
    [changed('qcl:order 0', 'qcl:order "0"'), 'order'],
    [changed('qcl:size 8', 'qcl:size 0'), 'size'],
    [changed('qcl:size 8; ', ''), 'size'],
    [changed('rdfs:domain qcl:Uint; ', ''), 'type'],
    [changed('rdfs:domain qcl:Uint', 'rdfs:domain x:Other'), 'type'],
    [changed('rdfs:domain qcl:Uint', 'rdfs:domain qcl:Uint, qcl:String'), 'accepted'],
    [`${valid}${FIELD.replace('order 0', 'order 1')}`, 'order'],
    [`${valid}PREFIX y: <https://example.org/y/>\n${FIELD.replace('x:A', 'y:A')}`, 'duplicate'],
    [`${valid}x:B a rdfs:Class. x:A rdfs:range x:B.`, 'duplicate'],
    [`${valid}PREFIX y: <https://example.org/x>\n`, 'prefix'],
    [`${valid}PREFIX x: <https://example.org/z/>\n`, 'prefix'],
    [changed('https://types.quilibrium.com/qcl/', 'https://example.org/qcl/'), 'prefix'],
    [`${valid}<https://example.org/x/Item> a rdfs:Class.`, 'iri'],
    [`${valid}<Item> a rdfs:Class.`, 'iri'],
    [`${valid}x:Item rdfs:seeAlso <https://example.com/page>.`, 'accepted'],
    [`${valid}x:Item rdfs:label "an \\u00fc"@de, 'two', """three\nlines""", 1.5, true.`, 'accepted'],
    [`${valid}x:Item rdfs:label "un\nfinished".`, 'syntax'],
    [`${valid}x:Item rdfs:comment [ a x:Item ].`, 'syntax'],
    [`${valid}x:Item rdfs:comment (1 2).`, 'syntax'],
    [`${valid}_:b a rdfs:Class.`, 'syntax'],
    [`${valid}x:Item rdfs:label x:B`, 'syntax'],
    [`${valid}# qcl:order of the fields\n`, 'gate'],
    [`${valid}# a < b\n`, 'gate'],
    [`${valid}# one " more\n`, 'gate'],
    [HEAD, 'gate'],
    ['', 'gate'],
  ]
  expect(cases.map(([document]) => verdict(document))).toEqual(cases.map(([, code]) => code))
})

test('a refusal says on which line', () => {
  expect(() => parseSchema(`${HEAD}x:Item a\nrdfs:Class`)).toThrow(/^line 7: /)
})

test('EXE-04 texts that make other parsers loop, overflow or slow down are answered at once', () => {
  const long = MAX_SCHEMA_LENGTH - HEAD.length - 100
  const hostile = [
    `${HEAD}x:A a <https://example.org/`,
    'x'.repeat(MAX_SCHEMA_LENGTH),
    ' '.repeat(MAX_SCHEMA_LENGTH),
    `"${'\\'.repeat(long)}`,
    '<'.repeat(long),
    `${HEAD}x:A a ${'['.repeat(long)}`,
    HEAD + ';'.repeat(long),
    `${HEAD}x:A a rdfs:Class ${';'.repeat(long)}.`,
    `${HEAD}x:A a ${'x:B,'.repeat(long / 4)} x:C.`,
    HEAD + `x:A a <https://example.org${'/a'.repeat(230)}>.\n`.repeat(long / 500),
    HEAD + 'qcl:order'.repeat(long / 9),
    `${HEAD}x:A qcl:order ${'9'.repeat(long)}.`,
    HEAD + CLASS.repeat(long / CLASS.length),
  ]
  for (const document of hostile) expect(verdict(document)).not.toBe('')
  expect(verdict('.'.repeat(MAX_SCHEMA_LENGTH + 1))).toBe('long')
}, 10_000)

const piece = fc.constantFrom(
  ...[
    'x:A ',
    'x:B ',
    'a ',
    'rdfs:Class',
    'rdfs:Property',
    'qcl:order ',
    'qcl:size ',
    '7',
    '"t"',
    '@en',
    "'q'",
    '. ',
    ' .\n',
  ],
  ...[
    ';',
    ',',
    '#c\n',
    '<https://e.org/>',
    '-1',
    '2.5',
    'true ',
    'rdfs:range ',
    '"""l"""',
    'PREFIX y: <https://y.org/>\n',
    'y:Z ',
  ],
)

test('what is accepted is Turtle: an independent parser finds the same statements', () => {
  let accepted = 0
  const statement = fc.constantFrom(
    'x:A a rdfs:Class.',
    'x:B qcl:size 7; qcl:order 1, 2 .',
    'x:A x:B "t"@en, <https://e.org/>.',
  )
  const document = fc.oneof(fc.array(piece, { maxLength: 12 }), fc.array(fc.oneof(statement, piece), { maxLength: 8 }))
  fc.assert(
    fc.property(document, (pieces) => {
      const text = HEAD + pieces.join('')
      let count: number
      try {
        count = parseTurtle(text).length
      } catch (error) {
        expect(error).toBeInstanceOf(SchemaError)
        return
      }
      accepted += 1
      expect(new Parser().parse(text)).toHaveLength(count)
    }),
    { numRuns: 2000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('random text is refused with a SchemaError and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(valid.length), (noise, at) => {
      expect(verdict(valid.slice(0, at) + noise + valid.slice(at))).not.toBe('')
    }),
    { numRuns: 1000 },
  )
})

test('an update keeps what is there: the same document always may replace itself', () => {
  expect(checkSchemaUpdate(valid, valid).classes).toHaveLength(1)
  expect(() => checkSchemaUpdate(valid, valid.replace('qcl:size 8', 'qcl:size 9'))).toThrow(/size 8 became 9/)
})
