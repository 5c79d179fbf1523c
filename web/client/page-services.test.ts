import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import { storeCompliance } from '@petal/core/platform/store-compliance.ts'
import { expose, type Remote, wrap } from 'comlink'
import { afterEach, describe, expect, test } from 'vitest'
import { dialable } from './dialing.ts'
import { PageServices, type Way } from './page-services.ts'
import { dialByPage } from './remote-peer.ts'
import { remoteStore } from './remote-store.ts'

const ports: MessagePort[] = []
/** The services of a page, as its worker sees them. */
function across(services: PageServices): Remote<PageServices> {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  expose(services, port1)
  return wrap<PageServices>(port2)
}
afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

const never = new AbortController().signal
const hello = { network: 'n', profile: 'p', head: 2n ** 64n - 1n, oldest: 1n, maxHeaders: 32 }
const hanging = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new PeerError('cancelled', 'given up'))),
  )

function peerWith(more: Partial<LightPeer> = {}): LightPeer {
  return {
    id: 'id',
    address: '/a',
    transport: 'own',
    hello: async () => hello,
    head: hanging,
    headers: async (from, count) => [Uint8Array.of(Number(from), count)],
    subscribe: async (onHead, signal) => {
      onHead(Uint8Array.of(1))
      onHead(Uint8Array.of(2))
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    },
    traffic: () => ({ received: 7, sent: 3 }),
    close: async () => {},
    ...more,
  }
}

describe('a peer of the page, used by the worker', () => {
  test('answers, announces, counts and closes', async () => {
    let closed = 0
    const ways: Way[] = []
    const services = new PageServices(async (_address, way) => {
      ways.push(way)
      return peerWith({ close: async () => void closed++ })
    }, null)
    const peer = await dialByPage(across(services), '/a', 'webrtc-direct', never)
    expect(peer).toMatchObject({ id: 'id', address: '/a', transport: 'own' })
    expect(await peer.hello(never)).toEqual(hello)
    expect(await peer.headers(5n, 2, never)).toEqual([Uint8Array.of(5, 2)])
    const stop = new AbortController()
    const heads: Uint8Array[] = []
    await peer.subscribe((head) => {
      heads.push(head)
      if (heads.length === 2) stop.abort()
    }, stop.signal)
    expect(heads).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    await expect.poll(() => peer.traffic()).toEqual({ received: 7, sent: 3 })
    await peer.close()
    expect(closed).toBe(1)
    await expect(peer.hello(never)).rejects.toMatchObject({ code: 'closed' })
    expect(ways).toEqual(['webrtc-direct'])
  })

  test('OPS-08 alerts come across beside heads, for who asked for them', async () => {
    const asked: boolean[] = []
    const subscribe: LightPeer['subscribe'] = async (_onHead, signal, onAlerts) => {
      asked.push(onAlerts !== undefined)
      onAlerts?.([Uint8Array.of(1), Uint8Array.of(2)])
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    const peer = await dialByPage(across(new PageServices(async () => peerWith({ subscribe }), null)), '/a', 0, never)
    const stop = new AbortController()
    const heard = await new Promise((resolve) => void peer.subscribe(() => {}, stop.signal, resolve))
    expect(heard).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    stop.abort()
    const other = new AbortController()
    const done = peer.subscribe(() => {}, other.signal)
    await expect.poll(() => asked).toEqual([true, false])
    other.abort()
    await done
  })

  test('a signal cancels on the other side, and a time-out is told as such', async () => {
    const page = across(new PageServices(async () => peerWith(), null))
    const peer = await dialByPage(page, '/a', 0, never)
    await expect(peer.head(AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'PeerError', code: 'timeout' })
    const controller = new AbortController()
    const asked = peer.head(controller.signal)
    controller.abort()
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    await expect(peer.head(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('errors keep their code; a connection that comes too late is closed', async () => {
    const failing = across(
      new PageServices(async () => {
        throw new PeerError('dial', 'nobody there')
      }, null),
    )
    await expect(dialByPage(failing, '/a', 0, never)).rejects.toMatchObject({ code: 'dial', message: 'nobody there' })
    let closed = 0
    const late = across(
      new PageServices(async (_address, _way, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        return peerWith({ close: async () => void closed++ })
      }, null),
    )
    await expect(dialByPage(late, '/a', 0, AbortSignal.timeout(20))).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => closed).toBe(1)
  })
})

describe("the embedder's store, used by the worker", () => {
  test('without one it is unavailable, and errors keep their code', async () => {
    const none = remoteStore(across(new PageServices(async () => peerWith(), null)))
    await expect(none.get(Uint8Array.of(1))).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    const store = new MemoryStore()
    await store.close()
    const closed = remoteStore(across(new PageServices(async () => peerWith(), store)))
    await expect(closed.batch([], 'durable')).rejects.toMatchObject({ code: 'closed' })
  })
})

storeCompliance('of the page, over Comlink', async () => {
  const store = new MemoryStore()
  const remote = remoteStore(across(new PageServices(async () => peerWith(), store)))
  return { ...remote, close: () => store.close() }
})

describe('which addresses are dialled', () => {
  const ws = '/ip4/127.0.0.1/tcp/1/ws/p2p/A'
  const tls = '/dns4/node.example/tcp/443/tls/ws/p2p/B'
  const wt = '/ip4/127.0.0.1/udp/1/quic-v1/webtransport/certhash/u/p2p/A'
  const rtc = '/ip4/127.0.0.1/udp/2/webrtc-direct/certhash/u/p2p/A'
  const tcp = '/ip4/127.0.0.1/tcp/9/p2p/A'

  test('those of the chosen transports, what needs least first; all with a function of the embedder', () => {
    const all = { builtIn: ['websocket', 'webtransport', 'webrtc-direct'] as const, functions: 0 }
    expect(dialable([rtc, tcp, wt, ws, tls], all)).toEqual([ws, tls, wt, rtc])
    expect(dialable([rtc, tcp, wt, ws], { builtIn: ['webtransport'], functions: 0 })).toEqual([wt])
    expect(dialable([tcp, rtc, ws], { builtIn: [], functions: 1 })).toEqual([ws, rtc, tcp])
  })
})
