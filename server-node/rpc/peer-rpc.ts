/** The peer listener with its services: what a node offers other nodes. */

import { HypergraphComparisonService } from '@petal/core/gen/node/application_service_pb.js'
import { FerretProxy } from '@petal/core/gen/node/ferret_service_pb.js'
import { DispatchService, MixnetService, OnionService } from '@petal/core/gen/node/global_service_pb.js'
import { ConnectivityService, DataIPCService } from '@petal/core/gen/node/node_service_pb.js'
import { PubSubProxy } from '@petal/core/gen/node/proxy_service_pb.js'
import { type Ed448Signer, type Identity, IdentityError, type IdentityVerifier } from '@petal/core/identity/index.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { StateError } from '@petal/core/platform/state.ts'
import { RegistryAddresses } from '@petal/core/registry/index.ts'
import type { StreamLimits } from '@petal/core/sync/index.ts'
import type { FrameSource } from '../chain/source.ts'
import type { KeyRegistryBook } from '../peers/key-registry-book.ts'
import type { NodeState } from '../state/node-state.ts'
import { shardKeys } from '../state/shard-keys.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts'
import { type PeerServer, type PeerServerEvent, rpcRates, startPeerServer } from './peer-server.ts'
import type { PeerPort } from './policy.ts'
import { type ProverLookup, registryLookup } from './provers.ts'
import { appShardService, type GlobalContent, globalService } from './services/global.ts'
import { keyRegistryService } from './services/key-registry.ts'
import { declared, type ServedService, waitsFor } from './services/served.ts'
import { SyncService } from './services/sync.ts'

export type PeerRpcEngine = Ed448Signer & IdentityVerifier & Pick<FullEngine, 'blsVerifyPossession'>

/** What is asked of the state. */
export type ServedState = Pick<NodeState, 'generation' | 'get' | 'trees'>

export interface PeerRpcOptions {
  readonly identity: Identity
  readonly engine: PeerRpcEngine
  /** IP address to listen on, and its port; 0 = any free one. */
  readonly host: string
  readonly port: number
  readonly source: FrameSource
  readonly registries: KeyRegistryBook
  /** Absent where no state is kept: what needs state is not served then, and nobody is a prover. */
  readonly state?: ServedState
  /** Default: a master. */
  readonly kind?: PeerPort
  /** Filter of a worker's shard. */
  readonly shard?: Uint8Array
  /** Who is a prover; default: by key registries and the registry in the state. */
  readonly isProver?: ProverLookup
  readonly submit?: GlobalContent['submit']
  readonly onMessage?: GlobalContent['onMessage']
  readonly workers?: GlobalContent['workers']
  readonly limits?: Partial<RpcLimits>
  readonly streams?: Partial<StreamLimits>
  readonly onEvent?: (event: PeerServerEvent) => void
}

const DOCUMENTS: ReadonlySet<string> = new Set(['/quilibrium.node.global.pb.GlobalService/SubmitGlobalMessage'])

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startPeerRpc(options: PeerRpcOptions): Promise<PeerServer> {
  const { identity, engine, host, port, shard, state, onEvent = () => undefined } = options
  if (options.kind === 'worker' && shard === undefined)
    throw new IdentityError('range', 'a worker listener needs the filter of its shard')
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits }
  const rates = rpcRates(limits)
  const services = servicesOf(options, rates)
  return startPeerServer({
    identity,
    engine,
    host,
    port,
    kind: options.kind ?? 'master',
    ...(shard === undefined ? {} : { shard }),
    isProver: options.isProver ?? proversIn(options, state),
    limits,
    rates,
    routes: (router) => {
      for (const service of services) service.register(router)
    },
    waitsFor: waitsFor(services),
    isDocument: (path) => DOCUMENTS.has(path),
    onEvent,
  })
}

function servicesOf(options: PeerRpcOptions, rates: ReturnType<typeof rpcRates>): readonly ServedService[] {
  const { source, registries, engine, state, streams, submit, onMessage, workers = () => [], onEvent } = options
  const content: GlobalContent = {
    source,
    workers,
    ...(state === undefined ? {} : { state, shardKeys: () => shardKeys(state) }),
    ...(submit === undefined ? {} : { submit }),
    ...(onMessage === undefined ? {} : { onMessage }),
  }
  const sync =
    state === undefined
      ? declared(HypergraphComparisonService)
      : new SyncService({
          state,
          rates,
          ...(streams === undefined ? {} : { streams }),
          onFault: (error) => onEvent?.({ event: 'fault', error }),
        })
  return [
    globalService(content),
    appShardService(),
    sync,
    keyRegistryService({ book: registries, engine }),
    ...[
      OnionService,
      MixnetService,
      DispatchService,
      PubSubProxy,
      DataIPCService,
      FerretProxy,
      ConnectivityService,
    ].map(declared),
  ]
}

function proversIn({ engine, source, registries }: PeerRpcOptions, state: ServedState | undefined): ProverLookup {
  if (state === undefined) return async () => false
  const lookup = registryLookup({
    state,
    addresses: new RegistryAddresses((message) => engine.poseidonHashBytes(message)),
    frame: () => source.head().number,
    proverOf: (peerId) => registries.proverOf(peerId),
  })
  return async (question) => {
    try {
      return await lookup(question)
    } catch (error) {
      // A state that cannot answer makes nobody a prover.
      if (error instanceof StateError) return false
      throw error
    }
  }
}
