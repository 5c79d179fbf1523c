import { expect, test } from 'vitest'
import { TAB_LIMITS } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { Delivery } from './wishes.ts'

const delivery = (text: string, length = 1): Delivery => ({
  listeners: [1],
  message: { from: text, data: new Uint8Array(length), topic: Uint8Array.of(0), verified: true, receivedAt: 0 },
})
const named = (batch: readonly Delivery[]) => batch.map(({ message }) => message.from)
const turn = () => new Promise((resolve) => setTimeout(resolve))

test('one batch at a time; a page that is slow loses the oldest, and nothing grows', async () => {
  const batches: string[][] = []
  let taken = Promise.withResolvers<void>()
  const outbox = new Outbox(async (batch) => {
    batches.push(named(batch))
    await taken.promise
  })
  outbox.push(delivery('first'))
  await turn()
  const surplus = 10
  for (let at = 0; at < TAB_LIMITS.outboxMessages + surplus; at++) outbox.push(delivery(`${at}`))
  expect(batches).toEqual([['first']])
  expect(outbox.dropped).toBe(surplus)
  const before = taken
  taken = Promise.withResolvers()
  before.resolve()
  await turn()
  expect(batches[1]?.length).toBe(TAB_LIMITS.outboxMessages)
  expect(batches[1]?.[0]).toBe(`${surplus}`)
  for (let at = 0; at < 10; at++) outbox.push(delivery('large', TAB_LIMITS.messageBytes))
  expect(outbox.dropped).toBe(surplus + 10 - TAB_LIMITS.outboxBytes / TAB_LIMITS.messageBytes)
})

test('a page that is gone is not waited for', async () => {
  const outbox = new Outbox(() => Promise.reject(new Error('gone')))
  outbox.push(delivery('a'))
  await turn()
  outbox.push(delivery('b'))
  await turn()
  expect(outbox.dropped).toBe(0)
})
