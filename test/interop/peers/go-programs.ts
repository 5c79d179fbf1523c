/** Builds and starts the programs of `../go`: a libp2p host, a gRPC server, certificates, and grpcurl. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { GossipPeer } from './gossip-peer.ts'
import { LineProcess } from './line-process.ts'
import type { KeyKind } from './peer.ts'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('../go', import.meta.url))
/** Where Go's own installer puts it. */
const PATH = [process.env.PATH, '/usr/local/go/bin'].join(delimiter)
const BUILD_MILLIS = 900_000
const GRPCURL = 'github.com/fullstorydev/grpcurl'
const PROGRAMS = ['./...', `${GRPCURL}/cmd/grpcurl`]
const MODULES = [
  'github.com/libp2p/go-libp2p',
  'github.com/libp2p/go-libp2p-kad-dht',
  'github.com/cloudflare/circl',
  GRPCURL,
]

export interface GoPeerOptions {
  readonly key: KeyKind
  /** Whether it knows keys of type 4; with an Ed448 key it does. */
  readonly taught: boolean
  readonly transport: TransportName
  /** Protocol id of Kademlia. */
  readonly kad: string
  /** Protocol id of gossip. */
  readonly gossip: string
}

/** What the peer says of itself by identify: go-libp2p names the program, and leaves the version of the protocol to it. */
export const GO_SAYS = { agent: /^petal\.invalid\/interop/, protocolVersion: 'petal-interop/1.0.0' }

/** Why the programs cannot be built here, or undefined. */
export async function whyNoGo(): Promise<string | undefined> {
  try {
    await go('version')
  } catch {
    return 'no Go here'
  }
  try {
    await go('list', '-deps', ...PROGRAMS)
    return undefined
  } catch (error) {
    return `modules are missing: ${String(error).trim().split('\n').at(-1)}`
  }
}

/** Runs Go in its folder. Rejects with what it says. */
async function go(...args: string[]): Promise<string> {
  const options = { cwd: SOURCE, env: { ...process.env, PATH }, timeout: BUILD_MILLIS }
  return (await run('go', args, options)).stdout.trim()
}

export class GoPrograms implements AsyncDisposable {
  /** For whatever the programs read or write. */
  readonly directory: string
  /** What they are built with and of. */
  readonly versions: string

  private constructor(directory: string, versions: string) {
    this.directory = directory
    this.versions = versions
  }

  static async build(): Promise<GoPrograms> {
    const directory = await mkdtemp(join(tmpdir(), 'petal-interop-'))
    try {
      await go('build', '-o', `${directory}/`, ...PROGRAMS)
      const versions = `${await go('env', 'GOVERSION')}\n${await go('list', '-m', ...MODULES)}`
      return new GoPrograms(directory, versions.split('\n').join(', '))
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  path(program: 'peer' | 'certificate' | 'grpcserver' | 'grpcurl'): string {
    return join(this.directory, program)
  }

  async startPeer({ key, taught, transport, kad, gossip }: GoPeerOptions): Promise<GossipPeer> {
    const args = ['-key', key.toLowerCase(), '-transport', transport, '-kad', kad, '-gossip', gossip]
    const program = new LineProcess(this.path('peer'), taught ? [...args, '-taught'] : args)
    return new GossipPeer(program, await program.ready())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}
