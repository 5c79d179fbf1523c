import type { Libp2p } from '@libp2p/interface'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Connections } from './connections.ts'

const PEER = 'QmQmcSbHnEXjuxhR5bHvJi1sM2x1JxHhHmWbHHAyBGsfKq'
const ADDRESS = '/ip4/127.0.0.1/tcp/4001/ws'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A node whose dials do as `outcome` says, and what was dialled. */
function dialing(outcome: 'stays' | 'ends' | 'fails') {
  const events = new EventTarget()
  const dialled: string[] = []
  const open: { readonly remotePeer: string }[] = []
  const node = {
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    getConnections: () => open,
    dial: async (address: unknown) => {
      dialled.push(String(address))
      if (outcome === 'fails') throw new Error('nobody answers there')
      const connection = { remotePeer: PEER }
      if (outcome === 'stays') open.push(connection)
      else setTimeout(() => events.dispatchEvent(new Event('peer:disconnect')))
      return connection
    },
  } as unknown as Libp2p
  const drop = () => {
    open.length = 0
    events.dispatchEvent(new Event('peer:disconnect'))
  }
  return { dialled, node, drop }
}

async function minute(outcome: 'stays' | 'ends' | 'fails', address: string): Promise<number> {
  const { node, dialled } = dialing(outcome)
  const connections = new Connections(node, { addresses: () => [address], nodes: 3 })
  await vi.advanceTimersByTimeAsync(60_000)
  connections.stop()
  return dialled.length
}

test('a node is dialled once while it is connected, whether its address names it or not', async () => {
  expect(await minute('stays', ADDRESS)).toBe(1)
  expect(await minute('stays', `${ADDRESS}/p2p/${PEER}`)).toBe(1)
})

test('an address that fails rests twice as long each time', async () => {
  expect(await minute('fails', ADDRESS)).toBe(6)
})

test('a node that ends every connection at once is not dialled as fast as it does so', async () => {
  expect(await minute('ends', `${ADDRESS}/p2p/${PEER}`)).toBeLessThanOrEqual(31)
})

test('a connection that was there for a while is dialled again at once', async () => {
  const { node, dialled, drop } = dialing('stays')
  const connections = new Connections(node, { addresses: () => [ADDRESS], nodes: 3 })
  await vi.advanceTimersByTimeAsync(10_000)
  drop()
  await vi.advanceTimersByTimeAsync(1)
  connections.stop()
  expect(dialled.length).toBe(2)
})
