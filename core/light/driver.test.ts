import { describe, expect, test, vi } from 'vitest'
import type { CommitteeHandle, Crypto } from '../platform/crypto.ts'
import { CryptoError } from '../platform/crypto.ts'
import { type LightPeer, PeerError, type StatePeer } from '../platform/network.ts'
import { peerOf, run } from './driver-testing.ts'
import { madeCrypto } from './made-up.ts'
import { MemoryStore } from './memory-store.ts'

describe('the driver', () => {
  test('verifies what a peer serves, stores it, and tells it', async () => {
    const store = new MemoryStore()
    const { driver, clock, seen, state } = run({ store })
    await driver.start()
    await clock.pass(10_000)
    expect(seen.heads.map((head) => head.verified)).toEqual(['certificate', 'full'])
    expect(driver.recent(100)).toHaveLength(20)
    expect(state()).toMatchObject({ phase: 'ready', at: 20n })
    expect(state().peers[0]).toMatchObject({ id: 'a', received: 100, sent: 10, status: 'connected' })
    expect(driver.work()).toMatchObject({ certificates: 20, timeProofs: 20 })
    await driver.stop()
    await driver.stop()
    let stored = 0
    for await (const _ of store.range()) stored++
    expect(stored).toBe(20)
  })

  test('a peer that never answers is timed out by the clock that was handed in', async () => {
    const never = () => new Promise<never>(() => {})
    const silent = peerOf('silent', {
      hello: (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new PeerError('timeout', 'too late'))),
        ),
    })
    const { driver, clock, state } = run({ peers: { silent: async () => silent, dead: never } })
    await driver.start()
    await clock.pass(60_000)
    expect(state()).toMatchObject({ phase: 'connecting', at: null })
    expect(state().reason).toContain('does not answer')
    await driver.stop()
  })

  test('an hour of sleep in between: one jump of the clock, and the newest frame is there', async () => {
    const hellos = vi.fn(peerOf('a').hello)
    const { driver, clock, state } = run({ peers: { a: async () => peerOf('a', { hello: hellos }) } })
    await driver.start()
    await clock.pass(5000)
    clock.time += 3_600_000
    await clock.pass(2000)
    expect(hellos).toHaveBeenCalledTimes(2)
    expect(state()).toMatchObject({ phase: 'ready', at: 20n })
    await driver.stop()
  })

  test('a query is answered, or cancelled by its signal', async () => {
    const { driver, clock } = run({})
    await driver.start()
    await clock.pass(5000)
    expect(await driver.query({ kind: 'header', number: 3n })).toMatchObject({ kind: 'finding' })
    const controller = new AbortController()
    const waiting = driver.query({ kind: 'header', number: 3000n }, controller.signal)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(driver.query({ kind: 'header', number: 3n }, AbortSignal.abort())).rejects.toThrow()
    await driver.stop()
  })

  test('a store that cannot be read, and a full one, are said', async () => {
    const store = new MemoryStore()
    await store.close()
    const { driver, clock, state } = run({ store })
    await driver.start()
    await clock.pass(5000)
    expect(state().phase).toBe('ready')
    expect(state().reason).toContain('cannot be read')
    await driver.stop()
  })

  test('without an engine it halts', async () => {
    const crypto: Crypto = {
      ...madeCrypto(),
      openCommittee: async () => {
        throw new CryptoError('unavailable', 'WebAssembly does not run here')
      },
    }
    const { driver, clock, state } = run({ crypto })
    await driver.start()
    await clock.pass(1000)
    expect(state()).toMatchObject({ phase: 'halted', halt: 'engine' })
    await driver.stop()
  })

  test('stop hangs up, also on a connection that comes late', async () => {
    const closed: string[] = []
    let connect: (peer: LightPeer) => void = () => {}
    const late = new Promise<LightPeer>((resolve) => {
      connect = resolve
    })
    const peer = (id: string) => peerOf(id, { close: async () => void closed.push(id) })
    const closeCommittee = vi.fn(async (_handle: CommitteeHandle) => {})
    const { driver, clock } = run({
      peers: { a: async () => peer('a'), late: () => late },
      crypto: { ...madeCrypto(), closeCommittee },
    })
    await driver.start()
    await clock.pass(5000)
    await driver.stop()
    connect(peer('late'))
    await clock.pass(1000)
    expect(closed).toEqual(['a', 'late'])
    expect(closeCommittee).toHaveBeenCalledOnce()
  })

  test('peers that said hello can be asked for state; a question ends in time, with its signal, and with the peer', async () => {
    const reasons: unknown[] = []
    const waits = (signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason instanceof DOMException ? signal.reason.name : 'other')
          reject(signal.reason)
        }),
      )
    const values: StatePeer = {
      state: (_question, signal) => waits(signal),
      shard: (_domain, _frame, signal) => waits(signal),
      sync: (_query, signal) => waits(signal),
    }
    const silent = () => new Promise<never>(() => {})
    const { driver, clock } = run({
      peers: {
        a: async () => peerOf('a', { values }),
        b: async () => peerOf('b'),
        c: async () => peerOf('c', { hello: silent }),
      },
    })
    expect(driver.peers()).toEqual([])
    await driver.start()
    await clock.pass(2000)
    expect(driver.peers().map(({ id, values: served }) => [id, served !== undefined])).toEqual([
      ['a', true],
      ['b', false],
    ])
    const asked = driver.peers()[0]?.values
    const given = new AbortController()
    const domain = new Uint8Array(32)
    const { signal } = new AbortController()
    const questions = [
      asked?.shard(domain, null, signal),
      asked?.state({ frame: null, domain, phaseSet: 0, addresses: [domain] }, given.signal),
      asked?.sync(domain, signal),
    ].map((question) => question?.catch(() => 'ended'))
    given.abort(new Error('given up'))
    await clock.pass(11_000)
    expect(reasons).toEqual(['other', 'TimeoutError'])
    await driver.stop()
    expect(await Promise.all(questions)).toEqual(['ended', 'ended', 'ended'])
    expect(reasons).toHaveLength(3)
    expect(driver.peers()).toEqual([])
  })
})
