/** Builds and starts the go-libp2p peer of `../go`. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LinePeer, startLinePeer } from './line-peer.ts'
import type { KeyKind, TransportKind } from './peer.ts'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('../go', import.meta.url))
/** Where Go's own installer puts it. */
const PATH = [process.env.PATH, '/usr/local/go/bin'].join(delimiter)
const BUILD_MILLIS = 600_000

export interface GoPeerOptions {
  readonly key: KeyKind
  /** Whether it knows keys of type 4; with an Ed448 key it does. */
  readonly taught: boolean
  readonly transport: TransportKind
  /** Protocol id of Kademlia. */
  readonly kad: string
  /** Protocol id of gossip. */
  readonly gossip: string
}

export interface GoPeers {
  /** What it was built with and of. */
  readonly versions: string
  start(options: GoPeerOptions): Promise<LinePeer>
  dispose(): Promise<void>
}

/** What it says of itself by identify: go-libp2p names the program, and leaves the version of the protocol to it. */
export const GO_SAYS = { agent: /^petal\.invalid\/interop/, protocolVersion: 'petal-interop/1.0.0' }

/** Runs Go in a folder of this one. Rejects with what it says. */
export async function go(...args: string[]): Promise<string> {
  const options = { cwd: SOURCE, env: { ...process.env, PATH }, timeout: BUILD_MILLIS }
  return (await run('go', args, options)).stdout.trim()
}

export async function buildGoPeers(): Promise<GoPeers> {
  const directory = await mkdtemp(join(tmpdir(), 'petal-interop-'))
  const program = join(directory, 'peer')
  const dispose = () => rm(directory, { recursive: true, force: true })
  try {
    await go('build', '-o', program, '.')
    const modules = [
      'github.com/libp2p/go-libp2p',
      'github.com/libp2p/go-libp2p-kad-dht',
      'github.com/cloudflare/circl',
    ]
    const versions = [await go('env', 'GOVERSION'), await go('list', '-m', ...modules)].join('\n').split('\n')
    return { versions: versions.join(', '), start: (options) => startLinePeer(program, argumentsOf(options)), dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

function argumentsOf({ key, taught, transport, kad, gossip }: GoPeerOptions): string[] {
  const args = ['-key', key.toLowerCase(), '-transport', transport, '-kad', kad, '-gossip', gossip]
  return taught ? [...args, '-taught'] : args
}
