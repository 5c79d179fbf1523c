/** `petal-node probe` as a person or a script starts it (P2P-03, P2P-07, RPC-03 as far as loopback goes). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from '../bin/arguments.ts'
import { dispatch } from '../bin/main.ts'
import { probeCommand } from './command.ts'
import type { ProbeReport } from './report.ts'
import { closedPort, HOST, NOBODY, startPeer, tcpServer } from './testing.ts'

const PROGRAM = fileURLToPath(new URL('../bin/petal-node.ts', import.meta.url))

let stack = new AsyncDisposableStack()
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-probe-'))
})
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
  await rm(directory, { recursive: true })
})

/** Runs in an empty directory, where nothing may be left. */
function petal(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, 'probe', ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: undefined },
  })
  stack.defer(() => void child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...said }))
  return { child, ended }
}

async function configured(text: string): Promise<string> {
  await writeFile(join(directory, 'config.yml'), text)
  return directory
}

describe('wrong use: exit code 2, one clear sentence', () => {
  test.each([
    [['--network', '5'], 'network 5 has no built-in bootstrap peers: give an address, or --config DIR'],
    [['--network', 'testnet'], '--network testnet: mainnet or the number of a network'],
    [['--network', '4294967296'], '--network 4294967296'],
    [['--network', '4294967295'], 'network 4294967295 has no built-in bootstrap peers'],
    [['--network', '5', '--rpc', 'archives'], 'network 5 has no built-in archives'],
    [['--rpc', 'example'], '"example" is no stream port'],
    [['--rpc', '[1.2.3.4]:1'], 'is no stream port'],
    [['--rpc', '127.0.0.1:65536'], 'is no stream port'],
    [['--rpc', '/ip4/127.0.0.1/udp/1'], 'is no stream port'],
    [['--rpc', `${'a'.repeat(600)}:1`], 'is no stream port'],
    [['here'], 'not an address like'],
    [['/ip4/127.0.0.1/udp/1/quic-v1/webtransport'], 'nodes dial'],
    [['/ip4/127.0.0.1/tcp/1/p2p/nobody'], 'no peer id'],
    [['--timeout', '0'], '--timeout 0: 1 to 600 seconds'],
    [['--timeout', 'soon'], '--timeout soon is not a number'],
    [['--bogus'], "unknown option '--bogus'"],
    [['--config', ''], '--config needs a value'],
    [['--config', '/nowhere/at/all'], 'there is no /nowhere/at/all/config.yml'],
    [Array(65).fill('/ip4/127.0.0.1/tcp/1'), '65 peers and ports: at most 64'],
  ])('%j', async (args, message) => {
    const refused = await dispatch(['probe', ...args]).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(UsageError)
    expect((refused as UsageError).message).toContain(message)
    expect((refused as UsageError).message).not.toContain('\n')
  })

  test.each([
    ['p2p: {bootstrapPeers: 5}', 'p2p.bootstrapPeers is no list of texts'],
    ['p2p: {bootstrapPeers: [{a: b}]}', 'p2p.bootstrapPeers is no list of texts'],
    ['p2p: {bootstrapPeers: [/ip4/127.0.0.1/udp/1/quic-v1]}', 'needs /p2p/'],
    ['p2p: {network: first}', 'p2p.network is no number'],
    ['p2p: {network: 4294967296}', 'p2p.network is no number'],
    // Taken: what is missed is something else.
    ['p2p: {network: 4294967295}', 'network 4294967295 has no built-in bootstrap peers'],
    [`p2p: {bootstrapPeers: [${'/x,'.repeat(70)}]}`, '70 bootstrap peers, at most 64'],
    ['x: &a [1]\np2p: {bootstrapPeers: [*a]}', 'p2p.bootstrapPeers is no list of texts'],
    ['[', 'config.yml is no YAML'],
  ])('a config.yml that cannot be used: %s', async (text, message) => {
    await expect(dispatch(['probe', '--config', await configured(text)])).rejects.toThrow(message)
  })
})

test('as a program: exit code 2, and where to read on', async () => {
  const { code, out, err } = await petal('--network', '5').ended
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^petal-node: network 5 has no .*\nTry petal-node --help, or petal-node probe --help\.\n$/)
})

test('--help names every option in 80 columns', async () => {
  const { code, out } = await petal('--help').ended
  expect(code).toBe(0)
  for (const option of Object.keys(probeCommand.args ?? {}).filter((name) => !name.includes('.')))
    expect(out).toMatch(new RegExp(` --${option}[ =]`))
  expect(out).toContain('[ADDRESS...]')
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test('a node that answers among others: exit code 0, and nothing is written', async () => {
  const node = await startPeer(stack)
  const closed = `/ip4/${HOST}/tcp/${await closedPort()}`
  const [address = ''] = node.addresses()
  const people = await petal('--network', '99', address, closed).ended
  expect(people).toMatchObject({ code: 0, err: '' })
  expect(people.out).toMatch(/^ {2}connect .*tcp, 127\.0\.0\.1 port \d+\/tcp$/m)
  expect(people.out).toContain('FAILED 127.0.0.1 port')
  expect(people.out.trim().split('\n').at(-1)).toBe('1 of 2 answered to the end: this machine reaches network 99.')

  const programs = await petal('--network', '99', address, '--json', '--no-discover').ended
  expect(programs).toMatchObject({ code: 0, err: '' })
  const report: ProbeReport = JSON.parse(programs.out)
  expect(report).toMatchObject({ network: 99, answered: 1, rpc: [], peers: [{ gossip: true, learned: null }] })
  expect(await readdir(directory)).toEqual([])
})

test('nobody answers: exit code 1', async () => {
  const port = await closedPort()
  const { code, out } = await petal('--network', '99', '--json', '--rpc', `${HOST}:${port}`).ended
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ answered: 0, peers: [], rpc: [{ failure: { code: 'refused' } }] })
})

test('--config: the network, bootstrap peers and archives of a config.yml', async () => {
  const node = await startPeer(stack)
  const [address = ''] = node.addresses()
  const archive = `/ip4/${HOST}/tcp/${await closedPort()}`
  const text = `p2p: {network: 99, bootstrapPeers: [${address}]}\nengine: {archiveEndpoints: [${archive}]}\n`
  const config = await configured(text)
  const peers: ProbeReport = JSON.parse((await petal('--config', config, '--json').ended).out)
  expect(peers).toMatchObject({ network: 99, answered: 1, peers: [{ target: address }] })
  const archives: ProbeReport = JSON.parse((await petal('--config', config, '--rpc', 'archives', '--json').ended).out)
  expect(archives).toMatchObject({ network: 99, answered: 0, peers: [], rpc: [{ target: archive }] })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with %d, and what is known by then is said', async (signal, code) => {
  const { promise: connected, resolve } = Promise.withResolvers<void>()
  const port = await tcpServer(stack, (socket) => void socket.once('data', () => resolve()))
  const { child, ended } = petal(
    '--network',
    '99',
    '--timeout',
    '600',
    '--json',
    `/ip4/${HOST}/tcp/${port}/p2p/${NOBODY}`,
  )
  await connected
  child.kill(signal)
  const end = await ended
  expect(end.code).toBe(code)
  expect(JSON.parse(end.out)).toMatchObject({ peers: [{ failure: { code: 'interrupted', stage: 'secure' } }] })
})
