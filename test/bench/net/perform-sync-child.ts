/** One end of the figure of PerformSync, in a process of its own: a node with a shard on disk, or a peer that pulls its leaves. */
import { createHash } from 'node:crypto'
import { identityOfSeed } from '../../../core/identity/index.ts'
import { VERTEX_ADDS } from '../../../core/platform/state.ts'
import { decodeResponse, encodeQuery } from '../../../core/sync/index.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { KeyRegistryBook } from '../../../server-node/peers/key-registry-book.ts'
import { tlsMaterial } from '../../../server-node/rpc/own-certificate.ts'
import { connectPeer } from '../../../server-node/rpc/peer-client.ts'
import { startPeerRpc } from '../../../server-node/rpc/peer-rpc.ts'
import { openSync } from '../../../server-node/rpc/sync-stream.ts'
import { NodeState } from '../../../server-node/state/node-state.ts'
import { address, DOMAIN, SHARD_KEY } from '../state/shard.ts'
import { demand } from '../step.ts'
import { performTasks } from '../task-process.ts'

export interface ServedShard {
  readonly port: number
  readonly leaves: number
}

export type SyncTask =
  | { readonly task: 'serve'; readonly directory: string }
  | { readonly task: 'pull'; readonly served: ServedShard }
  | { readonly task: 'cpu' }

export interface SyncResults {
  serve: ServedShard
  /** Megabytes a second of each round, and all that were pulled. */
  pull: { readonly rates: readonly number[]; readonly megabytes: number }
  /** Milliseconds of this process and its threads so far. */
  cpu: number
}

/** Values of 1 kB, as leaves of the network have 0.3 to 2 kB (spec 22 section 5). */
const LEAVES = 40_000
const VALUE_BYTES = 1_024
const CHUNK = 5_000
const ROUNDS = 5
const HOST = '127.0.0.1'

const engine = loadAddon()
const identity = (number: number) => identityOfSeed(new Uint8Array(57).fill(number), engine)

function value(index: number): Uint8Array {
  const seed = createHash('sha512').update(`${index}`).digest()
  return new Uint8Array(Buffer.concat(Array.from({ length: VALUE_BYTES / seed.length }, () => seed)))
}

async function serve(directory: string): Promise<ServedShard> {
  const state = await NodeState.open(directory)
  for (let from = 0; from < LEAVES; from += CHUNK)
    await state.apply(
      Array.from({ length: CHUNK }, (_, index) => ({
        kind: 'add' as const,
        location: { domain: DOMAIN, address: address(from + index), set: 'vertex' as const },
        value: value(from + index),
      })),
    )
  await state.commit(1n)
  const head = { number: 1n, identity: new Uint8Array(32), header: new Uint8Array(0) }
  const server = await startPeerRpc({
    identity: identity(1),
    engine,
    host: HOST,
    port: 0,
    state,
    registries: new KeyRegistryBook(engine),
    source: {
      network: 'bench',
      profile: '2.1.0.24',
      frameIntervalMillis: 10_000,
      oldest: 1n,
      grows: () => false,
      head: () => head,
      header: async () => undefined,
      anchors() {
        throw new Error('this source serves state only')
      },
      onHead: () => () => undefined,
    },
  })
  return { port: server.port, leaves: LEAVES }
}

/** All leaves, page by page over one stream, read and counted; each round as a new peer, so that no rate is used up. */
async function pull({ port, leaves }: ServedShard): Promise<SyncResults['pull']> {
  const rates: number[] = []
  let megabytes = 0
  // The first one, which compiles everything, does not count.
  for (let round = 0; round <= ROUNDS; round++) {
    const peer = await connectPeer(
      { host: HOST, port, peerId: identity(1).peerId },
      { material: tlsMaterial(identity(2 + round), engine), engine },
    )
    const sync = openSync(peer)
    const signal = AbortSignal.timeout(60_000)
    let token: Uint8Array = new Uint8Array(0)
    let read = 0
    let bytes = 0
    const start = performance.now()
    do {
      const tree = { shardKey: SHARD_KEY, phase: VERTEX_ADDS }
      const query = encodeQuery({
        kind: 'leaves',
        tree,
        path: [],
        expectedRoot: new Uint8Array(0),
        maxLeaves: 0,
        token,
      })
      const answer = await sync.ask(query, signal)
      const page = decodeResponse(answer)
      if (page.kind !== 'leaves') throw new Error(`answered by ${page.kind}`)
      bytes += answer.length
      read += page.leaves.length
      token = page.token
    } while (token.length > 0)
    const seconds = (performance.now() - start) / 1_000
    demand(read === leaves, `${read} leaves were read`)
    megabytes += bytes / 1e6
    if (round > 0) rates.push(bytes / 1e6 / seconds)
    sync.close()
    peer.close()
  }
  return { rates, megabytes }
}

async function perform(asked: SyncTask): Promise<unknown> {
  switch (asked.task) {
    case 'serve':
      return serve(asked.directory)
    case 'pull':
      return pull(asked.served)
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    }
  }
}

performTasks(perform)
