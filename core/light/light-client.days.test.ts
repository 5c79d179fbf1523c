import { describe, expect, test } from 'vitest'
import { chainOf } from './made-up.ts'
import { honest, type MadePeer, Simulation } from './simulation.ts'

const MINUTE = 60_000

describe('time', () => {
  const chain = chainOf(1, 400)
  test('peers vanish and return: the head stays, the state says it, the chain goes on', async () => {
    let there = true
    let height = 10
    const peer = { ...honest(chain, () => height), reachable: () => there }
    const run = await (await new Simulation({ peers: { a: peer } }).start()).run(10_000)
    there = false
    run.disconnect('a')
    await run.run(2 * MINUTE)
    expect(run.state).toMatchObject({ phase: 'degraded', at: 10n })
    expect(run.state.reason).toContain('No node is connected')
    there = true
    await run.run(MINUTE)
    expect(run.state).toMatchObject({ phase: 'ready', at: 10n, health: 'ok' })
    height = 22
    await run.run(MINUTE)
    expect(run.state).toMatchObject({ phase: 'ready', at: 22n })
    expect(run.held()).toHaveLength(22)
  })

  test('a chain that stands still is a stall', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain, () => 10) } }).start()).run(2 * MINUTE)
    expect(run.state).toMatchObject({ phase: 'degraded', health: 'stalled', at: 10n })
  })

  test('after an hour of sleep everybody says hello again, and the newest frame comes at once', async () => {
    let height = 10
    const run = await (await new Simulation({ peers: { a: honest(chain, () => height) } }).start()).run(10_000)
    height = 370
    run.sleep(60 * MINUTE)
    await run.run(3000)
    expect(run.at).toBe(370n)
    await run.run(MINUTE)
    expect(run.held().slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, i) => 370 - i))
    expect(run.state.peers[0]?.status).toBe('connected')
  })

  test('a connection that died in the sleep is made again', async () => {
    let height = 10
    let dead = false
    const peer: MadePeer = { ...honest(chain, () => height), reachable: () => !dead }
    const run = await (await new Simulation({ peers: { a: peer } }).start()).run(10_000)
    height = 370
    dead = true
    run.sleep(60 * MINUTE)
    await run.run(100)
    dead = false
    await run.run(10_000)
    expect(run.at).toBe(370n)
  })

  test('anchors that are too old stop the client before it asks anybody', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain) }, issuedAt: 0 }).start()).run(1000)
    expect(run.state).toMatchObject({ phase: 'halted', halt: 'anchors' })
    expect(run.state.reason).toMatch(/days old/)
    expect(run.dials).toEqual([])
  })

  test('at most two states a second', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(MINUTE)
    expect(run.states.length).toBeLessThanOrEqual(121)
    const first = run.states.length
    await run.run(MINUTE / 2)
    expect(run.states.length - first).toBeLessThanOrEqual(61)
  })
})

describe('store and engine', () => {
  const chain = chainOf(1, 20)
  test('a restart without peers shows the stored head after verifying it again', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(20_000)
    const offline = new Simulation({ peers: {}, addresses: ['a'], store: run.store, now: run.now })
    await (await offline.start()).run(5000)
    expect(offline.heads[0]).toMatchObject({ from: null, verified: 'full' })
    expect(offline.at).toBe(20n)
    expect(offline.held()).toHaveLength(20)
    expect(offline.computed).toMatchObject({ certificate: 20, timeProof: 0 })
    expect(offline.state.phase).toBe('degraded')
  })

  test('what was stored is verified before anybody is dialled, and not written again', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain, () => 18) } }).start()).run(10_000)
    const second = new Simulation({ peers: { a: honest(chain, () => 19) }, store: run.store, now: run.now })
    const written: bigint[] = []
    const batch = second.store.batch.bind(second.store)
    second.store.batch = async (operations) => {
      written.push(...operations.map(({ key }) => BigInt(key.at(-1) ?? 0)))
      await batch(operations)
    }
    await second.start()
    expect(second.state).toMatchObject({ phase: 'anchoring', at: null, peers: [] })
    expect(second.state.reason).toContain('of the last visit')
    while (second.at === null) await second.run(1)
    expect(second.heads[0]).toMatchObject({ verified: 'full', from: null })
    expect(second.now - run.now).toBeLessThan(500)
    expect(second.dials).toEqual(['a'])
    expect(second.computed.certificate).toBe(1)
    await second.run(10_000)
    expect(second.at).toBe(19n)
    expect(written).toEqual([19n, 19n])
  })

  test('a stored head that takes too long to verify holds nobody up', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain, () => 20) } }).start()).run(10_000)
    const slow = new Simulation({ peers: { a: honest(chain) }, store: run.store, now: run.now, faults: { never: 1 } })
    await (await slow.start()).run(900)
    expect(slow.dials).toEqual([])
    await slow.run(200)
    expect(slow.dials).toEqual(['a'])
    expect(slow.state.phase).toBe('connecting')
  })

  test('a header holds no more than its own bytes, whatever it was cut out of', async () => {
    const answer = new Uint8Array(500_000)
    const cut = new Map(
      [...chain].slice(0, 5).map(([number, header]) => {
        answer.set(header, Number(number) * 1000)
        return [number, answer.subarray(Number(number) * 1000, Number(number) * 1000 + header.length)] as const
      }),
    )
    const run = await (await new Simulation({ peers: { a: honest(cut) } }).start()).run(10_000)
    expect(run.held()).toHaveLength(5)
    for (const { bytes } of run.client.recent(5)) expect(bytes.buffer.byteLength).toBe(bytes.length)
  })

  test('what an earlier session stored counts: the oldest go when there is too much', async () => {
    const limits = { headers: 10 }
    const first = await (await new Simulation({ peers: { a: honest(chain, () => 12) }, limits }).start()).run(20_000)
    const second = new Simulation({ peers: { a: honest(chain) }, limits, store: first.store, now: first.now })
    await (await second.start()).run(20_000)
    const stored: number[] = []
    for await (const { key } of second.store.range()) stored.push(key.at(-1) ?? 0)
    expect(stored).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  })

  test('a stored head that does not verify any more is deleted, the next one is shown', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(20_000)
    for await (const { key, value } of run.store.range({ reverse: true, limit: 1 })) {
      const broken = new TextDecoder().decode(value).replace('"number":"20"', '"certificate":"forged","number":"20"')
      await run.store.batch([{ kind: 'put', key, value: new TextEncoder().encode(broken) }])
    }
    const offline = new Simulation({ peers: {}, addresses: ['a'], store: run.store, now: run.now })
    await (await offline.start()).run(5000)
    expect(offline.at).toBe(19n)
    expect(offline.refusals[0]).toMatchObject({ frame: 20n, from: 'the store' })
  })

  test('a head is on disk before it is told', async () => {
    const run = await new Simulation({ peers: { a: honest(chain) } }).start()
    while (run.heads.length === 0) await run.run(1)
    let stored = 0
    for await (const { value } of run.store.range()) if (new TextDecoder().decode(value).includes('main/20')) stored++
    expect(stored).toBe(1)
  })

  test('a store that fails is said, and nothing else stops', async () => {
    const run = await new Simulation({ peers: { a: honest(chain) }, faults: { store: 'quota' } }).start()
    await run.run(20_000)
    expect(run.state).toMatchObject({ phase: 'ready', at: 20n })
    expect(run.state.reason).toContain('quota')
  })

  test('without an engine everything stops, and the state says what to do', async () => {
    const run = await new Simulation({ peers: { a: honest(chain) }, faults: { engine: 'unavailable' } }).start()
    await run.run(2000)
    expect(run.state).toMatchObject({ phase: 'halted', halt: 'engine' })
    expect(run.state.next).toContain('WebAssembly')
  })

  test('a committee that cannot be decoded makes the anchors unusable', async () => {
    const run = await new Simulation({ peers: { a: honest(chain) }, faults: { engine: 'decode' } }).start()
    await run.run(2000)
    expect(run.state).toMatchObject({ phase: 'halted', halt: 'anchors' })
  })

  test('policy: off proves no time, sampled some', async () => {
    const off = await (await new Simulation({ peers: { a: honest(chain) }, timeProofs: 'off' }).start()).run(20_000)
    expect(off.computed.timeProof).toBe(0)
    expect(off.client.head()?.verified).toBe('certificate')
    let proofs = 0
    for (let seed = 0; seed < 10; seed++) {
      const run = new Simulation({ peers: { a: honest(chain) }, timeProofs: 'sampled', seed })
      proofs += (await (await run.start()).run(20_000)).computed.timeProof
    }
    expect(proofs).toBeGreaterThan(5)
    expect(proofs).toBeLessThan(60)
  })
})
