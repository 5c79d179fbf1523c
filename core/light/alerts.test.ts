/** Alerts of the network's operators in a light client: told once, whoever sends them, and never in the way of frames (OPS-08, OPS-H1). */
import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, test, vi } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { decodeAlert, signAlert } from '../identity/global-alert.ts'
import { identityOfSeed } from '../identity/peer-id.ts'
import { type LightPeer, PeerError } from '../platform/network.ts'
import { type Store, StoreError } from '../platform/store.ts'
import { AlertKeeper } from './alert-keeper.ts'
import { AlertKeys, loadAlerts } from './alert-records.ts'
import type { AlertReader, KeptAlert } from './alert-types.ts'
import { peerOf, run } from './driver-testing.ts'
import { descriptionOf } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'
import { boundLimits, MOST_ALERTS_KEPT } from './policy.ts'

const engine = loadNativeEngine()
const operator = identityOfSeed(new Uint8Array(57).fill(7), engine)
const stranger = identityOfSeed(new Uint8Array(57).fill(8), engine)
const signed = (text: string, by = operator) => signAlert(text, by, engine)
const forged = (text: string) => signed(text, stranger)
const verifier = (): AlertReader['verify'] => (key, alert) => engine.ed448Verify(key, alert.signed, alert.signature)

/** A peer that knows these alerts; `push` sends it more. */
function knowing(id: string, alerts: readonly Uint8Array[]) {
  let push: (some: readonly Uint8Array[]) => void = () => {}
  let asked = 0
  const subscribe: LightPeer['subscribe'] = (_onHead, signal, onAlerts) => {
    asked++
    push = (some) => onAlerts?.(some)
    push(alerts)
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  return {
    peer: async () => peerOf(id, { subscribe }),
    push: (some: readonly Uint8Array[]) => push(some),
    asked: () => asked,
  }
}

interface ClientParts {
  readonly store?: Store
  readonly load?: () => Promise<AlertReader>
  readonly key?: Uint8Array
}

/** A client whose anchors name the operator's key. */
function client(
  peers: Record<string, () => Promise<LightPeer>>,
  { store = new MemoryStore(), load, key = operator.publicKey }: ClientParts = {},
) {
  const told: KeptAlert[] = []
  const verify = vi.fn(verifier())
  const made = descriptionOf(Object.keys(peers), 1_750_000_000_000 - 1000)
  const description = { ...made, anchors: { ...made.anchors, alertKey: bytesToHex(key) } }
  const ran = run({
    peers,
    config: { description, timeProofs: 'every', limits: boundLimits({}), random: () => 0 },
    store,
    alerts: { load: load ?? (async () => ({ decode: decodeAlert, verify })), told: (alert) => told.push(alert) },
  })
  return { ...ran, told, verify, texts: () => told.map(({ message }) => message) }
}
const READY = { phase: 'ready', at: 20n }

describe('what is told', () => {
  test('what three nodes replay is told once; a later one is told when it comes', async () => {
    const alerts = [signed('second'), signed('first')]
    const [a, b, c] = [knowing('a', alerts), knowing('b', alerts), knowing('c', alerts)]
    const { driver, clock, told, texts, state, verify, seen } = client({ a: a.peer, b: b.peer, c: c.peer })
    await driver.start()
    await clock.pass(5000)
    expect(texts()).toEqual(['first', 'second'])
    expect(verify).toHaveBeenCalledTimes(2)
    expect(told[0]).toMatchObject({ dismissed: false, firstSeenAt: expect.any(Number) })
    for (const node of [a, b, c]) node.push([signed('third')])
    await clock.pass(1000)
    expect(texts()).toEqual(['first', 'second', 'third'])
    expect((await driver.alerts()).map(({ message }) => message)).toEqual(['third', 'second', 'first'])
    expect(state()).toMatchObject(READY)
    expect(seen.refusals).toEqual([])
    expect([a.asked(), b.asked(), c.asked()]).toEqual([1, 1, 1])
    await driver.stop()
  })

  test('what was seen is not told again after a restart, and what was dismissed stays so', async () => {
    const store = new MemoryStore()
    const a = knowing('a', [signed('one'), signed('two')])
    const first = client({ a: a.peer }, { store })
    await first.driver.start()
    await first.clock.pass(3000)
    const digest = first.told.find(({ message }) => message === 'one')?.digest ?? ''
    expect(await first.driver.dismissAlert(digest)).toBe(true)
    expect(await first.driver.dismissAlert('00'.repeat(32))).toBe(false)
    expect(first.told.at(-1)).toMatchObject({ message: 'one', dismissed: true })
    await first.driver.stop()

    const second = client({ a: a.peer }, { store })
    second.clock.time += 86_400_000
    await second.driver.start()
    await second.clock.pass(3000)
    expect([second.told, second.verify.mock.calls.length]).toEqual([[], 0])
    expect(await second.driver.alerts()).toEqual(
      [...(await first.driver.alerts())].map((alert) => ({ ...alert, dismissed: alert.message === 'one' })),
    )
    await second.driver.stop()
  })

  test('two tabs with one store agree: what one dismissed is dismissed in the other, in any order', async () => {
    const store = new MemoryStore()
    const [a, b] = [knowing('a', [signed('one')]), knowing('a', [])]
    const [first, second] = [client({ a: a.peer }, { store }), client({ a: b.peer }, { store })]
    for (const { driver, clock } of [first, second]) {
      await driver.start()
      await clock.pass(3000)
    }
    expect(await second.driver.alerts()).toMatchObject([{ message: 'one', dismissed: false }])
    await second.driver.dismissAlert(first.told[0]?.digest ?? '')
    expect(await first.driver.alerts()).toMatchObject([{ message: 'one', dismissed: true }])
    // A tab that hears of it only now adopts what is known.
    const third = client({ a: a.peer }, { store })
    await third.driver.start()
    await third.clock.pass(3000)
    expect(third.texts()).toEqual([])
    for (const { driver } of [first, second, third]) await driver.stop()
  })

  test('under another alert key nothing of before counts', async () => {
    const store = new MemoryStore()
    const before = client({ a: knowing('a', [signed('of the old key')]).peer }, { store })
    await before.driver.start()
    await before.clock.pass(3000)
    await before.driver.stop()
    const now = client({ a: knowing('a', [forged('of the new key')]).peer }, { store, key: stranger.publicKey })
    await now.driver.start()
    await now.clock.pass(3000)
    expect((await now.driver.alerts()).map(({ message }) => message)).toEqual(['of the new key'])
    await now.driver.stop()
  })

  test('with a store that fails it is told all the same', async () => {
    const store = new MemoryStore()
    const full: Store = {
      get: (key) => store.get(key),
      range: (options) => store.range(options),
      snapshot: () => store.snapshot(),
      close: () => store.close(),
      batch: async () => {
        throw new StoreError('full', 'no room')
      },
    }
    const { driver, clock, texts, state } = client({ a: knowing('a', [signed('one')]).peer }, { store: full })
    await driver.start()
    await clock.pass(3000)
    expect(texts()).toEqual(['one'])
    expect(await driver.dismissAlert((await driver.alerts())[0]?.digest ?? '')).toBe(true)
    expect(await driver.alerts()).toMatchObject([{ message: 'one', dismissed: true }])
    expect(state()).toMatchObject(READY)
    await driver.stop()
  })

  test('what verifies is loaded again when it could not be, and a client that stops does not wait for it', async () => {
    let there = false
    const load = vi.fn(async (): Promise<AlertReader> => {
      if (!there) throw new Error('Failed to fetch')
      return { decode: decodeAlert, verify: verifier() }
    })
    const { driver, clock, texts, state } = client({ a: knowing('a', [signed('one')]).peer }, { load })
    await driver.start()
    await clock.pass(5000)
    expect([texts(), load.mock.calls.length]).toEqual([[], 1])
    expect(state()).toMatchObject(READY)
    there = true
    await clock.pass(20_000)
    expect(texts()).toEqual(['one'])
    await driver.stop()

    there = false
    const other = client({ a: knowing('a', [signed('one')]).peer }, { load })
    await other.driver.start()
    await other.clock.pass(3000)
    await other.driver.stop()
    expect(other.texts()).toEqual([])

    const hanging = client({ a: knowing('a', [signed('one')]).peer }, { load: () => new Promise(() => {}) })
    await hanging.driver.start()
    await hanging.clock.pass(3000)
    await hanging.driver.stop()
  })

  test('who hands in nothing that verifies asks nobody', async () => {
    const a = knowing('a', [])
    const subscribe = vi.fn((await a.peer()).subscribe)
    const { driver, clock } = run({ peers: { a: async () => peerOf('a', { subscribe }) } })
    await driver.start()
    await clock.pass(2000)
    expect(subscribe.mock.calls.map((call) => call.length)).toEqual([2])
    expect([await driver.alerts(), await driver.dismissAlert('00'.repeat(32))]).toEqual([[], false])
    await driver.stop()
  })
})

describe('nodes that lie', () => {
  const wrong: readonly (readonly [string, () => readonly Uint8Array[]])[] = [
    ['of another key', () => [forged('not by the operators')]],
    ['that is none', () => [new Uint8Array(40)]],
    ['without a text', () => [signed('')]],
    ['with a changed text', () => [signed('stop').map((byte, at) => (at === 8 ? byte ^ 1 : byte))]],
    ['among 17', () => Array.from({ length: 17 }, (_, i) => signed(`${i}`))],
    ['that is too long', () => [new Uint8Array(1127)]],
  ]

  test.each(wrong)(
    'one that sends an alert %s is counted, told of and left; the other is followed',
    async (_, alerts) => {
      const [a, b] = [knowing('a', alerts()), knowing('b', [signed('true')])]
      const { driver, clock, texts, state, seen } = client({ b: b.peer, a: a.peer })
      await driver.start()
      await clock.pass(5000)
      expect(texts()).toEqual(['true'])
      expect(seen.refusals).toMatchObject([{ frame: null, from: 'a', reason: expect.stringContaining('alert') }])
      expect(driver.work().refusals).toBe(1)
      expect(state()).toMatchObject(READY)
      expect(state().peers).toMatchObject([
        { id: 'b', status: 'connected' },
        { id: 'a', status: 'failed', reason: expect.stringContaining('alert') },
      ])
      await driver.stop()
    },
  )

  test('the only one is kept for its frames, and its alerts are not listened to any more', async () => {
    const a = knowing('a', [forged('x'), ...Array.from({ length: 15 }, (_, i) => forged(`${i}`))])
    const { driver, clock, texts, state, seen, verify } = client({ a: a.peer })
    await driver.start()
    await clock.pass(3000)
    for (let i = 0; i < 40; i++) a.push([signed('true'), forged(`${i}`)])
    await clock.pass(5000)
    expect(texts()).toEqual([])
    // The first lie ends it: of sixteen one was verified.
    expect(verify).toHaveBeenCalledTimes(1)
    expect(seen.refusals).toHaveLength(1)
    expect(state()).toMatchObject({ ...READY, peers: [{ status: 'connected' }] })
    expect(seen.heads.at(-1)?.verified).toBe('full')
    await driver.stop()
  })

  test('no answer costs more than 16 verifications, and a flood of true alerts ends with the node', async () => {
    const most = Array.from({ length: 16 }, (_, i) => signed(`alert ${i}`))
    const [a, b] = [knowing('a', most), knowing('b', [])]
    const { driver, clock, verify, state, texts } = client({ a: a.peer, b: b.peer })
    await driver.start()
    await clock.pass(3000)
    expect([verify.mock.calls.length, texts().length]).toEqual([16, 16])
    for (let i = 0; i < 10; i++) a.push([signed(`flood ${i}`)])
    await clock.pass(3000)
    expect(state()).toMatchObject(READY)
    expect(state().peers.find(({ address }) => address === 'a')).toMatchObject({
      status: 'failed',
      reason: 'it floods with alerts',
    })
    await driver.stop()
  })

  test('a flood of nothing ends with the node, and so does one of what is not listened to', async () => {
    const silent = knowing('silent', [])
    const { driver, clock, state } = client({ silent: silent.peer })
    const reason = () => state().peers.find(({ address }) => address === 'silent')?.reason
    await driver.start()
    await clock.pass(3000)
    for (let i = 0; i < 100; i++) silent.push([])
    await clock.pass(100)
    expect(reason()).toBe('it floods with alerts')
    await driver.stop()

    const lying = knowing('silent', [])
    const other = client({ silent: lying.peer })
    await other.driver.start()
    await other.clock.pass(3000)
    lying.push([Uint8Array.of(1)])
    await other.clock.pass(20_000)
    expect(other.state()).toMatchObject(READY)
    for (let i = 0; i < 100; i++) lying.push([signed(`unheard ${i}`)])
    await other.clock.pass(100)
    expect(other.state().peers.find(({ address }) => address === 'silent')?.reason).toBe('it floods with alerts')
    await other.driver.stop()
  })

  test('one whose stream of alerts is not the protocol has done wrong; one that goes away has not', async () => {
    const failing = (code: 'protocol' | 'closed') => async () =>
      peerOf(code, {
        subscribe: async () => {
          throw new PeerError(code, `it is ${code}`)
        },
      })
    const dials = { protocol: 0, closed: 0, good: 0 }
    const counted = (name: keyof typeof dials, peer: () => Promise<LightPeer>) => () => {
      dials[name]++
      return peer()
    }
    const { driver, clock, state } = client({
      good: counted('good', knowing('good', []).peer),
      protocol: counted('protocol', failing('protocol')),
      closed: counted('closed', failing('closed')),
    })
    await driver.start()
    await clock.pass(20_000)
    expect([dials.good, dials.protocol]).toEqual([1, 1])
    expect(dials.closed).toBeGreaterThan(2)
    expect(state()).toMatchObject(READY)
    await driver.stop()
  })
})

describe('what is kept', () => {
  const keys = new AlertKeys(new TextEncoder().encode('light/x'), operator.publicKey)
  const alert = (n: number) => ({ digest: n.toString(16).padStart(64, '0'), message: `alert ${n}`, firstSeenAt: n })

  test(`at most ${MOST_ALERTS_KEPT}: the oldest of those that were dismissed go first, then the oldest`, async () => {
    const store = new MemoryStore()
    const keeper = new AlertKeeper(store, keys)
    for (let n = 1; n <= MOST_ALERTS_KEPT; n++) await keeper.keep(alert(n))
    await keeper.dismiss(alert(6).digest)
    await keeper.dismiss(alert(5).digest)
    for (const n of [2001, 2002, 2003]) await keeper.keep(alert(n))
    for (const held of [await keeper.list(), await loadAlerts(store, keys)]) {
      const times = held.map(({ firstSeenAt }) => firstSeenAt)
      expect([times.length, ...[1, 2, 4, 5, 6, 7, 2003].map((n) => times.includes(n))]).toEqual([
        MOST_ALERTS_KEPT,
        ...[false, true, true, false, false, true, true],
      ])
    }
    let records = 0
    for await (const _ of store.range()) records++
    expect(records).toBe(MOST_ALERTS_KEPT)
  })

  test('records that cannot be read are nobody’s alerts', async () => {
    const store = new MemoryStore()
    const keeper = new AlertKeeper(store, keys)
    await keeper.keep(alert(1))
    const bad = ['', '{}', 'null', '{"version":2,"message":"x","firstSeenAt":1}', `{"message":"${'x'.repeat(7000)}"}`]
    for (const [i, text] of bad.entries()) {
      const key = keys.seen(alert(10 + i).digest)
      await store.batch([{ kind: 'put', key, value: new TextEncoder().encode(text) }])
    }
    expect(await loadAlerts(store, keys)).toEqual([{ ...alert(1), dismissed: false }])
    expect(await new AlertKeeper(store, keys).list()).toEqual([{ ...alert(1), dismissed: false }])
  })
})
