/** gRPC of a node: for other nodes, and for programs of its operator. */
import { Code, ConnectError } from '@connectrpc/connect'
import { bytesToHex } from '@noble/hashes/utils.js'
import { GLOBAL_TOPICS, shardTopics } from '@petal/core/gossip/topics.ts'
import type { Identity } from '@petal/core/identity/index.ts'
import { GossipError, type GossipService } from '@petal/p2p/gossip/index.ts'
import type { FrameSource } from '../chain/source.ts'
import type { Addon } from '../crypto/addon.ts'
import type { KeyRegistryBook } from '../peers/key-registry-book.ts'
import type { PeerBook } from '../peers/peer-book.ts'
import { startLocalRpc } from '../rpc/local-rpc.ts'
import { startPeerRpc } from '../rpc/peer-rpc.ts'
import type { GlobalContent } from '../rpc/services/global.ts'
import { readOwnProver } from '../rpc/services/own-prover.ts'
import type { AuthorisedSend } from '../rpc/services/send.ts'
import type { NodeState } from '../state/node-state.ts'
import { shardKeys } from '../state/shard-keys.ts'

export interface RpcParts {
  readonly identity: Identity
  /** Of this node's own prover, 32 bytes; the registry need not know it. */
  readonly proverAddress: Uint8Array
  readonly engine: Addon
  readonly host: string
  readonly source: FrameSource
  readonly state: NodeState | undefined
  readonly registries: KeyRegistryBook
  readonly peers: PeerBook
  readonly gossip: GossipService
  reachable(): boolean
  onFault(error: unknown): void
}

interface Listening {
  readonly port: number
  stop(): Promise<void>
}

/** The port for other nodes. Rejects with `NodeError` `busyPort`. */
export function startPeerPort(parts: RpcParts, port: number): Promise<Listening> {
  const { identity, engine, host, source, state, registries, onFault } = parts
  return startPeerRpc({
    identity,
    engine,
    host,
    port,
    source,
    registries,
    ...(state === undefined ? {} : { state }),
    onMessage: listening(parts),
    onEvent: (event) => {
      if (event.event === 'fault') onFault(event.error)
    },
  })
}

/** The port for the operator's programs, on loopback whatever the node listens on. Rejects with `NodeError` `busyPort`. */
export function startLocalPort(parts: RpcParts, port: number): Promise<Listening> {
  const { identity, proverAddress, engine, source, state, peers, gossip, reachable, onFault } = parts
  return startLocalRpc({
    identity,
    engine,
    source,
    host: '127.0.0.1',
    port,
    peers: () => peers.all(),
    workers: () => [],
    reachable,
    send: (request) => publish(gossip, request).catch(statusOfRefusal),
    onFault,
    ...(state === undefined
      ? {}
      : { state, shardKeys: () => shardKeys(state), prover: () => readOwnProver(state, proverAddress) }),
  })
}

const EVERYWHERE = 0xff

/**
 * A prover message goes to all provers, others to whoever follows the domain; deliveries to the dispatch of their address (spec 51 section 5).
 * The answer has no field for how many were reached: OK means that every part went to a peer, some perhaps by an earlier try of the request.
 */
async function publish(gossip: GossipService, { domain, bundle, deliveries }: AuthorisedSend): Promise<void> {
  if (gossip.peers.length === 0)
    throw new ConnectError('no peer that gossips is connected: nothing was sent', Code.Unavailable)
  const parts = deliveries.map(({ address, message }) => ({
    name: `the delivery to ${bytesToHex(address)}`,
    topic: shardTopics(address).dispatch,
    message,
  }))
  if (bundle.length > 0) {
    const topic = domain.every((byte) => byte === EVERYWHERE) ? GLOBAL_TOPICS.prover : shardTopics(domain).frame
    parts.unshift({ name: 'the bundle', topic, message: bundle })
  }
  const missed: string[] = []
  let known = 0
  for (const { name, topic, message } of parts) {
    const reached = await gossip.publish(topic, message).catch(knownOrRefused)
    if (reached === 0) missed.push(name)
    if (reached === KNOWN) known++
  }
  if (missed.length > 0)
    throw new ConnectError(`no connected peer follows the topic of ${missed.join(' and ')}`, Code.Unavailable)
  if (known === parts.length) throw new ConnectError('all of this was published lately', Code.AlreadyExists)
}

/** Instead of a number of peers: it was published before. */
const KNOWN = 'known'

function knownOrRefused(error: unknown): typeof KNOWN {
  if (error instanceof GossipError && error.code === 'duplicate') return KNOWN
  throw error
}

/** What gossip refused, as the caller is told of it; of a signer that fails, which is a fault here, it learns nothing. */
const STATUS: Partial<Record<GossipError['code'], Code>> = {
  size: Code.InvalidArgument,
  stopped: Code.Unavailable,
}

function statusOfRefusal(error: unknown): never {
  const status = error instanceof GossipError ? STATUS[error.code] : undefined
  throw error instanceof GossipError && status !== undefined ? new ConnectError(error.message, status) : error
}

/** Messages of the global topics, for one listener at a time. Whoever subscribes to a topic passes its messages on: only topics that are judged here. */
const listening =
  ({ gossip, state }: RpcParts): NonNullable<GlobalContent['onMessage']> =>
  (listener) => {
    const deliver = ({ data, bitmask }: { readonly data: Uint8Array; readonly bitmask: Uint8Array }) =>
      listener({ data, bitmask })
    // A recording judges neither frames nor alerts.
    const topics =
      state === undefined
        ? [GLOBAL_TOPICS.peerInfo]
        : [GLOBAL_TOPICS.frame, GLOBAL_TOPICS.peerInfo, GLOBAL_TOPICS.alert]
    const stops = topics.map((topic) => gossip.subscribe(topic, { deliver }))
    return () => {
      for (const stop of stops) stop()
    }
  }
