/** A full copy of a shard over loopback: the node's own light protocol on libp2p (WebSocket, Noise, Yamux), each end in a process of its own. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { sameBytes } from '../../../core/platform/bytes.ts'
import { type ServedLeaf, VERTEX_ADDS } from '../../../core/platform/state.ts'
import { startPull } from '../../../core/sync/index.ts'
import type { FrameSource } from '../../../server-node/chain/source.ts'
import { DEFAULT_NET_LIMITS } from '../../../server-node/net/limits.ts'
import { type PeerNode, startPeerNode } from '../../../server-node/net/node.ts'
import { NodeStateAnswers } from '../../../server-node/state/answers.ts'
import { NodeState } from '../../../server-node/state/node-state.ts'
import { createWebSocketDialer } from '../../../web/client/transports/websocket.ts'
import { demand } from '../step.ts'
import { DiskShard, loadStateEngine, remove, SHARD_KEY, temporaryDirectory } from './shard.ts'
import type { Timing } from './tasks.ts'

const NETWORK = 'bench'
const PROFILE = '2.1.0.24'
const PULLS = 5

export interface Served {
  readonly address: string
  readonly root: Uint8Array
}

/** Serves a shard that was filled in the directory, from the store and the thread of a node, with the limits of a node. */
export async function serve(leaves: number, directory: string): Promise<Served & { node: PeerNode }> {
  const shard = new DiskShard(loadStateEngine(), leaves, directory)
  const [root, number] = [shard.root(), shard.frame]
  shard.close()
  const state = await NodeState.open(directory)
  const head = { number, identity: new Uint8Array(32), header: new Uint8Array(0) }
  const source: FrameSource = {
    network: NETWORK,
    profile: PROFILE,
    frameIntervalMillis: 10_000,
    oldest: number,
    values: new NodeStateAnswers(state),
    grows: () => false,
    head: () => head,
    header: async () => undefined,
    anchors() {
      throw new Error('this source serves state only')
    },
    onHead: () => () => undefined,
  }
  const identity = await generateEd448KeyPair()
  const limits = DEFAULT_NET_LIMITS
  const node = await startPeerNode({
    networkNumber: 99,
    identity,
    host: '127.0.0.1',
    transports: ['websocket'],
    limits,
  })
  await node.serve(source)
  return { node, address: node.addresses()[0] ?? '', root }
}

/** Dials, pulls all leaves, rebuilds the tree in a new store, several times, each time as a new peer. CPU is that of the pulling process. */
export async function pull(leaves: number, { address, root }: Served): Promise<readonly Timing[]> {
  const timings: Timing[] = []
  // The first one, which compiles everything, does not count.
  for (let round = 0; round <= PULLS; round++) {
    const directory = temporaryDirectory()
    const state = await NodeState.open(directory)
    try {
      const cpu = process.cpuUsage()
      const start = performance.now()
      const pulled = await pullOnce(state, address, root)
      const wall = performance.now() - start
      const { user, system } = process.cpuUsage(cpu)
      demand(pulled === leaves, `${pulled} leaves were pulled`)
      if (round > 0) timings.push({ wall, cpu: (user + system) / 1_000 })
    } finally {
      await state.close()
      remove(directory)
    }
  }
  return timings
}

interface StagedLeaves {
  readonly from: number
  readonly leaves: readonly ServedLeaf[]
}

async function* inOrder(pages: readonly StagedLeaves[]): AsyncGenerator<ServedLeaf> {
  for (const { leaves } of pages.toSorted((a, b) => a.from - b.from)) yield* leaves
}

/** Number of leaves, when the tree is durable and has the root. */
async function pullOnce(state: NodeState, address: string, root: Uint8Array): Promise<number> {
  const dialer = await createWebSocketDialer()
  const signal = AbortSignal.timeout(60_000)
  const dropped: string[] = []
  const tree = { shardKey: SHARD_KEY, phase: VERTEX_ADDS }
  let pages: StagedLeaves[] = []
  try {
    const peer = await dialer.dial(address, { network: NETWORK, profile: PROFILE }, signal)
    const { values } = peer
    if (values === undefined) throw new Error('the peer serves no state')
    const copy = startPull(
      { tree, anchor: root, root },
      {
        now: () => performance.now(),
        wakeAt(at, wake) {
          const timer = setTimeout(wake, Math.max(0, at - performance.now()))
          return () => clearTimeout(timer)
        },
        // Vertices under leaf rule B have no hash target: a leaf with one is none of this shard.
        check: async () => 'a leaf with a hash target',
        stage: async ({ from }, leaves) => void pages.push({ from, leaves }),
        discard: async () => {
          pages = []
        },
        async rebuild() {
          const rebuilt = await state.replace(tree, inOrder(pages), root)
          demand(sameBytes(rebuilt, root), 'another root')
          await state.commit(1n)
          return rebuilt
        },
        onDrop: (_peer, code, reason) => void dropped.push(`${code}: ${reason}`),
      },
    )
    copy.addPeer({ id: peer.id, ask: (query, given) => values.sync(query, AbortSignal.any([given, signal])) })
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`the pull took too long (${dropped.join('; ')})`)))
    })
    return await Promise.race([copy.done, late])
  } finally {
    await dialer.stop()
  }
}
