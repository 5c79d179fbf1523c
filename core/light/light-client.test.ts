import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chainOf, made } from './made-up.ts'
import { honest, type MadePeer, Simulation } from './simulation.ts'

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

  test('a checkpoint of a frame that is held is judged by its own bytes', async () => {
    const copy = (more: object) => made({ number: 20, rank: 40, name: 'main/20', parent: 'main/19', ...more })
    for (const timeProofs of ['every', 'off'] as const) {
      const run = new Simulation({ peers: { a: honest(chain, () => 20) }, timeProofs })
      await (await run.start()).run(20_000)
      run.query(1, { kind: 'import', header: copy({ timeProof: 'false' }) })
      run.query(2, { kind: 'import', header: copy({ certificate: 'forged' }) })
      run.query(3, { kind: 'import', header: copy({ padding: 3 }) })
      run.query(4, { kind: 'import', header: chain.get(20n) as Uint8Array })
      await run.run(10_000)
      const finding = (query: number) => {
        const outcome = run.outcomes.get(query)
        return outcome?.kind === 'finding' ? outcome.finding : undefined
      }
      expect(finding(1)).toMatchObject({ verified: false, reason: 'vdf is wrong' })
      expect(finding(2)).toMatchObject({ verified: false, reason: 'signature is wrong' })
      expect(finding(3)).toMatchObject({ bytes: chain.get(20n), verified: 'full' })
      expect(finding(4)).toMatchObject({ bytes: chain.get(20n), reason: null })
      expect(run.client.head()).toMatchObject({ bytes: chain.get(20n), verified: 'full' })
    }
  })

  test('a checkpoint replaces a false copy of its frame, whose certificate says nothing against it', async () => {
    const false20 = made({ number: 20, rank: 40, name: 'main/20', parent: 'main/19', timeProof: 'false' })
    const lying = honest(new Map([...chain].slice(0, 19)).set(20n, false20), () => 20)
    const run = await (await new Simulation({ peers: { a: lying }, timeProofs: 'off' }).start()).run(20_000)
    expect(run.client.head()).toMatchObject({ bytes: false20, verified: 'certificate' })
    run.query(1, { kind: 'import', header: chain.get(20n) as Uint8Array })
    await run.run(10_000)
    expect(run.client.head()).toMatchObject({ bytes: chain.get(20n), verified: 'full' })
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { bytes: chain.get(20n), verified: 'full' } })
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
