import { expect, test } from 'vitest'
import { askedOf, kindsOf, readAddress, textOf } from './addresses.ts'

const DOMAIN = 'ab'.repeat(32)
const ADDRESS = '01'.repeat(32)

test.each([
  [`${DOMAIN}${ADDRESS}`, 'in one piece'],
  [`${DOMAIN}/${ADDRESS}`, 'in two halves'],
  [`0x${DOMAIN} / 0x${ADDRESS}\n`, 'with what people paste along'],
  [`${DOMAIN}${ADDRESS}`.toUpperCase(), 'in capitals'],
])('64 bytes are domain and address (%#)', (text) => {
  expect(readAddress(text)).toEqual({ domain: DOMAIN, address: ADDRESS })
})

test('32 bytes are a prover or an application', () => {
  const typed = readAddress(ADDRESS)
  if (typeof typed === 'string') throw new Error(typed)
  expect(kindsOf(typed)).toEqual(['prover', 'shard'])
  expect(askedOf(typed, 'prover')).toEqual({ kind: 'prover', address: ADDRESS })
  expect(askedOf(typed, 'shard')).toEqual({ kind: 'shard', domain: ADDRESS })
  expect(askedOf(typed, 'vertex')).toMatch(/128 digits/)
})

test('what cannot be an address is said with what is wrong', () => {
  expect(readAddress('  ')).toMatch(/paste/)
  expect(readAddress('abcg')).toMatch(/“g” is no hex digit/)
  expect(readAddress('abcd')).toMatch(/has 4 digits/)
  expect(readAddress(`${DOMAIN}/abc`)).toMatch(/64 and 3/)
  expect(readAddress('a/b/c')).toMatch(/One slash/)
})

test('a question is typed back as it was understood', () => {
  const typed = readAddress(`${DOMAIN}${ADDRESS}`)
  if (typeof typed === 'string') throw new Error(typed)
  const asked = askedOf(typed, 'hyperedge')
  if (typeof asked === 'string') throw new Error(asked)
  expect(textOf(asked)).toBe(`${DOMAIN}/${ADDRESS}`)
  expect(askedOf(typed, 'prover')).toMatch(/64 digits/)
  expect(askedOf(typed, 'shard')).toMatch(/domain alone/)
})
