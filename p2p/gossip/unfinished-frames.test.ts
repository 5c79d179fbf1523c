import { expect, test } from 'vitest'
import { UnfinishedFrames } from './unfinished-frames.ts'

function watched(most: number) {
  const frames = new UnfinishedFrames(most)
  const given: number[] = []
  return { given, frames, set: (stream: number, bytes: number) => frames.set(stream, bytes, () => given.push(stream)) }
}

test('the stream with the largest unfinished frame is given up when all together are too large', () => {
  const { given, set } = watched(100)
  set(1, 30)
  set(2, 60)
  expect(given).toEqual([])
  set(3, 20)
  expect(given).toEqual([2])
  set(1, 70)
  set(4, 75)
  expect(given).toEqual([2, 4])
})

test('finished frames and closed streams count no more', () => {
  const { given, frames, set } = watched(100)
  for (let stream = 0; stream < 50; stream++) {
    set(stream, 90)
    if (stream % 2 === 0) set(stream, 0)
    else frames.forget(stream)
  }
  expect(given).toEqual([])
})

test('a single frame above the limit gives itself up', () => {
  const { given, set } = watched(100)
  set(1, 101)
  set(2, 100)
  expect(given).toEqual([1])
})
