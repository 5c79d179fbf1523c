/** Starts `petal-node` as a person would, in a data directory of its own, and stops it by its process id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const CHAIN = join(root, 'test/vectors/frames/global_chain.json')

/** The first start of a local network measures how fast this machine solves time proofs. */
const READY_MILLIS = 60_000
const STOP_MILLIS = 10_000

export interface NodeOptions {
  /** Options after `petal-node start`; `--json` and `--data-dir` are added. */
  readonly args: readonly string[]
  /** Reused by a second start; default a new temporary one, removed at the end. */
  readonly dataDir?: string
}

export interface RunningNode extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly addresses: readonly string[]
  readonly dataDir: string
  stop(signal?: NodeJS.Signals): Promise<void>
}

interface Ready {
  readonly event: 'ready'
  readonly url: string
  readonly addresses: readonly string[]
}

/** Resolves when the node says that it is ready; rejects with what it said instead. */
export async function startNode({ args, dataDir }: NodeOptions): Promise<RunningNode> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'petal-e2e-')))
  const child = spawn(
    join(root, 'node_modules/.bin/node'),
    [join(root, 'server-node/bin/petal-node.ts'), 'start', ...args, '--json', '--data-dir', directory],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    await end(child, signal)
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true })
  }
  try {
    const { url, addresses } = await ready(child)
    return {
      url: url.replace(/\/$/, ''),
      port: Number(new URL(url).port),
      addresses,
      dataDir: directory,
      stop,
      [Symbol.asyncDispose]: () => stop(),
    }
  } catch (error) {
    await stop('SIGKILL')
    throw error
  }
}

/** The recorded chain, served from a free port. */
export const replay = (...more: readonly string[]): NodeOptions => ({
  args: ['--replay', CHAIN, '--port', '0', ...more],
})

async function ready(child: ChildProcess): Promise<Ready> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  return new Promise<Ready>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the node was not ready in time\n${said}`)), READY_MILLIS)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the node ended with ${code}\n${said}`)))
    lines.on('line', (line) => {
      const message: { readonly event?: string } = JSON.parse(line)
      if (message.event !== 'ready') return
      clearTimeout(late)
      resolve(message as Ready)
    })
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS)
  await gone
  clearTimeout(impatient)
}
