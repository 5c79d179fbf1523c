/**
 * State of the network that `npm start` runs, read by the page's client while frames advance: each value with its chain of proofs down to a
 * header that this tab verified, also with a node in between that lies.
 */
import type { Page } from '@playwright/test'
import type { StateExample } from '../../core/light/anchors.ts'
import type { LightResponse } from '../../core/light/wire.ts'
import { type RunningNode, startNode } from './node.ts'
import { expect, head, test } from './page.ts'
import { type Change, startRelay } from './relay.ts'
import { type NetworkDescription, serveBuiltPage } from './static-server.ts'

let node: RunningNode
test.describe.configure({ mode: 'serial' })
test.beforeAll(async () => {
  test.setTimeout(90_000)
  node = await startNode({ args: ['--network', 'local', '--frame-interval', '2', '--port', '0'] })
})
test.afterAll(() => node.stop())

type Description = NetworkDescription & { readonly examples: readonly StateExample[] }
const describeNetwork = async (): Promise<Description> =>
  (await (await fetch(`${node.url}/network.json`)).json()) as Description
const example = async (kind: StateExample['kind'], title: RegExp): Promise<string> => {
  const { examples } = await describeNetwork()
  const found = examples.find((one) => one.kind === kind && title.test(one.title))
  if (found === undefined) throw new Error(`no example of a ${kind}`)
  return found.address
}
/** The page from an origin that names these addresses only, with a verified head that has state behind it. */
async function open(page: Page, addresses?: readonly string[]): Promise<AsyncDisposable> {
  const network = (description: NetworkDescription) =>
    addresses === undefined ? description : { ...description, addresses }
  const server = await serveBuiltPage({ networkFrom: node.url, network })
  await page.goto(server.url)
  await expect(head(page)).toHaveAttribute('data-checks', /vdf/, { timeout: 60_000 })
  return server
}
/** What the client answers, in plain values. */
const read = (page: Page, kind: 'getVertex' | 'getHyperedge' | 'getProver' | 'getShard', address: string) =>
  page.evaluate(
    async ([method, wanted]) => {
      const client = window.petal
      if (client === undefined) throw new Error('the page has no client')
      try {
        const found = await client[method as 'getVertex'](wanted as string)
        const { verified, frame, steps, value, reason, proofSize } = found
        const fields = value?.fields?.map(({ name, value: shown }) => [name, String(shown)])
        const json = JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item))
        return {
          verified,
          frame: String(frame),
          steps: steps.map(({ name, ok }) => `${name} ${ok}`),
          fields,
          json,
          reason,
          proofSize,
        }
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        return { code, message }
      }
    },
    [kind, address],
  )

test('a vertex with its fields, a hyperedge with its members, a shard: each proved to a verified header', async ({
  page,
}) => {
  await using _server = await open(page)
  const flower = await read(page, 'getVertex', await example('vertex', /flower/))
  expect(flower).toMatchObject({ verified: 'full', steps: ['value true', 'shard true', 'header true'] })
  expect(flower.fields).toContainEqual(['Name', 'flower 0        '])
  expect(flower.fields?.map(([name]) => name)).toEqual(['Name', 'Petals', 'LastFrame', 'Color', 'Open'])
  expect(flower.proofSize).toBeGreaterThan(500)

  await expect
    .poll(async () => (await read(page, 'getHyperedge', await example('hyperedge', /bouquet/))).verified, {
      timeout: 60_000,
    })
    .toBe('full')
  const bouquet = await read(page, 'getHyperedge', await example('hyperedge', /bouquet/))
  expect(JSON.parse(bouquet.json ?? '{}').members).toHaveLength(3)

  const shard = await read(page, 'getShard', await example('shard', /garden/))
  expect(shard).toMatchObject({ verified: 'full', steps: ['shard true', 'header true'] })
  expect(JSON.parse(shard.json ?? '{}').roots).toHaveLength(4)
})

test('a prover, and the whole registry rebuilt in the tab', async ({ page }) => {
  await using _server = await open(page)
  const prover = await read(page, 'getProver', await example('prover', /member 1/))
  expect(prover).toMatchObject({ verified: 'full', steps: ['value true', 'header true'] })
  expect(JSON.parse(prover.json ?? '{}')).toMatchObject({ status: 'active', seniority: '1000' })
  const list = await page.evaluate(async () => {
    const found = await window.petal?.listProvers()
    return found && { verified: found.verified, count: found.value?.length, leaves: found.leaves }
  })
  expect(list).toEqual({ verified: 'full', count: 4, leaves: 12 })
})

test('absence is said and never shown as verified', async ({ page }) => {
  await using _server = await open(page)
  const flower = await example('vertex', /flower/)
  const nowhere = `${flower.slice(0, 64)}${'01'.repeat(32)}`
  const absent = await read(page, 'getVertex', nowhere)
  expect(absent).toMatchObject({ verified: false, json: 'null' })
  expect(absent.reason).toMatch(/absent \(unproven\)/)
})

test('a watched vertex changes while frames advance', async ({ page }) => {
  test.setTimeout(120_000)
  await using _server = await open(page)
  const address = await example('vertex', /flower/)
  await page.evaluate((wanted) => {
    const seen: string[] = []
    Object.assign(window, { seen })
    window.petal?.watch(wanted, ({ value, verified }) => {
      const petals = value?.fields?.find(({ name }) => name === 'LastFrame')
      seen.push(`${String(petals?.value)} ${String(verified)}`)
    })
  }, address)
  // Flower 0 is written in every sixteenth frame.
  await expect
    .poll(() => page.evaluate(() => (window as unknown as { seen: string[] }).seen.length), { timeout: 90_000 })
    .toBeGreaterThanOrEqual(2)
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen)
  expect(new Set(seen).size).toBe(seen.length)
})

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
/** Changes answers about values and lets everything else through. */
const lying =
  (lie: (state: Extract<LightResponse, { kind: 'state' }>['state']) => Partial<typeof state>): Change =>
  (response) =>
    response.kind === 'state' ? { kind: 'state', state: { ...response.state, ...lie(response.state) } } : response

test('a node in between that lies is refused, and the next one is asked', async ({ page }) => {
  test.setTimeout(120_000)
  const description = await describeNetwork()
  const honest = node.addresses.find((one) => one.includes('/ws')) ?? ''
  const address = await example('vertex', /flower/)
  const lies: readonly [string, Change][] = [
    ['a changed proof', lying(({ proof }) => ({ proof: flip(proof, proof.length - 40) }))],
    ['another root', lying(({ root }) => ({ root: flip(root, 40) }))],
    [
      'a shard proof of its own',
      lying(({ shard }) => ({ shard: shard && { ...shard, proof: flip(shard.proof, 60) } })),
    ],
    [
      'other roots of the shard',
      lying(({ shard }) => ({ shard: shard && { ...shard, roots: shard.roots.toReversed() } })),
    ],
  ]
  for (const [name, lie] of lies) {
    await using relay = await startRelay(honest, description, lie)
    await using _alone = await open(page, [relay.address])
    const refused = await read(page, 'getVertex', address)
    expect(refused.code, name).toBe('refused')
    await using _both = await open(page, [relay.address, honest])
    await expect.poll(async () => (await read(page, 'getVertex', address)).verified, { timeout: 30_000 }).toBe('full')
  }
})
