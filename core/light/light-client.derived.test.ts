/** The machine without a pinned committee, on a virtual clock. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { chainOf, identityOf, type MadeHeader, made } from './made-up.ts'
import { CHECKPOINT_REGISTRY, honest, type MadePeer, Simulation } from './simulation.ts'

const MINUTE = 60_000
/** Frames 1 to `last`, whose registry is another one with every `every`-th frame. */
function chainChanging(last: number, every: number): Map<bigint, Uint8Array> {
  const registry = (n: number) => (n < every ? CHECKPOINT_REGISTRY : `registry ${Math.floor(n / every)}`)
  const special: Record<number, Partial<MadeHeader>> = {}
  for (let n = 1; n <= last; n++) special[n] = { registry: registry(n) }
  return chainOf(1, last, 'main', special)
}

describe('heads', () => {
  test('of the registry of the checkpoint need one copy of it; each change of the registry is followed once', async () => {
    const chain = chainChanging(40, 10)
    let height = 8
    const run = await new Simulation({ peers: { a: honest(chain, () => height) }, derived: true }).start()
    await run.run(10_000)
    expect(run.state).toMatchObject({ phase: 'ready', at: 8n })
    expect(run.held()).toHaveLength(8)
    expect(run.follows).toEqual([null])
    for (; height < 25; height++) await run.run(20_000)
    await run.run(MINUTE)
    expect(run.at).toBe(25n)
    expect(run.follows).toHaveLength(3)
    expect(run.state.committee).toMatchObject({ origin: 'registry', frame: run.follows[2], pending: null })
    expect(run.refusals).toEqual([])
  })

  test('a jump over changes leaves out the frames between whose committees nobody followed', async () => {
    const chain = chainChanging(40, 10)
    let height = 9
    const run = await new Simulation({ peers: { a: honest(chain, () => height) }, derived: true }).start()
    await run.run(10_000)
    height = 35
    await run.run(MINUTE)
    expect(run.follows).toEqual([null, 35n])
    expect(run.held()).toEqual([35, 34, 33, 32, 31, 30, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    expect(run.refusals).toEqual([])
    run.query(1, { kind: 'header', number: 25n })
    await run.run(MINUTE)
    expect(run.outcomes.get(1)).toMatchObject({ finding: { verified: false } })
    expect(JSON.stringify(run.outcomes.get(1), (_, v) => (typeof v === 'bigint' ? `${v}` : v))).toMatch(
      /not known here/,
    )
  })

  test('while registries are withheld nothing is shown, and the state says why; then it goes on', async () => {
    const chain = chainChanging(10, 5)
    const faults = { registries: 'withheld' } as const
    const run = await new Simulation({ peers: { a: honest(chain) }, derived: true, faults }).start()
    await run.run(5 * MINUTE)
    expect(run.state).toMatchObject({ phase: 'anchoring', at: null, health: 'stalled' })
    expect(run.state.reason).toMatch(/The committee is not known.*\(not held\)/)
    expect(run.heads).toEqual([])
    expect(run.follows.length).toBeLessThan(15)
    run.faults = {}
    await run.run(2 * MINUTE)
    expect(run.state).toMatchObject({ at: 10n, committee: { frame: 10n, reason: null } })
  })

  test('a caller who asks meanwhile is answered in the end', async () => {
    const chain = chainChanging(10, 5)
    const run = await new Simulation({
      peers: { a: honest(chain) },
      derived: true,
      faults: { registries: 'withheld' },
    }).start()
    await run.run(10_000)
    run.query(1, { kind: 'header', number: 7n })
    run.query(2, { kind: 'check', header: chain.get(7n) ?? new Uint8Array(), timeProof: true })
    run.query(3, { kind: 'import', header: chain.get(7n) ?? new Uint8Array() })
    await run.run(2 * MINUTE)
    for (const query of [1, 2, 3])
      expect(run.outcomes.get(query)).toMatchObject({ kind: 'finding', finding: { verified: false } })
  })
})

describe('nodes that lie', () => {
  const chain = chainChanging(10, 5)
  const sending = (header: Partial<MadeHeader>): MadePeer => {
    const bytes = made({ number: 99, rank: 198, name: 'forged', parent: 'nothing', ...header })
    return { head: () => bytes, headers: () => [] }
  }

  test('one whose head is refuted is left at once', async () => {
    const peers = { liar: sending({ follow: 'lie' }), a: honest(chain) }
    const run = await (await new Simulation({ peers, derived: true }).start()).run(20_000)
    expect(run.state).toMatchObject({ phase: 'ready', at: 10n })
    expect(run.refusals).toMatchObject([{ from: 'liar', frame: 99n }])
    expect(run.state.peers.find(({ address }) => address === 'liar')?.status).toBe('failed')
  })

  test('one whose head leads nowhere is left after some attempts, if the chain goes on without it', async () => {
    let height = 8
    const peers = { liar: sending({ follow: 'far' }), a: honest(chain, () => height) }
    const run = await (await new Simulation({ peers, derived: true }).start()).run(5000)
    expect(run.at).toBe(8n)
    for (; height < 10; height++) await run.run(MINUTE)
    await run.run(MINUTE)
    expect(run.refusals[0]?.reason).toMatch(/frames of other nodes verify/)
    expect(run.state).toMatchObject({ phase: 'ready', at: 10n, committee: { pending: null } })
    await run.run(10 * MINUTE)
    expect(run.state).toMatchObject({ at: 10n, committee: { pending: null } })
    expect(run.state.peers.find(({ address }) => address === 'liar')?.status).toBe('failed')
    expect(run.follows.length).toBeLessThan(20)
  })

  test('a made-up frame is no answer to a caller while another node has the true one', async () => {
    const long = chainChanging(60, 100)
    const { head, headers } = honest(long)
    const forged = made({ number: 20, rank: 40, name: 'forged', parent: 'nothing', follow: 'far' })
    const liar: MadePeer = {
      head,
      headers: (from, count, now) => (count === 1 && from === 20n ? [forged] : headers(from, count, now)),
    }
    const run = await new Simulation({ peers: { liar, a: honest(long) }, derived: true }).start()
    await run.run(20_000)
    run.query(1, { kind: 'header', number: 20n })
    await run.run(MINUTE)
    expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { verified: 'full', from: 'a' } })
  })

  test('one alone cannot be told from a network whose committee changed too far: its head stays pending', async () => {
    const alone = await (
      await new Simulation({ peers: { liar: sending({ follow: 'far' }) }, derived: true }).start()
    ).run(5 * MINUTE)
    expect(alone.state).toMatchObject({ at: null, committee: { frame: 0n, pending: 99n } })
    expect(alone.refusals).toEqual([])
  })

  test('honest nodes are not left because a registry is withheld for a while, whatever older frames verify', async () => {
    let height = 4
    const peers = { a: honest(chain, () => height), b: honest(chain, () => height) }
    const run = await (await new Simulation({ peers, derived: true }).start()).run(10_000)
    expect(run.at).toBe(4n)
    run.faults = { registries: 'withheld' }
    height = 5
    await run.run(3 * MINUTE)
    expect(run.state).toMatchObject({ at: 4n, committee: { pending: 5n } })
    expect(run.refusals).toEqual([])
    run.faults = {}
    await run.run(2 * MINUTE)
    expect(run.at).toBe(5n)
    expect(run.dials).toEqual(['a', 'b'])
  })
})

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  'seed %i: answers that are lost or come twice, lies, changes: the end is the true head, by a committee that was followed',
  async (seed) => {
    const chain = chainChanging(60, 1 + (seed % 7))
    const start = 1_750_000_000_000
    const height = (now: number) => 5 + Math.floor((now - start) / 10_000)
    const forged = made({ number: 70, rank: 140, name: 'forged', parent: 'x', follow: seed % 2 ? 'far' : 'lie' })
    const liar: MadePeer = { head: () => forged, headers: () => [forged] }
    const faults = { twice: 0.1, never: 0.05 }
    const peers = { liar, a: honest(chain, height), b: honest(chain, (now) => height(now) - 1) }
    const run = await new Simulation({ peers, seed, derived: true, faults }).start()
    await run.run(5 * MINUTE)
    // an outcome that never comes is given up after three minutes
    run.faults = {}
    await run.run(9 * MINUTE)
    expect(run.at).toBe(60n)
    expect(run.heads.every(({ facts }) => (facts?.number ?? 99n) <= 60n)).toBe(true)
    expect(run.state.committee).toMatchObject({ origin: 'registry', pending: null })
    expect(run.evidence).toEqual([])
  },
)

test('a restart goes on from what was followed to; without it, from the checkpoint', async () => {
  const chain = chainChanging(30, 10)
  const first = await (await new Simulation({ peers: { a: honest(chain) }, derived: true }).start()).run(20_000)
  expect(first.at).toBe(30n)
  const { store, now, committee } = first
  const shared = { store, now, addresses: ['a'], derived: true }
  if (committee === null) throw new Error('nothing was followed')
  const offline = await (await new Simulation({ peers: {}, ...shared, committee }).start()).run(5000)
  expect(offline.at).toBe(30n)
  expect(offline.state.committee).toMatchObject({ frame: 30n, members: 4 })
  const forgot = await (await new Simulation({ peers: {}, ...shared }).start()).run(5000)
  expect(forgot.at).toBeNull()
  const wrong = { frame: 30n, root: bytesToHex(identityOf('another')), members: 4, header: null }
  const misled = await (await new Simulation({ peers: { a: honest(chain) }, ...shared, committee: wrong }).start()).run(
    5000,
  )
  expect(misled.heads).toEqual([])
})
