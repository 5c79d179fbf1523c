import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFixturePeering } from '../testing/fixture-peering.ts'
import { createPeerModel, type PeerModel } from './peer.ts'

const open: PeerModel[] = []
const kept = new Map<string, string>()

beforeEach(() => {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  })
})
afterEach(() => {
  for (const model of open.splice(0)) model.close()
  kept.clear()
  vi.unstubAllGlobals()
})

function visit(client = createFixturePeering()): PeerModel {
  const model = createPeerModel(client)
  open.push(model)
  return model
}

test('who joins twice at the same time hears each message once, and leaves whole', async () => {
  const client = createFixturePeering()
  const model = visit(client)
  await Promise.all([model.join(), model.join()])
  await model.join()
  await model.send('hello')
  await vi.waitFor(() => expect(model.messages.value.map(({ own }) => own)).toEqual([false, true]))
  model.leave()
  expect(await client.gossip()).toMatchObject({ running: false })
})

test('a page that is closed while it joins listens no more', async () => {
  const client = createFixturePeering()
  const model = visit(client)
  const joining = model.join()
  model.close()
  await joining
  expect(await client.gossip()).toMatchObject({ running: false })
})

test('the next visit joins again, or only knows the identity when it was left; without either nothing is asked', async () => {
  const client = createFixturePeering()
  await visit(client).join()
  const second = visit(client)
  await vi.waitFor(() => expect(second.joined.value).toBe(true))
  second.leave()
  const third = visit(client)
  await vi.waitFor(() => expect(third.status.value?.identity?.peerId).toMatch(/^Qm/))
  expect(third.joined.value).toBe(false)
  kept.clear()
  const gossip = vi.fn(client.gossip)
  expect(visit({ ...client, gossip }).status.value).toBe(null)
  expect(gossip).not.toHaveBeenCalled()
})
