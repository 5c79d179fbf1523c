import { describe, expect, test } from 'vitest'
import { chainOf, type MadeHeader, made } from './made-up.ts'
import { honest, type MadePeer, Simulation } from './simulation.ts'

const below = { certificate: 'quorum' } as const
const MINUTE = 60_000

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

  const between: [string, (run: Simulation) => Promise<unknown>][] = [
    ['', (run) => run.run(1000)],
    [', though who sent it is gone', async (run) => run.disconnect('a')],
    [
      ', though whoever has the other one sends others of that number',
      async (run) => {
        for (let i = 0; i < 40; i++) {
          run.announce('b', made({ number: 20, rank: 41, name: `junk ${i}`, parent: 'x', certificate: 'forged' }))
          await run.run(10)
        }
      },
    ],
  ]
  test.each(between)(
    'a rival of a frame that is not held yet is looked at again when that is%s',
    async (_, meanwhile) => {
      const fork = new Map(main)
      fork.set(20n, made({ number: 20, rank: 41, name: 'fork/20', parent: 'main/19' }))
      fork.set(21n, made({ number: 21, rank: 43, name: 'fork/21', parent: 'fork/20' }))
      let withheld = true
      const headers: MadePeer['headers'] = (from, count, now) => {
        const answer = honest(fork).headers(from, count, now)
        return withheld && Array.isArray(answer) ? answer.filter((one) => one !== fork.get(20n)) : answer
      }
      const peers = { a: honest(chainOf(1, 19)), b: { ...honest(fork), headers } }
      const run = await (await new Simulation({ peers }).start()).run(5000)
      expect([run.at, run.held().includes(20)]).toEqual([21n, false])
      run.announce('a', main.get(20n) as Uint8Array)
      await run.run(1000)
      await meanwhile(run)
      expect([run.evidence, run.held().includes(20)]).toEqual([[], false])
      withheld = false
      run.query(1, { kind: 'header', number: 20n })
      await run.run(5000)
      expect(run.evidence[0]?.evidence.frame).toBe(20n)
      expect(run.state.phase).toBe('halted')
    },
  )

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
