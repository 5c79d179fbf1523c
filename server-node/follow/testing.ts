/** Nodes that serve a real chain, honestly or not, to nodes that join: for tests. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import type { FrameSource, Head, StateAnswers } from '../chain/source.ts'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { type PeerNode, startPeerNode } from '../net/node.ts'
import { NodeStateAnswers } from '../state/answers.ts'
import type { RealChain } from '../state/testing.ts'

/** What a node makes of the truth. */
export interface Lies {
  readonly header?: (header: Uint8Array, number: bigint) => Uint8Array | Promise<Uint8Array | undefined>
  readonly head?: (head: Head) => Head
  readonly values?: (honest: StateAnswers) => Partial<StateAnswers>
}

export const INTERVAL_MILLIS = 500

/** The chain as a node serves it. */
export function sourceOf({ chain, state }: RealChain, lies: Lies = {}): FrameSource {
  const honest = new NodeStateAnswers(state)
  const changed = lies.values?.(honest) ?? {}
  const values: StateAnswers = {
    state: changed.state ?? ((question, head) => honest.state(question, head)),
    shard: changed.shard ?? ((domain, frame) => honest.shard(domain, frame)),
    shards: changed.shards ?? ((frame, after) => honest.shards(frame, after)),
    sync: changed.sync ?? ((query) => honest.sync(query)),
  }
  return {
    network: chain.network,
    profile: chain.profile,
    frameIntervalMillis: INTERVAL_MILLIS,
    oldest: chain.oldest,
    values,
    grows: () => true,
    head: () => (lies.head ?? ((head) => head))(chain.head()),
    header: async (number) => {
      const header = await chain.header(number)
      return header && (await (lies.header ?? ((same) => same))(header, number))
    },
    anchors: () => chain.anchors(),
    onHead: (listener) => chain.onHead(listener),
  }
}

export interface Served {
  readonly node: PeerNode
  readonly address: string
  readonly identity: PrivateKey
  readonly port: number
}

/** Serves a source on TCP; `as`: under this identity and port. */
export async function serve(source: FrameSource, as?: Pick<Served, 'identity' | 'port'>): Promise<Served> {
  const identity = as?.identity ?? (await generateKeyPair('Ed25519'))
  const node = await startPeerNode({
    networkNumber: 99,
    identity,
    host: '127.0.0.1',
    ports: as === undefined ? {} : { tcp: as.port },
    transports: ['tcp'],
    limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 100, requestsPerSecond: 200, requestBurst: 500 },
    // Only those that a test names meet.
    discovery: { enoughConnections: 0 },
  })
  await node.serve(source)
  const [address = ''] = node.addresses()
  return { node, address, identity, port: Number(/\/tcp\/(\d+)/.exec(address)?.[1]) }
}

/** A copy with one byte changed. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
