/** `petal-node start` as a person starts it, in a data directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LineProcess } from './line-process.ts'

export interface Program {
  readonly peerId: string
  readonly addresses: readonly string[]
  /** Ports of gRPC: for other nodes, and for programs of the operator. */
  readonly peerRpcPort: number
  readonly localRpcPort: number
}

const PETAL_NODE = fileURLToPath(new URL('../../../server-node/bin/petal-node.ts', import.meta.url))
const PORTS = ['--port', '0', '--peer-rpc-port', '0', '--local-rpc-port', '0']

/** The stack stops it and removes what it kept. */
export async function startProgram(stack: AsyncDisposableStack, args: readonly string[]): Promise<Program> {
  const directory = await mkdtemp(join(tmpdir(), 'petal-interop-node-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const program = new LineProcess(process.execPath, [
    PETAL_NODE,
    'start',
    '--json',
    '--data-dir',
    directory,
    ...PORTS,
    ...args,
  ])
  stack.defer(() => program.stop('SIGTERM'))
  const { addresses, peerRpcPort, localRpcPort } = (await program.ready()) as unknown as Omit<Program, 'peerId'>
  const [address = ''] = addresses
  return { peerId: address.split('/p2p/').at(-1) ?? '', addresses, peerRpcPort, localRpcPort }
}
