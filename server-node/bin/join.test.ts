/** `petal-node start --join` as a person or a script uses it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NodeProcess } from '../follow/processes.ts'
import { serve, sourceOf } from '../follow/testing.ts'
import { openRealChain } from '../state/testing.ts'
import { UsageError } from './arguments.ts'
import { dispatch } from './main.ts'

const PROGRAM = fileURLToPath(new URL('petal-node.ts', import.meta.url))
const PEER = 'QmXqRVevZZm4HFpd9p2rg8Dv5AY9CBLsanFvvqZaBXH8Lo'
const SHA1_MULTIHASH = '5dqt6AG4uYT6UYG9eZveuaurk12esx'

let directory: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-join-cli-'))
  stack = new AsyncDisposableStack()
})
afterEach(async () => {
  await stack.disposeAsync()
  await rm(directory, { recursive: true })
})

test.each([
  [['--join', ''], '--join needs a value'],
  [['--join', 'http://127.0.0.1/,'], '--join needs a value'],
  [['--join', 'nonsense'], 'cannot join "nonsense"'],
  [['--join', '/ip4/127.0.0.1/tcp/1'], 'peer id'],
  [['--join', `/ip4/127.0.0.1/tcp/1/p2p/${PEER}0`], 'is not a peer id'],
  [['--blacklist', `${PEER},12D3`], '"12D3" in the blacklist is not a peer id'],
  [['--blacklist', SHA1_MULTIHASH], 'in the blacklist is not a peer id'],
  [['--join', 'http://127.0.0.1/', '--frame-interval', '1'], 'frame interval'],
  [['--join', 'http://127.0.0.1/', '--genesis', 'xyz'], '64 lower-case hex digits'],
  [['--join', 'http://127.0.0.1/', '--replay', 'a.json'], 'replay'],
])('wrong use %j: one clear sentence', async (args, message) => {
  const refused = await dispatch(['start', ...args]).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(UsageError)
  expect((refused as UsageError).message).toContain(message)
})

test('Ctrl-C while nobody answers ends it with 130, and another start finds the directory free', {
  timeout: 120_000,
}, async () => {
  for (let times = 0; times < 2; times++) {
    const node = stack.use(
      new NodeProcess('--port', '0', '--data-dir', join(directory, 'b'), '--join', `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`),
    )
    await Promise.race([node.closed, new Promise((resolve) => setTimeout(resolve, 4000))])
    expect(await node.end('SIGINT')).toBe(130)
    expect(node.events.at(-1)).toEqual({ event: 'stopped' })
  }
})

test('people are told the way: network, headers, state, then where it is; a refused genesis ends with 1', {
  timeout: 120_000,
}, async () => {
  await mkdir(join(directory, 'chain'))
  const real = stack.use(await openRealChain(join(directory, 'chain')))
  await real.grow(4)
  const served = await serve(sourceOf(real))
  stack.defer(() => served.node.stop())
  const args = ['start', '--port', '0', '--data-dir', join(directory, 'b'), '--join', served.address]
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PETAL_PASSPHRASE: undefined, FORCE_COLOR: undefined },
  })
  stack.defer(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  await expect.poll(() => out, { timeout: 60_000 }).toContain('Ctrl-C stops.')
  expect(out).toMatch(/^joining network local, genesis [0-9a-f]{64}$/m)
  expect(out).toMatch(/^headers {2}3 of 3 verified$/m)
  expect(out).toMatch(/^state {4}frame 4, tree \d of \d {2}\d+ of \d+ leaves {2}\d/m)
  expect(out).toMatch(/^Petal joined network local at frame 4\n {2}genesis [0-9a-f]{64}\n {2}peers {2}1\n/m)
  child.kill('SIGINT')
  await once(child, 'close')
  expect(child.exitCode).toBe(130)

  const other = stack.use(
    new NodeProcess('--data-dir', join(directory, 'b'), '--join', served.address, '--genesis', 'ab'.repeat(32)),
  )
  expect(await other.closed).toBe(1)
  expect(other.events).toMatchObject([{ event: 'error', code: 'genesis' }])
})
