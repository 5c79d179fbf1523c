/** Nodes that join a local network, in this process, on real parts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from '../index.ts'

let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-join-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

interface Started {
  readonly node: RunningNode
  readonly events: NodeEvent[]
}

async function start(name: string, options: NodeOptions = {}): Promise<Started> {
  const events: NodeEvent[] = []
  const node = await startNode({
    port: 0,
    webRoot: join(directory, 'no-page'),
    dataDirectory: join(directory, name),
    transports: ['tcp', 'websocket'],
    store: { ballastBytes: 0 },
    ...options,
    onEvent: (event) => events.push(event),
  })
  stack.use(node)
  return { node, events }
}

const until = (check: () => unknown) => expect.poll(check, { timeout: 60_000, interval: 100 })
const head = ({ node }: Started) => Number(node.source.head().number)
const tcp = ({ node }: Started) => node.addresses().filter((address) => /\/tcp\/\d+\/p2p/.test(address))

test('a late node takes headers and state, then follows by gossip', async () => {
  const a = await start('a', { frameIntervalMillis: 1000 })
  await until(() => head(a)).toBeGreaterThan(3)
  const b = await start('b', { join: tcp(a) })
  expect(head(b)).toBeGreaterThan(3)
  const at = head(b)
  await until(() => head(b)).toBeGreaterThan(at + 4)
}, 120_000)
