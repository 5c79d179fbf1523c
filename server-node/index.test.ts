/** The node as a whole, in this process, on the real engine. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NetworkDescription } from '@petal/core/light/anchors.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NodeCrypto } from './crypto/node-crypto.ts'
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from './index.ts'

const CHAIN = fileURLToPath(new URL('../test/vectors/frames/global_chain.json', import.meta.url))

let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-node-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

async function run(
  options: NodeOptions,
): Promise<{ node: RunningNode; events: NodeEvent[]; frames(n: number): Promise<void> }> {
  const events: NodeEvent[] = []
  const node = await startNode({
    port: 0,
    webRoot: join(directory, 'no-page'),
    ...options,
    onEvent: (event) => events.push(event),
  })
  stack.use(node)
  const frames = (count: number) =>
    expect
      .poll(() => events.filter(({ event }) => event === 'frame').length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(count)
  return { node, events, frames }
}

const local = () => ({ dataDirectory: join(directory, 'data'), frameIntervalMillis: 500 })
const describeNetwork = async (node: RunningNode) =>
  (await (await fetch(new URL('network.json', node.url))).json()) as NetworkDescription

describe('local network', () => {
  test('its frames verify against what network.json says, at least three of four sign, everyone links to its parent', async () => {
    const { node, events, frames } = await run(local())
    await frames(6)
    const network = await describeNetwork(node)
    expect(network).toMatchObject({ format: 1, network: 'local', profile: '2.1.0.24', frameIntervalMillis: 500 })
    expect(network.addresses).toEqual(node.addresses())
    expect(
      network.addresses.map(
        (address) => /\/(ws|webrtc-direct|webtransport|tcp\/\d+|quic-v1)\/(?!ws|webtransport)/.exec(address)?.[1],
      ),
    ).toEqual([expect.stringMatching(/^tcp/), 'quic-v1', 'ws', 'webrtc-direct', 'webtransport'])

    const crypto = new NodeCrypto({ threads: 1 })
    stack.defer(() => crypto.close())
    const committee = await crypto.openCommittee(network.anchors.committee ?? { members: [], threshold: null })
    let parent = Buffer.from(network.anchors.checkpoint.identity, 'hex')
    for (let n = 1n; n <= 6n; n++) {
      const header = await node.source.header(n)
      const verdict = await crypto.verifyCertificate(header ?? new Uint8Array(), committee, network.anchors.rules)
      expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([])
      expect(verdict.valid).toBe(true)
      expect(verdict.signers.length).toBeGreaterThanOrEqual(3)
      expect((await crypto.verifyTimeProof(header ?? new Uint8Array())).ok).toBe(true)
      const facts = await crypto.inspectHeader(header ?? new Uint8Array())
      expect(facts).toMatchObject({ number: n, rank: n })
      expect(Buffer.from(facts.parentSelector)).toEqual(parent)
      parent = Buffer.from(facts.identity)
    }
    expect(await (await fetch(new URL('healthz', node.url))).json()).toMatchObject({ status: 'ok', network: 'local' })
    const secrets = await readFile(join(directory, 'data', 'secrets.json'), 'utf8')
    for (const { value } of Object.values<{ value: string }>(JSON.parse(secrets).entries)) {
      expect(JSON.stringify(events)).not.toContain(value)
    }
  })

  test('a restart continues the chain under the same identity, addresses and anchors', async () => {
    const first = await run(local())
    await first.frames(2)
    const stable = (node: RunningNode) =>
      node.addresses().flatMap((address) => (address.includes('webrtc') ? [] : [address]))
    const addresses = stable(first.node)
    await first.node.stop()
    const head = first.node.source.head()
    const second = await run(local())
    expect(second.node.source.head()).toEqual(head)
    expect(second.node.network().anchors.committee).toEqual(first.node.source.anchors().committee)
    expect(stable(second.node)).toEqual(addresses)
    await second.frames(1)
    expect(second.events.find(({ event }) => event === 'frame')).toMatchObject({ number: String(head.number + 1n) })
  })

  test('one node per data directory', async () => {
    await run(local())
    await expect(run(local())).rejects.toMatchObject({ code: 'dataInUse' })
  })

  test('with a passphrase the keys open with it only', async () => {
    const { node } = await run({ ...local(), passphrase: 'correct horse' })
    await node.stop()
    await expect(run(local())).rejects.toMatchObject({ code: 'passphrase' })
    await run({ ...local(), passphrase: 'correct horse' })
  })
})

describe('replay', () => {
  test('all recorded frames are there, their committee and threshold are the anchors', async () => {
    const { node } = await run({ replay: CHAIN })
    const recorded = JSON.parse(await readFile(CHAIN, 'utf8'))
    expect(node.source.head().number).toBe(244220n)
    for (const { header, header_pb } of recorded.cases) {
      const bytes = await node.source.header(BigInt(header.frame_number))
      expect(Buffer.from(bytes ?? []).toString('hex')).toBe(header_pb)
    }
    const { anchors, network } = await describeNetwork(node)
    expect(network).toBe('replay')
    expect(anchors.committee?.threshold).toBe(String(recorded.quorum_threshold))
    expect(anchors.committee?.members).toHaveLength(7)
    expect(anchors.rules.difficultyFloor).toBe(400)
    expect(anchors.checkpoint).toMatchObject({ number: '244200', identity: recorded.cases[0].identity, rank: '0' })
  })

  test('one by one, if wanted', async () => {
    const { node, frames } = await run({ replay: CHAIN, replayIntervalMillis: 20 })
    await frames(20)
    expect(node.source.head().number).toBe(244220n)
    expect(node.health().status).toBe('ok')
  })

  test.each([
    ['no file', 'nothing.json', undefined],
    ['no JSON', 'a.json', '{'],
    ['no frames', 'b.json', '{"committee":[],"quorum_threshold":1,"cases":[]}'],
    ['no header', 'c.json', '{"committee":[],"quorum_threshold":1,"cases":[{"header_pb":"0801"}]}'],
    ['no committee', 'd.json', '{"quorum_threshold":1,"cases":[]}'],
  ])('%s: said plainly', async (_, name, content) => {
    const file = join(directory, name)
    if (content !== undefined) await writeFile(file, content)
    await expect(run({ replay: file })).rejects.toMatchObject({
      code: 'replay',
      message: expect.stringContaining(file),
    })
  })
})

test.each([
  { host: 'example.org' },
  { port: 70_000 },
  { port: 1.5 },
  { frameIntervalMillis: 0 },
  { frameIntervalMillis: Number.NaN },
  { replayIntervalMillis: 100 },
  { passphrase: '' },
])('%o has no meaning', async (options) => {
  await expect(run({ ...local(), ...options })).rejects.toMatchObject({ code: 'options' })
})
