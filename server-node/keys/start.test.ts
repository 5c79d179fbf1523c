/** A whole node with its keys: who it is to its peers, and data of earlier versions. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secrets } from '../data/secrets.ts'
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from '../index.ts'
import { createNodeDirectory } from './node-directory.ts'
import { showDirectory } from './show.ts'
import { engine, fresh, ringOf } from './testing.ts'

const CHAIN = fileURLToPath(new URL('../../test/vectors/frames/global_chain.json', import.meta.url))

let root: string
let events: NodeEvent[]
let stack: AsyncDisposableStack
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'petal-start-'))
  events = []
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(root, { recursive: true })
})

const data = () => join(root, 'data')

async function run(options: NodeOptions): Promise<RunningNode> {
  const common = { port: 0, webRoot: join(root, 'no-page'), transports: ['websocket'] as const }
  const node = await startNode({ ...common, ...options, onEvent: (event) => events.push(event) })
  stack.use(node)
  return node
}

const local = (options: NodeOptions = {}) => run({ dataDirectory: data(), frameIntervalMillis: 500, ...options })
const peerIds = (node: RunningNode) => [...new Set(node.addresses().map((address) => address.split('/p2p/')[1]))]

test('OPS-03 P2P-01 peers know a node by its q-peer-key, over restarts; no private key is in any event', async () => {
  const first = await local()
  const { peerId } = await showDirectory({ directory: data() }, engine)
  expect(peerId).toMatch(/^Qm/)
  expect(peerIds(first)).toEqual([peerId])
  await first.stop()
  const second = await local()
  expect(peerIds(second)).toEqual([peerId])
  await second.stop()
  const ring = await ringOf(data())
  for (const id of ring.ids)
    expect(JSON.stringify(events)).not.toContain(Buffer.from(ring.get(id).privateKey.subarray(0, 40)).toString('hex'))
})

test('a start with the keys of another node has its identity, with a data directory or none', async () => {
  const nodeDirectory = join(root, 'other')
  await createNodeDirectory(nodeDirectory, fresh(), engine)
  const { peerId } = await showDirectory({ directory: nodeDirectory }, engine)
  expect(peerIds(await local({ nodeDirectory }))).toEqual([peerId])
  expect(peerIds(await run({ replay: CHAIN, nodeDirectory }))).toEqual([peerId])
  await expect(run({ replay: CHAIN, nodeDirectory: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'keys' })
})

test('for stock peers a node can have an Ed25519 identity, kept over restarts', async () => {
  const options = { replay: CHAIN, dataDirectory: data(), identityKind: 'ed25519' } as const
  const first = await run(options)
  const known = peerIds(first)
  expect(known).toEqual([expect.stringMatching(/^12D3Koo/)])
  await first.stop()
  expect(peerIds(await run(options))).toEqual(known)
})

test('a network of a version that kept its committee in secrets.json goes on, under a new identity', async () => {
  const secrets = async () => Secrets.open(data())
  const materials = Array.from({ length: 4 }, () => new Uint8Array(randomBytes(64)))
  // Before there was a key store: committee and Ed25519 identity in the secrets, and the network that they made.
  const old = await local({ identityKind: 'ed25519' })
  await old.stop()
  await rm(join(data(), 'keys.json'))
  await rm(join(data(), 'genesis.json'))
  await rm(join(data(), 'state'), { recursive: true })
  const kept = await secrets()
  for (const [index, material] of materials.entries()) await kept.put(`committee-${index}`, material)
  const before = await readFile(join(data(), 'secrets.json'), 'utf8')
  const made = await local({ identityKind: 'ed25519' })
  await expect.poll(() => made.source.head().number, { timeout: 20_000 }).toBeGreaterThan(0n)
  await made.stop()
  const head = made.source.head()
  await rm(join(data(), 'keys.json'))
  await rm(join(data(), 'keys.passphrase'))
  await writeFile(join(data(), 'secrets.json'), before)

  events = []
  const node = await local()
  expect(node.source.head()).toEqual(head)
  expect(node.source.anchors().committee).toEqual(made.source.anchors().committee)
  expect(peerIds(node)).toEqual([expect.stringMatching(/^Qm/)])
  expect(events).toContainEqual({ event: 'notice', message: expect.stringContaining('new identity (Ed448)') })
  await expect.poll(() => node.source.head().number, { timeout: 20_000 }).toBeGreaterThan(head.number)
  await node.stop()
  expect((await secrets()).get('committee-0')).toBeUndefined()
  expect((await secrets()).get('peer-identity')).toBeDefined()
})

test('a passphrase costs what it should: 128 MiB a guess', async () => {
  await (await run({ replay: CHAIN, dataDirectory: data(), passphrase: 'mine' })).stop()
  expect(JSON.parse(await readFile(join(data(), 'keys.json'), 'utf8')).kdf).toMatchObject({ name: 'scrypt', log2N: 17 })
})
