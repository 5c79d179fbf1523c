import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFixturePeering } from '../testing/fixture-peering.ts'
import { createPeerModel, type PeerClient, type PeerModel } from './peer.ts'

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

function fixture(network = 'local') {
  return { ...createFixturePeering(), network: { network } }
}

function visit(client: PeerClient = fixture()): PeerModel {
  const model = createPeerModel(client)
  open.push(model)
  return model
}

test('who joins twice at the same time hears each message once, and leaves whole', async () => {
  const client = fixture()
  const model = visit(client)
  await Promise.all([model.join(), model.join()])
  await model.join()
  await model.send('hello')
  await vi.waitFor(() => expect(model.messages.value.map(({ own }) => own)).toEqual([false, true]), { timeout: 15_000 })
  model.leave()
  expect(await client.gossip()).toMatchObject({ running: false })
})

test('a page that is closed while it joins listens no more', async () => {
  const client = fixture()
  const model = visit(client)
  const joining = model.join()
  model.close()
  await joining
  expect(await client.gossip()).toMatchObject({ running: false })
})

test('the next visit joins again, or only knows the identity when it was left; without either nothing is asked', async () => {
  const client = fixture()
  await visit(client).join()
  const second = visit(client)
  await vi.waitFor(() => expect(second.joined.value).toBe(true), { timeout: 15_000 })
  second.leave()
  const third = visit(client)
  await vi.waitFor(() => expect(third.status.value?.identity?.peerId).toMatch(/^Qm/), { timeout: 15_000 })
  expect(third.joined.value).toBe(false)
  kept.clear()
  const gossip = vi.fn(client.gossip)
  expect(visit({ ...client, gossip }).status.value).toBe(null)
  expect(gossip).not.toHaveBeenCalled()
})

test('a tab whose identity was forgotten in another one takes part no more, and makes no other by itself', async () => {
  const client = fixture()
  const [one, other] = [visit(client), visit(client)]
  await one.join()
  await other.join()
  await client.forgetIdentity(one.status.value?.identity?.peerId ?? '')
  one.leave()
  await other.refresh()
  expect(other.joined.value).toBe(false)
  expect(other.status.value).toMatchObject({ identity: null, forgotten: true, running: false })
  expect((await client.gossip()).identity).toBe(null)
  await expect(other.send('as whom?')).rejects.toThrow()
  await other.join()
  expect(other.status.value).toMatchObject({ forgotten: false, running: true })
})

test('on mainnet nobody is brought to the demonstration topic, also who took part elsewhere', async () => {
  kept.set('petal.gossip', 'joined')
  const client = fixture('mainnet')
  const subscribe = vi.fn(client.subscribe)
  const model = visit({ ...client, subscribe })
  await model.join()
  expect(subscribe).not.toHaveBeenCalled()
  expect(model.joined.value).toBe(false)
  expect(model.status.value?.identity).toBe(null)
})
