/** The peer listener and the local port of a Petal node over real frames and state. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Identity, identityOfSeed } from '@petal/core/identity/index.ts'
import type { Head } from '../../../server-node/chain/source.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { KeyRegistryBook } from '../../../server-node/peers/key-registry-book.ts'
import { startLocalRpc } from '../../../server-node/rpc/local-rpc.ts'
import { startPeerRpc } from '../../../server-node/rpc/peer-rpc.ts'
import { openRealChain } from '../../../server-node/state/testing.ts'

export interface PetalRpc {
  /** Port of the peer listener. */
  readonly port: number
  readonly localPort: number
  readonly seed: Uint8Array
  readonly identity: Identity
  head(): Head
  /** Root of the prover registry at the head. */
  registryRoot(): Uint8Array
  stop(): Promise<void>
}

const FRAMES = 2

export async function startPetalRpc(seed: Uint8Array): Promise<PetalRpc> {
  const stack = new AsyncDisposableStack()
  try {
    const directory = await mkdtemp(join(tmpdir(), 'petal-interop-rpc-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    const node = stack.use(await openRealChain(directory))
    await node.grow(FRAMES)
    const engine = loadAddon()
    const identity = identityOfSeed(seed, engine)
    const registries = new KeyRegistryBook(engine)
    const source = node.chain
    const options = { identity, engine, host: '127.0.0.1', port: 0, source, registries, state: node.state }
    const server = await startPeerRpc(options)
    stack.defer(() => server.stop())
    const local = await startLocalRpc({
      ...options,
      peers: () => [],
      workers: () => [],
      reachable: () => false,
    })
    stack.defer(() => local.stop())
    return {
      port: server.port,
      localPort: local.port,
      seed,
      identity,
      head: () => node.chain.head(),
      registryRoot: () => node.chain.headFacts.proverTreeCommitment,
      stop: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
