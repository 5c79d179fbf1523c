import { bytesToHex } from '@noble/hashes/utils.js'
import { identityOfSeed, signAlert } from '@petal/core/identity/index.ts'
import type { KeptAlert } from '@petal/core/light/alert-types.ts'
import type { DriverState } from '@petal/core/light/driver.ts'
import type { Finding } from '@petal/core/light/events.ts'
import { chainOf, descriptionOf, madeCrypto } from '@petal/core/light/made-up.ts'
import { boundLimits } from '@petal/core/light/policy.ts'
import { type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import type { Remote } from 'comlink'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { ClientHost } from './host.ts'
import type { HostOptions } from './host-api.ts'
import { PageServices } from './page-services.ts'

const ADDRESS = 'http://node.example/network.json'
const chain = chainOf(1, 5)
const SHARD = { kind: 'shard', domain: new Uint8Array(32).fill(7), frame: null, mark: false } as const
const hosts: ClientHost[] = []

function peerAt(address: string, alerts: readonly Uint8Array[] = []): LightPeer {
  return {
    id: address,
    address,
    transport: 'own',
    hello: async () => ({ network: 'simulated', profile: '2.1.0.24', head: 5n, oldest: 1n, maxHeaders: 32 }),
    head: async () => chain.get(5n) as Uint8Array,
    headers: async (from, count) =>
      Array.from({ length: count }, (_, i) => chain.get(from + BigInt(i))).filter((header) => header !== undefined),
    subscribe: (_onHead, signal, onAlerts) => {
      onAlerts?.(alerts)
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
    traffic: () => ({ received: 1, sent: 1 }),
    close: async () => {},
  }
}

/** A host whose only transport is a function of the embedder that reaches the addresses in `reachable`. */
function start(reachable: ReadonlySet<string>, options: Partial<HostOptions> = {}, alerts: readonly Uint8Array[] = []) {
  const seen = {
    states: [] as DriverState[],
    heads: [] as Finding[],
    alerts: [] as KeptAlert[],
    dialled: [] as string[],
    networks: 0,
  }
  const services = new PageServices(async (address) => {
    seen.dialled.push(address)
    if (!reachable.has(address)) throw new PeerError('dial', 'nobody there')
    return peerAt(address, alerts)
  }, null)
  const host = new ClientHost(
    {
      network: ADDRESS,
      anchors: null,
      store: 'memory',
      transports: { builtIn: [], functions: 1 },
      timeProofs: 'off',
      limits: boundLimits({}),
      workers: 1,
      ...options,
    },
    services as unknown as Remote<PageServices>,
    {
      network: () => void seen.networks++,
      state: (state) => void seen.states.push(state),
      head: (head) => void seen.heads.push(head),
      frame: () => {},
      refusal: () => {},
      evidence: () => {},
      alert: (alert) => void seen.alerts.push(alert),
    },
    { makeCrypto: madeCrypto },
  )
  hosts.push(host)
  return { host, seen, state: () => seen.states.at(-1) }
}
const text = (addresses: readonly string[]) => JSON.stringify(descriptionOf(addresses, Date.now() - 1000))
const answers = (body: () => string) => vi.fn(async () => new Response(body()))

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()))
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the client inside its worker', () => {
  test('follows by an address, an object, and added addresses', async () => {
    vi.stubGlobal(
      'fetch',
      answers(() => text(['/a'])),
    )
    const { host, seen, state } = start(new Set(['/a']))
    await vi.advanceTimersByTimeAsync(3000)
    expect(state()).toMatchObject({ phase: 'ready', at: 5n })
    expect(seen.networks).toBe(1)
    expect(host.head()?.facts?.number).toBe(5n)
    expect(host.recent(10)).toHaveLength(5)
    expect(host.work().certificates).toBe(5)
    const other = start(new Set(['/late']), { network: descriptionOf([], Date.now()) })
    other.host.addAddress('/late')
    await vi.advanceTimersByTimeAsync(3000)
    expect(other.state()).toMatchObject({ phase: 'ready', at: 5n })
  })

  test('a description that cannot be reached is tried again, and said', async () => {
    let there = false
    const fetch = vi.fn(async () => {
      if (!there) throw new TypeError('Failed to fetch')
      return new Response(text(['/a']))
    })
    vi.stubGlobal('fetch', fetch)
    const { state } = start(new Set(['/a']))
    await vi.advanceTimersByTimeAsync(7000)
    expect(state()).toMatchObject({ phase: 'connecting' })
    expect(state()?.reason).toContain('cannot be reached (Failed to fetch)')
    there = true
    await vi.advanceTimersByTimeAsync(8000)
    expect(state()).toMatchObject({ phase: 'ready', at: 5n })
  })

  test('a description that cannot be used halts it, and every query says so', async () => {
    vi.stubGlobal(
      'fetch',
      answers(() => '{"format":7}'),
    )
    const { host, state } = start(new Set())
    await vi.advanceTimersByTimeAsync(100)
    expect(state()).toMatchObject({ phase: 'halted', halt: 'anchors' })
    expect(state()?.reason).toContain('format 7')
    expect(await host.query(1, { kind: 'header', number: 3n })).toMatchObject({ kind: 'failed', code: 'halted' })
    expect(await host.read(2, SHARD, null)).toMatchObject({ kind: 'failed', code: 'halted' })
  })

  test('nodes that start again at other addresses are found, while what is trusted stays', async () => {
    let addresses = ['/old']
    vi.stubGlobal(
      'fetch',
      answers(() => text(addresses)),
    )
    const { seen, state } = start(new Set(['/new']))
    await vi.advanceTimersByTimeAsync(5000)
    expect(state()).toMatchObject({ phase: 'connecting', at: null })
    addresses = ['/new']
    await vi.advanceTimersByTimeAsync(20_000)
    expect(state()).toMatchObject({ phase: 'ready', at: 5n })
    expect(seen.networks).toBe(1)
    expect(seen.dialled).toContain('/new')
  })

  test('a read of state asks the connected peers, is given up by its call, and ends with the client', async () => {
    const { host, state } = start(new Set(['/a']), { network: descriptionOf(['/a'], Date.now()) })
    await vi.advanceTimersByTimeAsync(3000)
    expect(state()).toMatchObject({ phase: 'ready' })
    const none = await host.read(2, SHARD, null)
    expect(none).toMatchObject({
      kind: 'failed',
      code: 'notFound',
      reason: expect.stringContaining('carries no state'),
    })
    const [given, last] = [
      host.read(3, { ...SHARD, frame: 1000n }, null),
      host.read(4, { ...SHARD, frame: 1001n }, null),
    ]
    host.cancel(3)
    expect(await given).toMatchObject({ kind: 'failed', code: 'stopped' })
    await host.stop()
    expect(await last).toMatchObject({ kind: 'failed', code: 'stopped' })
  })

  test('OPS-08 an alert is told when it is verified by the key of the anchors that were given, kept, and put away', async () => {
    const engine = loadNativeEngine()
    const operator = identityOfSeed(new Uint8Array(57).fill(7), engine)
    const network = descriptionOf(['/a'], Date.now())
    const anchors = { ...network.anchors, alertKey: bytesToHex(operator.publicKey) }
    const alerts = [signAlert('note', operator, engine)]
    // What the description says of the key does not count where a person gave anchors.
    const lying = { ...network, anchors: { ...anchors, alertKey: '3a'.repeat(57) } }
    const { host, seen, state } = start(new Set(['/a']), { network: lying, anchors }, alerts)
    await vi.advanceTimersByTimeAsync(3000)
    await vi.waitFor(() => expect(seen.alerts).toMatchObject([{ message: 'note', dismissed: false }]), {
      timeout: 15_000,
    })
    const [{ digest } = { digest: '' }] = await host.alerts()
    expect([await host.dismissAlert(digest), await host.dismissAlert('00'.repeat(32))]).toEqual([true, false])
    expect(await host.alerts()).toMatchObject([{ message: 'note', dismissed: true }])
    expect(state()).toMatchObject({ phase: 'ready', at: 5n })

    const other = start(new Set(['/a']), { network }, alerts)
    await vi.advanceTimersByTimeAsync(3000)
    await vi.waitFor(() => expect(other.host.work().refusals).toBe(1), { timeout: 15_000 })
    expect([other.seen.alerts, await other.host.alerts()]).toEqual([[], []])
    expect(other.state()).toMatchObject({ phase: 'ready', at: 5n })
    const halted = start(new Set(), { network: { ...network, format: 7 } as never })
    expect([await halted.host.alerts(), await halted.host.dismissAlert(digest)]).toEqual([[], false])
  })

  test('stop ends what waits, and nothing is told after it', async () => {
    vi.stubGlobal(
      'fetch',
      answers(() => text(['/a'])),
    )
    const { host, seen } = start(new Set())
    await vi.advanceTimersByTimeAsync(1000)
    const query = host.query(7, { kind: 'header', number: 3n })
    await vi.advanceTimersByTimeAsync(0)
    await host.stop()
    expect(await query).toMatchObject({ kind: 'failed' })
    const states = seen.states.length
    await vi.advanceTimersByTimeAsync(120_000)
    expect(seen.states.length).toBe(states)
  })
})
