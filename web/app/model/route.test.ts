import { expect, test } from 'vitest'
import { sectionOf } from './route.ts'

test('the fragment chooses the section; frames are first', () => {
  expect(sectionOf('', 'state')).toBe('frames')
  expect(sectionOf('#frames', 'state')).toBe('frames')
  expect(sectionOf('#state', 'frames')).toBe('state')
})

test('the skip link stays in its section', () => {
  expect(sectionOf('#main', 'state')).toBe('state')
  expect(sectionOf('#main', 'frames')).toBe('frames')
})
