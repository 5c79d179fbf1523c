/** Clocks that run away from each other: a browser judges certificates by its own, the node rotates them by its own. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Dialler, openDialler } from '../../testing/chromium.ts'
import { Frames } from '../../testing/frames.ts'
import { DatedMaker, webTransportNode } from './testing.ts'

const DAY = 86_400_000
const REACHED = ['hello', 'headers 32', 'headers 32', 'headers 32', 'headers 32', 'head']

let dialler: Dialler
beforeAll(async () => {
  dialler = await openDialler()
})
afterAll(() => dialler?.[Symbol.asyncDispose]())
let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

async function startedAt(now: number) {
  const clock = { now }
  return webTransportNode(new DatedMaker(clock), new Frames(), stack, clock)
}

test.each([
  ['behind: its certificate has expired', -20 * DAY],
  ['ahead: its certificate is not valid yet', 5 * DAY],
])('a node whose clock is far %s for a browser, and is reached when the clock is right again', async (_, error) => {
  const node = await startedAt(Date.now() + error)
  const before = node.address()
  expect(await dialler.talk(before, 0)).toHaveProperty('error')
  node.clock.now = Date.now()
  await node.listener.rotate()
  expect(node.address()).not.toBe(before)
  expect(await dialler.talk(node.address(), 0)).toEqual(REACHED)
  expect(await dialler.talk(before, 0)).toHaveProperty('error')
})

test('two months in steps of a day: the address of each day is good on that day, by certificates that a browser accepts', async () => {
  const start = Date.now() - 60 * DAY
  const node = await startedAt(start)
  const addresses = new Set<string>()
  for (let day = 0; day <= 60; day++) {
    node.clock.now = start + day * DAY
    await node.listener.rotate()
    addresses.add(node.address())
    const { serving } = node.certificates
    expect(serving.notBefore).toBeLessThanOrEqual(node.clock.now)
    expect(serving.notAfter).toBeGreaterThan(node.clock.now + DAY)
  }
  expect(addresses.size).toBeGreaterThanOrEqual(8)
  // Today is the day of the browser too.
  expect(await dialler.talk(node.address(), 0)).toEqual(REACHED)
  const [first] = addresses
  expect(await dialler.talk(first ?? '', 0)).toHaveProperty('error')
})
