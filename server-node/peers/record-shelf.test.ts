import { expect, test } from 'vitest'
import { RecordShelf } from './record-shelf.ts'

function shelf(kept: readonly string[] = [], size = 100) {
  const here = new Set<string>()
  const records = new RecordShelf({
    records: size,
    bytes: 10_000,
    sourceShare: 1 / 4,
    isKept: (key) => kept.includes(key),
    onForget: (key) => here.delete(key),
  })
  const put = (key: string, source: string, bytes = 10) => {
    here.add(key)
    records.put(key, bytes, source)
  }
  return { here, put, records }
}

test('one source has a share of records, and of bytes; what it had first stays', () => {
  const { here, put } = shelf()
  for (let number = 0; number < 1_000; number++) put(`many ${number}`, 'flood')
  expect([...here]).toEqual(Array.from({ length: 25 }, (_, number) => `many ${number}`))
  for (let number = 0; number < 100; number++) put(`large ${number}`, 'other', 1_000)
  expect([...here].filter((key) => key.startsWith('large'))).toEqual(['large 0', 'large 1'])
})

test('a full shelf takes from the largest source, its youngest first', () => {
  const { here, put } = shelf()
  for (const source of ['a', 'b', 'c', 'd'])
    for (let number = 0; number < 25; number++) put(`${source} ${number}`, source)
  put('new', 'e')
  expect(here.size).toBe(100)
  expect(here.has('new')).toBe(true)
  const missing = ['a', 'b', 'c', 'd'].filter((source) => !here.has(`${source} 24`))
  expect(missing).toHaveLength(1)
  for (let number = 0; number < 200; number++) put(`flood ${number}`, 'e')
  const counts = ['a', 'b', 'c', 'd'].map((source) => [...here].filter((key) => key.startsWith(`${source} `)).length)
  expect(Math.min(...counts)).toBe(20)
  expect(here.has('a 0') && here.has('new')).toBe(true)
})

test('of sources with equal shares the one known for the shortest time gives first', () => {
  const { here, put } = shelf([], 8)
  const honest = Array.from({ length: 8 }, (_, number) => `h${number}`)
  for (const key of honest) put(key, `source of ${key}`)
  for (let number = 0; number < 8; number++) put(`f${number}`, `source of f${number}`)
  expect([...here]).toEqual(honest)
})

test('what must be kept stays, however late it came and whoever told of it', () => {
  const { here, put } = shelf(['friend'])
  for (let number = 0; number < 1_000; number++) put(`many ${number}`, 'flood')
  put('friend', 'flood')
  for (let number = 1_000; number < 2_000; number++) put(`many ${number}`, 'flood')
  expect(here.has('friend')).toBe(true)
  expect(here.size).toBe(25)
})

test('a record that changes keeps its age and its source, and counts with its new bytes', () => {
  const { here, put, records } = shelf()
  for (let number = 0; number < 25; number++) put(`a ${number}`, 'a')
  for (let number = 0; number < 25; number++) put(`a ${number}`, 'b', 20)
  put('a 25', 'a')
  expect([here.has('a 0'), here.has('a 25')]).toEqual([true, false])
  put('a 0', 'a', 2_490)
  expect([...here]).toEqual(['a 0'])
  records.forget('a 0')
  records.forget('a 0')
  expect(here.size).toBe(0)
  put('b 0', 'b', 2_500)
  expect(here.has('b 0')).toBe(true)
})
