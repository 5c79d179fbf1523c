/** The program as a person or a script starts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from './arguments.ts'
import { dispatch } from './main.ts'
import { start } from './start.ts'

const PROGRAM = fileURLToPath(new URL('petal-node.ts', import.meta.url))
const CHAIN = fileURLToPath(new URL('../../test/vectors/frames/global_chain.json', import.meta.url))

let directory: string
const children = new Set<ChildProcess>()
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-cli-'))
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  children.clear()
  await rm(directory, { recursive: true })
})

interface Line {
  readonly event: string
  readonly [key: string]: unknown
}

function petal(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PETAL_PASSPHRASE: undefined, FORCE_COLOR: undefined },
  })
  children.add(child)
  let out = ''
  let err = ''
  const lines: string[] = []
  let wake = () => {}
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    wake()
  })
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, out, err }))
  return {
    child,
    ended,
    /** Next line as JSON; fails when the program ends instead. */
    async next(): Promise<Line> {
      while (lines.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        const gone = await Promise.race([promise, ended])
        if (gone !== undefined && lines.length === 0) throw new Error(`ended with ${gone.code}: ${gone.err}${gone.out}`)
      }
      return JSON.parse(lines.shift() ?? '')
    },
    async nextFrame(): Promise<Line> {
      for (;;) {
        const line = await this.next()
        if (line.event === 'frame') return line
      }
    },
  }
}

const local = () => ['start', '--json', '--port', '0', '--frame-interval', '0.5', '--data-dir', join(directory, 'data')]

describe('wrong use: exit code 2, one clear sentence', () => {
  test.each([
    [['start', '--bogus'], "unknown option '--bogus'"],
    [['start', '--prot', '1'], "unknown option '--prot'"],
    [['start', 'stray'], 'stray'],
    [['start', '--port'], '--port'],
    [['start', '--port', 'abc'], '--port abc is not a number'],
    [['start', '--port', '99999'], 'port 99999'],
    [['start', '--host', 'example.org'], 'example.org'],
    [['start', '--network', 'mainnet'], 'unknown network mainnet'],
    [['start', '--network', 'local', '--replay', 'x'], 'exclude each other'],
    [['start', '--frame-interval', '0'], 'frame interval'],
    [['version', '--bogus'], "unknown option '--bogus'"],
    [['stop'], 'unknown command stop'],
    [['--bogus', 'start'], 'unknown command --bogus'],
    [[], 'say what to do: start, probe, keys, release, state, version'],
    [['start', '--keys', ''], '--keys needs a value'],
    [['keys'], 'say what to do: show, backup, restore, verify, export-node, passphrase'],
    [['state'], 'say what to do: verify, repair, backup, stats, accept-rollback'],
    [['state', 'verify', '--bogus'], "unknown option '--bogus'"],
    [['state', 'backup'], '--to is missing'],
    [['state', 'stats', '--data-dir', ''], '--data-dir needs a value'],
  ])('%j', async (args, message) => {
    const refused = await dispatch(args).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(UsageError)
    expect((refused as UsageError).message).toContain(message)
    expect((refused as UsageError).message).not.toContain('\n')
  })

  test('as a program', async () => {
    const { code, out, err } = await petal('start', '--bogus').ended
    expect(err).toBe("petal-node: unknown option '--bogus'\nTry petal-node --help, or petal-node start --help.\n")
    expect(out).toBe('')
    expect(code).toBe(2)
  })
})

test('--help names every option in 80 columns, version says which', async () => {
  const help = await petal('start', '--help').ended
  expect(help.code).toBe(0)
  for (const option of Object.keys(start.args ?? {})) expect(help.out).toMatch(new RegExp(` --${option}[ =]`))
  for (const line of help.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect((await petal('--help').ended).out).toContain('start')
  expect((await petal('version').ended).out).toMatch(/^petal-node \d+\.\d+\.\d+, profile 2\.1\.0\.24/)
})

describe('start', () => {
  test('ready comes first, then frames; SIGINT stops cleanly with 130; a restart continues the chain', async () => {
    const first = petal(...local())
    const ready = await first.next()
    expect(ready).toMatchObject({ event: 'ready', network: 'local', head: '0', url: expect.stringMatching(/^http:/) })
    for (const transport of ['ws', 'webrtc-direct', 'webtransport'])
      expect(ready.addresses).toContainEqual(expect.stringContaining(`/${transport}/`))
    const one = await first.nextFrame()
    expect(one).toMatchObject({ number: '1', identity: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const two = await first.nextFrame()
    first.child.kill('SIGINT')
    const { code, out } = await first.ended
    expect(code).toBe(130)
    expect(out.trim().split('\n').at(-1)).toBe('{"event":"stopped"}')

    const second = petal(...local())
    const again = await second.next()
    expect(Number(again.head)).toBeGreaterThanOrEqual(Number(two.number))
    const next = await second.nextFrame()
    expect(Number(next.number)).toBe(Number(again.head) + 1)
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(143)
  })

  test('after kill -9 every announced frame is still there, and it is said that the last run did not stop by itself', async () => {
    const first = petal(...local())
    await first.next()
    let last = await first.nextFrame()
    for (let i = 0; i < 3; i++) last = await first.nextFrame()
    first.child.kill('SIGKILL')
    await first.ended
    const second = petal(...local())
    const ready = await second.next()
    expect(Number(ready.head)).toBeGreaterThanOrEqual(Number(last.number))
    expect(await second.next()).toMatchObject({
      event: 'notice',
      message: expect.stringContaining('did not stop by itself'),
    })
  })

  test('a data directory in use and a busy port are said plainly, exit code 1', async () => {
    const first = petal(...local())
    const { url } = await first.next()
    const same = await petal(...local()).ended
    expect(same.code).toBe(1)
    expect(JSON.parse(same.out)).toMatchObject({
      event: 'error',
      code: 'dataInUse',
      message: expect.stringContaining(String(first.child.pid)),
    })
    const { port } = new URL(String(url))
    const busy = await petal('start', '--replay', CHAIN, '--port', port).ended
    expect(busy.code).toBe(1)
    expect(busy.out).toContain(`port ${port} of 127.0.0.1 is in use`)
  })

  test('a replay says so in calm lines without colours in a pipe', async () => {
    const run = petal('start', '--replay', CHAIN, '--port', '0')
    const output: string[] = []
    run.child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    await expect.poll(() => output.join(''), { timeout: 20_000 }).toContain('Ctrl-C stops.')
    run.child.kill('SIGINT')
    const { code, out, err } = await run.ended
    expect(code).toBe(130)
    expect(err).toBe('')
    expect(out).toMatch(/^Petal serves network replay, frame 244220\n {2}genesis [0-9a-f]{64}\n {2}page {3}http:/)
    expect(out).not.toContain('\u001b')
  })
})

test('a page server that holds the port does not leave a half started node behind', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const { code } = await petal('start', '--json', '--port', String(port), '--data-dir', join(directory, 'data')).ended
  expect(code).toBe(1)
  expect(await readFile(join(directory, 'data', 'lock'), 'utf8')).toBe('')
  await new Promise((resolve) => other.close(resolve))
})
