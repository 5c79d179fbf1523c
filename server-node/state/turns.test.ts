import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('so many run at once, so many wait in order, the rest is refused, and a failure gives its turn on', async () => {
  const turns = new Turns(2, 3)
  const order: string[] = []
  const open = new Map<string, PromiseWithResolvers<void>>()
  const ask = (name: string) => {
    const done = Promise.withResolvers<void>()
    open.set(name, done)
    return turns.run(async () => {
      order.push(name)
      await done.promise
      return name
    })
  }
  const asked = ['a', 'b', 'c', 'd', 'e'].map(ask)
  await expect(ask('f')).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('wait already') })
  expect(order).toEqual(['a', 'b'])
  open.get('a')?.reject(new Error('broken'))
  await expect(asked[0]).rejects.toThrow('broken')
  expect(order).toEqual(['a', 'b', 'c'])
  // One left the line: there is room for one more.
  const late = ask('g')
  for (const name of ['b', 'c', 'd', 'e', 'g']) open.get(name)?.resolve()
  expect(await Promise.all([...asked.slice(1), late])).toEqual(['b', 'c', 'd', 'e', 'g'])
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'g'])
})
