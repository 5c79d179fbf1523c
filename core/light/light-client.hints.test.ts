/** Headers that come by gossip: they help when they verify, and hurt nobody when they do not. */
import { expect, test } from 'vitest'
import { chainOf, made } from './made-up.ts'
import { CHECKPOINT_REGISTRY, honest, Simulation } from './simulation.ts'

const MINUTE = 60_000

test('P2P-05 a hint that verifies becomes the head, and is said to come from gossip', async () => {
  const chain = chainOf(1, 20)
  const run = await (await new Simulation({ peers: { a: honest(chain, () => 10) } }).start()).run(10_000)
  run.query(1, { kind: 'hint', header: chain.get(11n) as Uint8Array })
  await run.run(2000)
  expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { verified: 'full', from: 'gossip' } })
  expect(run.at).toBe(11n)
})

test('a hint that does not verify is refused under a name of its own, and the client is as ready as before', async () => {
  const chain = chainOf(1, 20)
  const run = await (await new Simulation({ peers: { a: honest(chain) } }).start()).run(10_000)
  const header = made({ number: 1_000_000, rank: 2_000_000, name: 'junk', parent: 'nothing', certificate: 'forged' })
  run.query(1, { kind: 'hint', header })
  await run.run(2000)
  expect(run.outcomes.get(1)).toMatchObject({ kind: 'finding', finding: { verified: false } })
  expect(run.refusals).toMatchObject([{ from: 'gossip', frame: 1_000_000n }])
  expect(run.state).toMatchObject({ phase: 'ready', at: 20n, target: 20n })
})

test('hints that nothing leads to do not keep back what a person imports, and are not shown as pending', async () => {
  const registry = (n: number) => (n < 10 ? CHECKPOINT_REGISTRY : 'registry 1')
  const special = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [at + 1, { registry: registry(at + 1) }]))
  const chain = chainOf(1, 20, 'main', special)
  const run = new Simulation({ peers: { a: honest(chain, () => 8) }, derived: true })
  await (await run.start()).run(10_000)
  expect(run.at).toBe(8n)
  for (let at = 0; at < 6; at++) {
    const junk = { number: 100 + at, rank: 200 + 2 * at, name: `junk ${at}`, parent: 'nothing', follow: 'far' } as const
    await run.run(MINUTE)
    run.query(at, { kind: 'hint', header: made({ ...junk, registry: `junk ${at}` }) })
    expect(run.state.committee.pending).toBe(null)
    await run.run(1000)
    expect(run.outcomes.get(at)).toMatchObject({ kind: 'finding', finding: { verified: false } })
  }
  run.query(99, { kind: 'import', header: chain.get(12n) as Uint8Array })
  await run.run(1000)
  expect(run.outcomes.get(99)).toMatchObject({ kind: 'finding', finding: { verified: 'full' } })
})
