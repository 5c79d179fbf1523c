import { expect, test } from 'vitest'
import { transportsOf } from './query.ts'
import { readPasted } from './trust.ts'

test('a pasted network.json and pasted anchors are told apart; all else is explained', () => {
  expect(readPasted('{"format":1,"anchors":{}}')).toEqual({ network: { format: 1, anchors: {} } })
  expect(readPasted('{"committee":{}}')).toEqual({ anchors: { committee: {} } })
  expect(readPasted('{"checkpoint":{}}')).toEqual({ anchors: { checkpoint: {} } })
  for (const text of ['', 'hello', '[]', 'null', '7', '{}', '"anchors"']) expect(readPasted(text)).toBeTypeOf('string')
})

test('a text without end is not parsed', () => {
  expect(readPasted('['.repeat(3_000_000))).toContain('too long')
})

test('the query names transports; unknown names and none mean all', () => {
  expect(transportsOf('?transport=websocket')).toEqual(['websocket'])
  expect(transportsOf('?transport=websocket,webtransport')).toEqual(['webtransport', 'websocket'])
  expect(transportsOf('?transport=carrier-pigeon')).toBeUndefined()
  expect(transportsOf('')).toBeUndefined()
})
