import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Heartbeat } from './heartbeat.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => vi.useRealTimers())

function watch(ask: () => Promise<unknown>) {
  const ends: string[] = []
  return { ends, heartbeat: new Heartbeat(ask, (why) => ends.push(why), 1000) }
}
const never = () => new Promise<never>(() => {})

test('a worker that answers is left alone, also when it is late', async () => {
  let asked = 0
  const { ends, heartbeat } = watch(async () => {
    asked++
    await new Promise((resolve) => setTimeout(resolve, 2500))
  })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBeGreaterThan(10)
  expect(ends).toEqual([])
  heartbeat.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ends).toEqual([])
})

test('one that does not answer is dead after some beats, said once', async () => {
  let alive = true
  const { ends } = watch(() => (alive ? Promise.resolve() : never()))
  await vi.advanceTimersByTimeAsync(5000)
  alive = false
  await vi.advanceTimersByTimeAsync(3000)
  expect(ends).toEqual([])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ends).toEqual(['it does not answer'])
})

test('an error is looked into at once: one that answers goes on, one that does not is dead', async () => {
  const alive = watch(async () => {})
  await alive.heartbeat.suspect('boom')
  expect(alive.ends).toEqual([])
  alive.heartbeat.stop()
  for (const ask of [never, () => Promise.reject(new Error('gone'))]) {
    const { ends, heartbeat } = watch(ask)
    const suspected = heartbeat.suspect('boom')
    await vi.advanceTimersByTimeAsync(3000)
    await suspected
    expect(ends).toEqual(['boom'])
  }
})

test('after stop nothing is said', async () => {
  const { ends, heartbeat } = watch(never)
  const suspected = heartbeat.suspect('boom')
  heartbeat.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  await suspected
  expect(ends).toEqual([])
})
