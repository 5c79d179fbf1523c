/** Starts what a node offers beside frames. */
import { identityOfSeed } from '@petal/core/identity/index.ts'
import type { FrameSource } from '../chain/source.ts'
import type { Addon } from '../crypto/addon.ts'
import { messageOf, NodeError } from '../errors.ts'
import { AlertCatchUp } from '../follow/alert-catch-up.ts'
import { readJoinTarget } from '../follow/join-target.ts'
import type { PeerPool } from '../follow/peer-pool.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { PEER_KEY_ID, PROVER_KEY_ID } from '../keys/key-types.ts'
import type { PeerNode } from '../net/node.ts'
import type { ResolvedOptions } from '../options.ts'
import { AlertDesk } from '../peers/alerts.ts'
import { KeyRegistryBook } from '../peers/key-registry-book.ts'
import { Neighbours } from '../peers/neighbours.ts'
import { PeerBook } from '../peers/peer-book.ts'
import type { NodeState } from '../state/node-state.ts'
import { startPeerGossip } from './peer-gossip.ts'
import { type RpcParts, startLocalPort, startPeerPort } from './rpc.ts'

export interface WireParts {
  readonly options: ResolvedOptions
  readonly engine: Addon
  readonly keys: KeyRing
  readonly light: PeerNode
  readonly source: FrameSource
  readonly state: NodeState | undefined
  /** Neighbours that are asked for earlier alerts; absent where this node follows nobody. */
  readonly followed: PeerPool | undefined
  /** Fires when the node stops. */
  readonly stopping: AbortSignal
  /** It makes frames: an alert halts it. */
  readonly produces: boolean
  /** Port of the last run for other nodes, when it is free. */
  readonly wishedPort: number | undefined
  readonly stack: AsyncDisposableStack
  /** An alert stops this node. */
  halt(): void
}

export interface Wire {
  readonly peerRpcPort: number
  readonly localRpcPort: number | null
}

const SEED_BYTES = 57

/** Throws `NodeError` `busyPort` for a port that was given and is not free. */
export async function startWire(parts: WireParts): Promise<Wire> {
  const { options, engine, keys, light, source, state, produces, stack } = parts
  const failed = (error: unknown) => options.onEvent({ event: 'failure', message: messageOf(error), final: false })
  const prover = keys.get(PROVER_KEY_ID)
  const identity = identityOfSeed(keys.get(PEER_KEY_ID).privateKey.subarray(0, SEED_BYTES), engine)
  stack.defer(() => void identity.seed.fill(0))
  const store = state?.kv()
  const registries = store === undefined ? new KeyRegistryBook(engine) : await KeyRegistryBook.open(engine, store)
  const named = options.join.map(readJoinTarget).flatMap((target) => (target.kind === 'peer' ? [target.peer] : []))
  const neighbours = new Neighbours(light.libp2p, named)
  const peers = new PeerBook({
    engine,
    self: identity.peerId,
    dealsWith: (peerId) => neighbours.dealsWith(peerId),
  })
  const rpc: RpcParts = {
    identity,
    proverAddress: engine.poseidonHashBytes(prover.publicKey),
    engine,
    host: options.host,
    source,
    state,
    registries,
    peers,
    gossip: light.gossip,
    reachable: () => light.reachability().reach === 'public',
    onFault: failed,
  }
  const peerPort = await (options.peerRpcPort === undefined
    ? onWishedPort(rpc, parts.wishedPort)
    : startPeerPort(rpc, options.peerRpcPort))
  stack.defer(() => peerPort.stop())
  const localPort = options.localRpcPort === undefined ? null : await startLocalPort(rpc, options.localRpcPort)
  if (localPort !== null) stack.defer(() => localPort.stop())

  const alerts = await openAlerts(parts, store)
  stack.defer(
    startPeerGossip({
      gossip: light.gossip,
      engine,
      identity,
      proverSecret: prover.privateKey,
      peers,
      registries,
      neighbours,
      alerts,
      source,
      archive: produces,
      addresses: () => light.addresses(),
      streamPort: peerPort.port,
      onFailure: failed,
    }),
  )
  if (parts.followed !== undefined) {
    new AlertCatchUp((alert) => alerts.judge(alert), parts.stopping, failed).follow(parts.followed)
  }
  return { peerRpcPort: peerPort.port, localRpcPort: localPort?.port ?? null }
}

/** Between the look and the listening somebody else may have taken the port. */
function onWishedPort(rpc: RpcParts, port = 0): ReturnType<typeof startPeerPort> {
  return startPeerPort(rpc, port).catch((error: unknown) => {
    if (port === 0 || !(error instanceof NodeError && error.code === 'busyPort')) throw error
    return startPeerPort(rpc, 0)
  })
}

async function openAlerts(parts: WireParts, store: ReturnType<NodeState['kv']> | undefined): Promise<AlertDesk> {
  const { options, engine, light, source, produces, halt } = parts
  // The key that this node tells its light clients: of the operator, of the network that was trusted, or that of the live network.
  const { alertKey } = source.anchors()
  const alerts = await AlertDesk.open({
    engine,
    store,
    role: produces ? 'prover' : 'light',
    ...(alertKey === undefined ? {} : { alertKey: new Uint8Array(Buffer.from(alertKey, 'hex')) }),
    onAlert: (alert) => {
      options.onEvent({ event: 'alert', ...alert })
      if (alert.halt) halt()
    },
    onServed: (alert) => light.alerts.offer(alert),
  })
  if (alerts.halted && options.overrideAlert) await alerts.override()
  if (alerts.halted) {
    const message = 'an alert has halted this node: no frames are made. --override-alert goes on'
    options.onEvent({ event: 'notice', message })
    halt()
  }
  return alerts
}
