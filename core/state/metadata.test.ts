import { readFileSync } from 'node:fs'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { decodeMetadata, readMetadata } from './metadata.ts'

interface Case {
  readonly kind: string
  readonly blob?: string
  readonly schema: string
  readonly type?: string
  readonly slots?: readonly { readonly slot: number; readonly leaves: readonly { readonly key: string }[] }[]
}
const file = new URL('../../test/vectors/hypergraph/metadata.json', import.meta.url)
const cases: Case[] = JSON.parse(readFileSync(file, 'utf8')).cases

test('HYP-11 what was deployed is read back: schema, type, configuration', () => {
  const deployed = cases.filter(({ kind, blob }) => kind === 'deploy' && blob !== undefined)
  expect(deployed.length).toBeGreaterThan(3)
  for (const { blob, schema, type, slots } of deployed) {
    const read = readMetadata(hexToBytes(blob ?? ''))
    expect(read.schema).toBe(schema)
    expect(read.updatedSchema).toBeUndefined()
    expect(bytesToHex(read.type ?? new Uint8Array(0))).toBe(type)
    const configuration = slots?.find(({ slot }) => slot === 16)?.leaves ?? []
    expect(read.configuration.map(({ key }) => bytesToHex(key))).toEqual(configuration.map(({ key }) => key))
  }
})

test('an update stands beside the document that everybody reads', () => {
  const updates = cases.filter(({ kind, blob, schema }) => kind === 'update' && blob !== undefined && schema !== '')
  expect(updates.length).toBeGreaterThan(0)
  for (const { blob, schema } of updates) {
    const read = readMetadata(hexToBytes(blob ?? ''))
    expect(read.updatedSchema).toBe(schema)
    expect(read.schema).not.toBe(schema)
  }
})

test('for people the metadata vertex shows its own fields, not those of a schema (spec 21 section 8)', () => {
  for (const { blob, schema } of cases.filter(({ kind, blob }) => kind === 'deploy' && blob !== undefined)) {
    const { className, fields } = decodeMetadata(hexToBytes(blob ?? ''))
    expect(className).toBe('metadata')
    expect(fields.map(({ name }) => name).slice(0, 2)).toEqual(['Schema', 'Type'])
    expect(fields[0]?.value).toBe(schema)
  }
})
