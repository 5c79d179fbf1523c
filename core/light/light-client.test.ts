import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chainOf, honest, type MadeHeader, type MadePeer, made, Simulation } from './simulation.ts'

const below = { certificate: 'quorum' } as const
const MINUTE = 60_000

describe('following', () => {
  test('the newest frame is verified first, then those below it; frames below quorum are refused, said so, and stepped over', async () => {
    // The shape of frames/global_chain.json: frames 1 to 3 and 11 are below quorum.
    const chain = chainOf(1, 20, 'main', { 1: below, 2: below, 3: below, 11: below })
    const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(MINUTE)
    expect(run.heads[0]?.facts?.number).toBe(20n)
    expect(run.heads.map((head) => head.verified)).toEqual(['certificate', 'full'])
    expect(new Set(run.frames.map((frame) => frame.facts?.number)).size).toBe(15)
    expect(run.held()).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 10, 9, 8, 7, 6, 5, 4])
    expect(run.client.recent(100).every((finding) => finding.verified === 'full')).toBe(true)
    expect(run.refusals.map((refusal) => Number(refusal.frame)).sort((a, b) => a - b)).toEqual([1, 2, 3, 11])
    expect(run.refusals.every((refusal) => refusal.reason === 'quorum is wrong')).toBe(true)
    expect(run.state).toMatchObject({ phase: 'ready', at: 20n, target: 20n, health: 'ok' })
    expect(run.client.work(run.now)).toMatchObject({ certificates: 20, timeProofs: 16, refusals: 4 })
  })

  test('a newest frame below quorum is stepped over downwards, and the next one is followed', async () => {
    const chain = chainOf(1, 12, 'main', { 10: below, 11: below })
    let height = 11
    const run = await (await new Simulation({ peers: { a: honest(chain, () => height) } }).start()).run(20_000)
    expect(run.at).toBe(9n)
    expect(run.state.phase).toBe('degraded')
    expect(run.state.reason).toContain('Frame 11 was refused')
    height = 12
    run.announce('a', chain.get(12n) as Uint8Array)
    await run.run(5000)
    expect(run.state).toMatchObject({ phase: 'ready', at: 12n })
    expect(run.held().slice(0, 2)).toEqual([12, 9])
  })

  test('new heads are followed one by one, each linked to its parent', async () => {
    const chain = chainOf(1, 30)
    let height = 5
    const run = await (await new Simulation({ peers: { a: honest(chain, () => height) } }).start()).run(10_000)
    for (height = 6; height <= 30; height++) {
      run.announce('a', chain.get(BigInt(height)) as Uint8Array)
      await run.run(10_000)
      expect(run.state).toMatchObject({ phase: 'ready', at: BigInt(height) })
      expect(run.client.head()?.checks.find((check) => check.name === 'link')?.ok).toBe(true)
    }
    expect(run.refusals).toEqual([])
    expect(run.computed.certificate).toBe(30)
  })

  test('without announcements heads are asked for', async () => {
    const chain = chainOf(1, 100)
    const start = new Simulation({ peers: {} }).now
    const run = await new Simulation({
      peers: { a: honest(chain, (now) => Math.floor(5 + (now - start) / 10_000)) },
    }).start()
    await run.run(5 * MINUTE)
    expect(Number(run.at)).toBeGreaterThanOrEqual(30)
  })

  test('a chain of a thousand frames is kept to 360 headers and the bytes allowed', async () => {
    const padding = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i + 1, { padding: 1000 }]))
    const chain = chainOf(1, 1000, 'main', padding)
    let height = 1
    const options = {
      peers: { a: honest(chain, () => height) },
      timeProofs: 'off' as const,
      limits: { bytes: 300_000 },
    }
    const run = await (await new Simulation(options).start()).run(1000)
    for (height = 2; height <= 1000; height++) {
      run.announce('a', chain.get(BigInt(height)) as Uint8Array)
      await run.run(400)
    }
    expect(run.at).toBe(1000n)
    const size = run.client.recent(1000).reduce((sum, finding) => sum + finding.bytes.length, 0)
    expect(size).toBeLessThanOrEqual(300_000)
    let stored = 0
    for await (const { value } of run.store.range()) stored += value.length
    expect(stored).toBeLessThanOrEqual(301_000)
    const wide = await new Simulation({ ...options, limits: {} }).start()
    for (height = 1; height <= 400; height++) {
      wide.announce('a', chain.get(BigInt(height)) as Uint8Array)
      await wide.run(400)
    }
    expect(wide.held()).toHaveLength(360)
  })
})

describe('peers that are wrong', () => {
  const chain = chainOf(1, 20)
  const cases: [string, MadePeer, RegExp][] = [
    ['forges the newest', honest(chainOf(1, 20, 'main', { 20: { certificate: 'forged' } })), /signature is wrong/],
    ['forges a frame below', honest(chainOf(1, 20, 'main', { 12: { certificate: 'forged' } })), /signature is wrong/],
    ['sends garbage', { ...honest(chain), head: () => Uint8Array.of(1, 2, 3) }, /not a made-up header/],
    [
      'claims a huge number',
      {
        ...honest(chain),
        head: () => made({ number: 2n ** 63n, rank: 2n ** 63n, name: 'x', parent: 'y', certificate: 'forged' }),
      },
      /signature is wrong/,
    ],
    ['sends a header that is too large', { ...honest(chain), head: () => new Uint8Array(65_537) }, /65537 bytes/],
    ['breaks the protocol', { ...honest(chain), head: () => 'protocol' }, /protocol/],
    ['is of another network', { ...honest(chain), hello: { network: 'other' } }, /serves network other/],
    [
      'sends more than asked for',
      { ...honest(chain), headers: () => [...chain.values()].slice(0, 40).concat([...chain.values()]) },
      /more headers/,
    ],
    [
      'answers other numbers',
      { ...honest(chain), headers: () => [made({ number: 900, rank: 1800, name: 'z', parent: 'q' })] },
      /asked for frames/,
    ],
    [
      'has another chain from the checkpoint on',
      honest(new Map([[1n, made({ number: 1, rank: 2, name: 'b', parent: 'other' })]])),
      /parent is/,
    ],
  ]
  test.each(cases)('one that %s is left, and another is followed', async (_what, liar, reason) => {
    for (const seed of [1, 2, 3]) {
      const run = await new Simulation({ peers: { liar, good: honest(chain) }, seed }).start()
      await run.run(25_000)
      expect(run.state).toMatchObject({ phase: 'ready', at: 20n })
      expect(run.evidence).toEqual([])
      const left = run.state.peers.find((peer) => peer.address === 'liar')
      if (left?.status === 'failed') expect(left.reason).toMatch(reason)
      expect(run.held()).toHaveLength(20)
    }
  })

  test.each(cases.filter(([what]) => !/below|more than|other numbers/.test(what)))(
    'one that %s, alone, gives no head and is tried less and less often',
    async (_what, liar, reason) => {
      const run = await (await new Simulation({ peers: { liar } }).start()).run(10 * MINUTE)
      expect(run.at).toBeNull()
      expect(run.dials.length).toBeGreaterThan(1)
      expect(run.dials.length).toBeLessThan(8)
      expect(run.state.phase).toBe('connecting')
      expect(run.state.reason).toMatch(reason)
    },
  )

  test('frames without end that are below quorum lead nowhere: the peer is left', async () => {
    const liar: MadePeer = {
      head: () => made({ number: 10n ** 15n, rank: 10n ** 15n, name: 'top', parent: '?', ...below }),
      headers: (from, count) =>
        Array.from({ length: count }, (_, i) =>
          made({ number: from + BigInt(i), rank: from, name: `${from}${i}`, parent: '?', ...below }),
        ),
    }
    const run = await (await new Simulation({ peers: { liar, good: honest(chain) } }).start()).run(MINUTE)
    expect(run.at).toBe(20n)
    expect(run.computed.certificate).toBeLessThan(250)
    expect(run.state.peers.find((peer) => peer.address === 'liar')).toMatchObject({ status: 'failed' })
  })

  test('a flood of announcements is cut off', async () => {
    const run = await (await new Simulation({ peers: { liar: honest(chain) } }).start()).run(2000)
    for (let i = 0; i < 5000; i++)
      run.announce('liar', made({ number: 100 + i, rank: 300 + i, name: `${i}`, parent: '' }))
    await run.run(100)
    expect(run.computed.inspect).toBeLessThan(200)
    expect(run.state.peers[0]).toMatchObject({ status: 'failed', reason: 'it floods with heads' })
  })

  test('a silent peer is left for another; a slow one is kept', async () => {
    const silent: MadePeer = { head: () => 'silence', headers: () => 'silence' }
    const run = await (
      await new Simulation({ peers: { silent, slow: { ...honest(chain), delayMillis: 4000 } } }).start()
    ).run(3 * MINUTE)
    expect(run.at).toBe(20n)
    expect(run.dials.filter((address) => address === 'silent').length).toBeGreaterThan(1)
    expect(run.dials.filter((address) => address === 'slow')).toHaveLength(1)
    const alone = await (await new Simulation({ peers: { silent } }).start()).run(3 * MINUTE)
    expect(alone.at).toBeNull()
    expect(alone.state.reason).toContain('does not answer')
  })

  test('a header whose rank does not rise is refused without a look at its certificate', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(20_000)
    const { certificate } = run.computed
    run.announce('a', made({ number: 21, rank: 3, name: 'main/21', parent: 'main/20' }))
    await run.run(1000)
    expect(run.at).toBe(20n)
    expect(run.computed.certificate).toBe(certificate)
    expect(run.refusals[0]).toMatchObject({
      frame: 21n,
      checks: [
        { name: 'link', ok: true },
        { name: 'rank', ok: false },
      ],
    })
  })

  test('a peer that is behind is no liar, and never takes the head back', async () => {
    const old = honest(chain, () => 7)
    const run = await (await new Simulation({ peers: { old, good: honest(chain) } }).start()).run(2 * MINUTE)
    expect(run.heads.every((head) => head.facts?.number === 20n || head.facts?.number === 7n)).toBe(true)
    expect(run.at).toBe(20n)
    expect(run.state.peers.map((peer) => peer.status)).toEqual(['connected', 'connected'])
    run.announce('old', chain.get(3n) as Uint8Array)
    await run.run(1000)
    expect(run.at).toBe(20n)
  })
})

describe('nodes with several addresses', () => {
  const chain = chainOf(1, 20)
  test('one connection for each node; the next address when one fails; none after a lie', async () => {
    const good = honest(chain)
    const away = { ...good, reachable: () => false }
    const peers = { '/ws/p2p/A': away, '/wt/p2p/A': good, '/rtc/p2p/A': good }
    const run = await (await new Simulation({ peers }).start()).run(20_000)
    expect(run.at).toBe(20n)
    expect(run.state.peers.filter((peer) => peer.status === 'connected').map((peer) => peer.address)).toEqual([
      '/wt/p2p/A',
    ])
    const forger = honest(chainOf(1, 20, 'main', { 20: { certificate: 'forged' } }))
    const lied = new Simulation({ peers: { '/ws/p2p/B': forger, '/wt/p2p/B': forger } })
    await (await lied.start()).run(20_000)
    expect(lied.dials).toHaveLength(1)
  })
})

describe('evidence', () => {
  const main = chainOf(1, 20)
  test('two certified frames of one number stop everything, also after a restart, until there are newer anchors', async () => {
    const fork = new Map(main)
    fork.set(20n, made({ number: 20, rank: 41, name: 'fork/20', parent: 'main/19' }))
    const options = { peers: { a: honest(main), b: honest(fork) } }
    const run = await (await new Simulation(options).start()).run(10_000)
    expect(run.evidence).toHaveLength(1)
    const { first, second } = run.evidence[0]?.evidence ?? {}
    expect([first, second].map((bytes) => JSON.parse(new TextDecoder().decode(bytes)).name).sort()).toEqual([
      'fork/20',
      'main/20',
    ])
    expect(run.state).toMatchObject({ phase: 'halted', halt: 'evidence' })
    expect(run.state.reason).toContain('signed both')
    run.query(1, { kind: 'header', number: 3n })
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'failed', code: 'halted' })
    const again = await (await new Simulation({ ...options, store: run.store }).start()).run(10_000)
    expect(again.state.phase).toBe('halted')
    expect(again.dials).toEqual([])
    const later = run.now + 1000
    const renewed = new Simulation({ peers: { a: honest(main) }, store: run.store, issuedAt: later, now: later + 1000 })
    expect((await (await renewed.start()).run(10_000)).state.phase).toBe('ready')
  })

  test('a certified frame that does not link to the newest leads to its rival', async () => {
    const fork = chainOf(1, 21, 'fork')
    const run = await (await new Simulation({ peers: { a: honest(main) } }).start()).run(5000)
    run.peers.set('a', honest(fork))
    run.announce('a', fork.get(21n) as Uint8Array)
    await run.run(5000)
    expect(run.evidence[0]?.evidence.frame).toBe(20n)
    expect(run.state.phase).toBe('halted')
  })

  test('two certified frames of one rank are evidence too', async () => {
    const run = await (await new Simulation({ peers: { a: honest(main) } }).start()).run(5000)
    run.announce('a', made({ number: 22, rank: 40, name: 'x', parent: 'y' }))
    await run.run(1000)
    expect(run.evidence[0]?.evidence.reason).toContain('rank 40')
  })

  test('a rival that is not certified is no evidence', async () => {
    const fork = new Map(main)
    fork.set(20n, made({ number: 20, rank: 41, name: 'fork/20', parent: 'main/19', certificate: 'forged' }))
    const run = await (await new Simulation({ peers: { a: honest(main), b: honest(fork) } }).start()).run(20_000)
    expect(run.evidence).toEqual([])
    expect(run.state).toMatchObject({ phase: 'ready', at: 20n })
  })

  test('a certified frame with a false time proof is taken back, and its peer left', async () => {
    const wrong = honest(chainOf(1, 20, 'main', { 20: { timeProof: 'false' } }))
    const run = await (await new Simulation({ peers: { a: wrong } }).start()).run(3000)
    expect(run.heads[0]?.facts?.number).toBe(20n)
    expect(run.refusals.find((refusal) => refusal.frame === 20n)?.checks.at(-1)).toMatchObject({
      name: 'vdf',
      ok: false,
    })
    expect(run.at === null || run.at < 20n).toBe(true)
    expect(run.state.peers[0]).toMatchObject({ status: 'failed' })
  })

  test.each<[string, MadeHeader]>([
    ['a huge number', { number: 10n ** 15n, rank: 40, name: 'main/20', parent: 'main/19', timeProof: 'false' }],
    ['the number of another frame', { number: 20, rank: 38, name: 'main/19', parent: 'main/19', timeProof: 'false' }],
    ['the next number', { number: 21, rank: 40, name: 'main/20', parent: 'main/20', timeProof: 'false' }],
    ['other state', { number: 20, rank: 40, name: 'main/20', parent: 'main/19', padding: 9, timeProof: 'false' }],
    ['another parent', { number: 20, rank: 40, name: 'main/20', parent: 'else', timeProof: 'false' }],
  ])(
    'a certificate covers identity and rank only: one that is shown with %s is no evidence, and hides nothing',
    async (_what, header) => {
      for (const timeProofs of ['every', 'sampled'] as const) {
        for (const seed of [1, 2, 3, 4, 5]) {
          const liar = { ...honest(main), head: () => made(header) }
          const run = await new Simulation({ peers: { liar, good: honest(main) }, seed, timeProofs }).start()
          await run.run(25_000)
          expect(run.evidence).toEqual([])
          expect(run.at).toBe(20n)
          expect(run.held()).toHaveLength(20)
          expect(run.state.peers.find((peer) => peer.address === 'good')?.status).toBe('connected')
          const head = run.client.head()
          if (timeProofs === 'every') expect(head).toMatchObject({ bytes: main.get(20n), verified: 'full' })
        }
      }
    },
  )
})

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

describe('queries', () => {
  const chain = chainOf(1, 100, 'main', { 40: below, 41: { certificate: 'forged' } })
  const started = async () => await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(20_000)
  test('a frame is answered from the window, or fetched and verified', async () => {
    const run = await started()
    run.query(1, { kind: 'header', number: 99n })
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { verified: 'full' } })
    run.query(2, { kind: 'header', number: 7n })
    run.query(3, { kind: 'header', number: 40n })
    run.query(4, { kind: 'header', number: 5000n })
    await run.run(5000)
    expect(run.outcomes.get(2)).toMatchObject({ kind: 'finding', finding: { verified: 'full', facts: { number: 7n } } })
    expect(run.outcomes.get(3)).toMatchObject({
      kind: 'finding',
      finding: { verified: false, reason: 'quorum is wrong' },
    })
    expect(run.outcomes.get(4)).toMatchObject({ kind: 'failed', code: 'notFound' })
    run.query(5, { kind: 'header', number: 41n })
    await run.run(1000)
    expect(run.outcomes.get(5)).toMatchObject({ kind: 'finding', finding: { verified: false } })
  })

  test('a frame that one peer forges comes from another', async () => {
    const liar = honest(chainOf(1, 100, 'main', { 7: { certificate: 'forged' } }))
    const run = await (await new Simulation({ peers: { liar, good: honest(chain) } }).start()).run(20_000)
    run.query(1, { kind: 'header', number: 7n })
    await run.run(2000)
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { verified: 'full' } })
  })

  test('without a peer a query waits, then says so; cancelled it is silent', async () => {
    const run = await new Simulation({ peers: {}, addresses: ['nobody'] }).start()
    run.query(1, { kind: 'header', number: 7n })
    run.query(2, { kind: 'header', number: 7n })
    await run.run(1000)
    run.send({ kind: 'cancelQuery', query: 2 })
    expect(run.outcomes.size).toBe(0)
    await run.run(30_000)
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'failed', code: 'noPeers' })
    expect(run.outcomes.size).toBe(1)
  })

  test('bytes are judged without being kept, whatever they are', async () => {
    const run = await started()
    const check = (query: number, header: Uint8Array) => run.query(query, { kind: 'check', header, timeProof: true })
    check(1, chain.get(100n) as Uint8Array)
    check(2, made({ number: 100, rank: 200, name: 'other', parent: 'main/99', certificate: 'forged' }))
    check(3, Uint8Array.of(0))
    check(4, made({ number: 5, rank: 10, name: 'main/5', parent: 'main/4', timeProof: 'false' }))
    await run.run(5000)
    expect(run.outcomes.get(1)).toMatchObject({ finding: { verified: 'full' } })
    expect(run.outcomes.get(2)).toMatchObject({ finding: { verified: false } })
    expect(run.outcomes.get(3)).toMatchObject({
      finding: { verified: false, facts: null, checks: [{ name: 'shape' }] },
    })
    expect(run.outcomes.get(4)).toMatchObject({ finding: { verified: false, reason: 'vdf is wrong' } })
    expect(run.evidence).toEqual([])
    expect(run.held()).not.toContain(5)
  })

  test('bytes that are a certified rival of a held frame are evidence, wherever they come from', async () => {
    const run = await started()
    const header = made({ number: 100, rank: 201, name: 'other', parent: 'main/99' })
    run.query(1, { kind: 'check', header, timeProof: true })
    await run.run(2000)
    expect(run.outcomes.get(1)).toMatchObject({ finding: { verified: 'full' } })
    expect(run.state).toMatchObject({ phase: 'halted', halt: 'evidence' })
  })

  test('an import is verified like everything else, and becomes the head when it is newer', async () => {
    const run = await (await new Simulation({ peers: { a: honest(chain, () => 10) } }).start()).run(10_000)
    run.query(1, { kind: 'import', header: chain.get(100n) as Uint8Array })
    run.query(2, { kind: 'import', header: chain.get(41n) as Uint8Array })
    await run.run(2000)
    expect(run.outcomes.get(1)).toMatchObject({ finding: { verified: 'full' } })
    expect(run.outcomes.get(2)).toMatchObject({ finding: { verified: false } })
    expect(run.at).toBe(100n)
  })

  test('stop answers what is open, and nothing happens after it', async () => {
    const run = await started()
    run.query(1, { kind: 'header', number: 7n })
    run.send({ kind: 'stop' })
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'failed' })
    expect(run.state.phase).toBe('stopped')
    const states = run.states.length
    await run.run(MINUTE)
    run.send({ kind: 'start', stored: null, note: null })
    expect(run.states.length).toBe(states)
  })
})

describe('any order of things', () => {
  const chain = chainOf(1, 40, 'main', { 1: below, 2: below, 3: below, 11: below, 30: below })
  const peers = () => ({
    good: honest(chain),
    forger: honest(chainOf(1, 40, 'main', { 30: below, 40: { certificate: 'forged' } })),
    behind: honest(chain, () => 25),
    silent: { head: () => 'silence', headers: () => 'silence' } as MadePeer,
    flaky: { ...honest(chain), reachable: (now: number) => Math.floor(now / 7000) % 2 === 0 },
  })
  test('answers that come twice, late or never change nothing about what is held in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (seed) => {
        const faults = { twice: 0.2, never: 0.05 }
        const run = await (await new Simulation({ peers: peers(), seed, faults }).start()).run(10 * MINUTE)
        run.faults = {}
        await run.run(10 * MINUTE)
        expect(run.at).toBe(40n)
        expect(run.evidence).toEqual([])
        const missing = Array.from({ length: 24 }, (_, i) => 40 - i).filter((n) => !run.held().includes(n))
        expect(missing).toEqual([30])
      }),
      { numRuns: 25, seed: 5 },
    )
  }, 60_000)

  test('one seed, one run, byte for byte', async () => {
    const digest = async (seed: number) => {
      const faults = { twice: 0.2, never: 0.1 }
      return (await (await new Simulation({ peers: peers(), seed, faults }).start()).run(2 * MINUTE)).digest
    }
    expect(await digest(7)).toBe(await digest(7))
    expect(await digest(7)).not.toBe(await digest(8))
  })
})
